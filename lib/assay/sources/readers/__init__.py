"""How each kind of source is read: its parts (a value of `each`, a file), and the records of a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from assay.sources.readers.base import Asked, Batch, Part, Reader
from assay.spec import source as spec

__all__ = ["Asked", "Batch", "Part", "Reader", "reader"]


def reader(source: spec.Source, asked: Asked) -> Reader:
    """The reader of a source.

    Args:
        source: As declared.
        asked: What it is read with.

    Raises:
        InputError: The secret lacks what the source needs.
    """
    return _READERS[source.kind](source, asked)


def _rest(source: spec.Rest, asked: Asked) -> Reader:
    from assay.sources.readers.rest import RestReader

    return RestReader(source, asked)


def _html(source: spec.Html, asked: Asked) -> Reader:
    from assay.sources.readers.html import HtmlReader

    return HtmlReader(source, asked)


def _sql(source: spec.Sql, asked: Asked) -> Reader:
    from assay.sources.readers.sql import SqlReader

    return SqlReader(source, asked)


def _files(source: spec.Files, asked: Asked) -> Reader:
    from assay.sources.readers.files import FilesReader

    return FilesReader(source, asked)


# Each kind brings libraries of its own: they are imported where one is read.
_READERS: Mapping[str, Callable[..., Reader]] = MappingProxyType(
    {"rest": _rest, "html": _html, "sql": _sql, "files": _files}
)
