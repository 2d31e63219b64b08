"""What others post as it happens (webhooks): files in the landing bucket that a source of kind `files` reads.

`dropped/<name>/<time>-<hash>.json`: names sort by time, so that of two posts about one row the later counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assay.errors import InputError
from assay.runtime import objects

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Drop:
    """Where posts are kept.

    Attributes:
        bucket: The landing bucket.
        now: The clock, UTC.
    """

    bucket: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def keep(self, name: str, records: list[dict[str, Any]]) -> str:
        """Keep records as one file.

        Args:
            name: Whose they are: the folder that a source's `at` names.
            records: One or more objects.

        Returns:
            The key.

        Raises:
            InputError: There is no record, or one holds what JSON does not have.
            TransientError: S3 did not answer.
        """
        if not records:
            raise InputError("the request holds no record; send an object, or a list of one or more")
        try:
            body = json.dumps(records, ensure_ascii=False, allow_nan=False).encode()
        except ValueError as error:
            raise InputError(f"the request is no JSON that can be kept: {error}; correct it") from error
        digest = hashlib.sha256(body).hexdigest()[:_DIGITS]
        key = f"dropped/{name}/{self.now():%Y%m%dT%H%M%S.%f}-{digest}.json"
        objects.put_new(self.bucket, key, body, content_type="application/json")
        return key
