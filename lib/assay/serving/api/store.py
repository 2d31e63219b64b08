"""Versions of a blueprint's document as objects: `parameters/<name>/v000001.json`, never overwritten.

A version is written on the condition that its object does not exist yet, so that two writers at once get two
numbers, and a document that equals the newest version gets no new one.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from assay.errors import TransientError
from assay.runtime import objects

_ATTEMPTS = 20
_TURN_SECONDS = 10.0
_turn = threading.Lock()
_newest: dict[tuple[str, str], int] = {}
"""Bucket and blueprint → number that this process last saw: what is listed begins there."""
_MOST = 999_999  # six digits: the names sort as the numbers do


@dataclass(frozen=True, slots=True)
class Registered:
    """One version of a blueprint's document.

    Attributes:
        blueprint: The blueprint's name.
        number: 1 for the first version.
        version: The document's own version, a hash of it.
        document: The blueprint as canonical JSON.
        registered_at: UTC, ISO 8601.
    """

    blueprint: str
    number: int
    version: str
    document: str
    registered_at: str


@dataclass(frozen=True, slots=True)
class Store:
    """The versions in a bucket.

    Attributes:
        bucket: The landing bucket.
        now: The clock, UTC.
    """

    bucket: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def register(
        self, blueprint: str, version: str, document: str, *, until: float = math.inf
    ) -> tuple[Registered, bool]:
        """Store a document unless it is the newest version already.

        Args:
            blueprint: The blueprint's name.
            version: The document's version.
            document: Canonical JSON.
            until: Monotonic time after which nothing is written: the caller was told to try again, and would
                find a version that nobody told it of.

        Returns:
            The version, and whether it is new.

        Raises:
            TransientError: S3 did not answer, or other writers won every number that was tried.
            AssayError: S3 refused.
        """
        for _ in range(_ATTEMPTS):
            with _taking_turns(blueprint):
                newest = self.newest(blueprint)
                if newest is not None and newest.document == document:
                    return newest, False
                number = 1 if newest is None else newest.number + 1
                at = self.now().isoformat(timespec="microseconds")
                new = Registered(blueprint, number, version, document, at)
                body = json.dumps(asdict(new), sort_keys=True).encode()
                key = _key(blueprint, number)
                if time.monotonic() > until:
                    break
                if objects.put_new(self.bucket, key, body, content_type="application/json"):
                    return new, True
        raise TransientError(
            f"others wrote blueprint {blueprint} for too long, or {_ATTEMPTS} times; try again"
        )

    def newest(self, blueprint: str) -> Registered | None:
        """The version with the highest number; None if there is none."""
        prefix, place = f"parameters/{blueprint}/v", (self.bucket, blueprint)
        after = _key(blueprint, _newest[place] - 1) if _newest.get(place, 0) > 1 else ""
        # What this process saw last may have been deleted since.
        key = objects.newest(self.bucket, prefix, after=after) or objects.newest(self.bucket, prefix)
        if key is None:
            return None
        found = self._read(key)
        _newest[place] = found.number
        return found

    def get(self, blueprint: str, number: int) -> Registered | None:
        """One version; None if there is none of that number."""
        if not 1 <= number <= _MOST:
            return None
        key = _key(blueprint, number)
        # Of a missing object S3 may say "forbidden" to whoever may list under a prefix only: so this lists.
        return self._read(key) if objects.newest(self.bucket, key) == key else None

    def _read(self, key: str) -> Registered:
        return Registered(**json.loads(objects.read_text(f"s3://{self.bucket}/{key}")))


@contextlib.contextmanager
def _taking_turns(blueprint: str) -> Iterator[None]:
    """One writer of this process at a time: they would lose numbers to each other, and all but one in vain.

    Who waits too long gives up, so that nobody writes for a caller who has long been told to try again.
    """
    if not _turn.acquire(timeout=_TURN_SECONDS):
        raise TransientError(f"others wrote for {_TURN_SECONDS:g} s; blueprint {blueprint} had no turn")
    try:
        yield
    finally:
        _turn.release()


def _key(blueprint: str, number: int) -> str:
    return f"parameters/{blueprint}/v{number:06d}.json"
