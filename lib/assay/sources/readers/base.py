"""What readers have in common: parts that are read one by one, records, and how a failure is told."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from assay.errors import InputError
from assay.spec.source import Base

Record = Mapping[str, Any]


@dataclass(slots=True)
class Asked:
    """What a source is read with, and what that took.

    Attributes:
        secret: The source's secret; empty where it has none.
        landing: Name of the landing bucket.
        week: Monday of the week that is worked on; None where none is.
        as_of: End of that week, exclusive: a source that is asked by time is asked for what was before.
        requests: Requests that were sent, attempts after failures among them.
        again: Those that repeated one that had failed.
    """

    secret: Mapping[str, Any]
    landing: str = ""
    week: date | None = None
    as_of: date | None = None
    requests: int = 0
    again: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, again: bool = False) -> None:
        """One more request; threads that read side by side share this."""
        with self._lock:
            self.requests += 1
            self.again += again

    def values(self, source: Base) -> dict[str, object]:
        """Placeholder → what it stands for, where it is the same for all parts."""
        today = datetime.now(UTC).date()
        return {"source": source.name, "week": self.week or today, "as_of": self.as_of or today}

    def of_secret(self, source: Base, *names: str) -> list[str]:
        """Texts of the secret.

        Raises:
            InputError: One of them is not there. What is there is never shown.
        """
        for name in names:
            if not isinstance(self.secret.get(name), str) or not self.secret[name]:
                raise InputError(
                    f"source {source.name}: secret {source.secret} has no text {name!r}; put it there"
                )
        return [self.secret[name] for name in names]


@dataclass(frozen=True, slots=True)
class Part:
    """What is read by itself, with a state of its own.

    Attributes:
        name: Names it in the state: a value of `each`, a file's address; empty where there is only one part.
        values: For placeholders: the value of `each`, the source's name.
        mark: What the state becomes once the part is read, where that is known before: of a file what tells
            its version.
    """

    name: str
    values: Mapping[str, object]
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that came together.

    Attributes:
        origin: Where from, as an address without secrets.
        records: Field → value, in order.
    """

    origin: str
    records: list[Record]


class Reader(ABC):
    """Reads one source."""

    @abstractmethod
    def parts(self, seen: Mapping[str, str]) -> list[Part]:
        """What there is to read.

        Args:
            seen: State of each part that was read before.

        Raises:
            AssayError: The source does not say.
        """

    @abstractmethod
    def read(self, part: Part, since: str | None) -> Iterator[Batch]:
        """The records of a part.

        Args:
            part: One of `parts`.
            since: Value of the source's `since` column to begin with, inclusive; None for everything.

        Raises:
            TransientError: The source did not answer; asking again may help.
            TerminalError: What came is not what was declared.
        """

    def get(self, record: Record, place: str) -> tuple[bool, Any]:
        """A value of a record.

        Args:
            record: The record.
            place: Where, as `columns` of the source says it.

        Returns:
            Whether the record has it, and its value.
        """
        return place in record, record.get(place)

    def close(self) -> None:  # noqa: B027 not every reader opens something
        """Give back what was opened."""
