"""A stored document as bronze can hold it: text that every reader of JSON reads alike.

JSON leaves open what a key given twice means, and its parsers differ on `NaN` and on how deep they follow. A
document with such a thing enters bronze beside its column, and silver sets it aside. What is plainly no JSON
enters as it came: no reader takes that for something else.
"""

from __future__ import annotations

import base64
import json

from assay.medallion.fitting import NO_TEXT


class _AmbiguousError(ValueError):
    """What parsers of JSON read differently."""


def judged(body: bytes) -> tuple[str | None, str | None]:
    """The text of a document, or why it has none.

    Args:
        body: Its bytes.

    Returns:
        Text and None; or None and what is wrong, as the end of "document ...".
    """
    try:
        text = body.decode("utf-8")
        envelope = _parsed(text)
        if isinstance(envelope, dict) and isinstance(envelope.get("document"), str):
            _parsed(envelope["document"])
    except UnicodeDecodeError as error:
        return None, f"is no UTF-8 at byte {error.start}"
    except RecursionError:
        return None, "is nested too deep"
    except _AmbiguousError as error:
        return None, str(error)
    return text, None


def kept(body: bytes) -> str:
    """What `_extra` holds of a document that its column cannot hold."""
    return json.dumps({"document": NO_TEXT + base64.b64encode(body).decode()})


def _parsed(text: str) -> object:
    """The document; None if it is no JSON at all."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except _AmbiguousError:
        raise
    except ValueError:  # also an integer of more than 4,300 digits
        return None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _AmbiguousError("gives a key twice")
    return mapping


def _refuse_constant(name: str) -> object:
    raise _AmbiguousError(f"holds {name}, which is no JSON")
