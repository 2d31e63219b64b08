"""Tokens: who may read, where no AWS stands before the API. A file knows the hash of each, and no token.

A token has 256 random bits, so that a plain hash of it tells nobody what it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from assay.errors import InputError, TerminalError, did_you_mean

VARIABLE = "ASSAY_API_TOKENS"
"""Names the file; without it no token is good."""
PREFIX = "assay_"
"""How tokens begin, so that scanners for secrets know one."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_BYTES = 32


def make(file: Path, name: str) -> str:
    """Make a token; one of the same name is good no more.

    Args:
        file: Where tokens are known.
        name: Whose it is.

    Returns:
        The token, which nothing keeps.

    Raises:
        InputError: The name is none.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"NAME is {name[:80]!r}; it must be lower-case letters, digits and '-', such as 'ci'"
        )
    token = PREFIX + secrets.token_urlsafe(_BYTES)
    made = {"sha256": _hash(token), "made_at": datetime.now(UTC).isoformat(timespec="seconds")}
    _write(file, {**_read(file), name: made})
    return token


def revoke(file: Path, name: str) -> None:
    """Let a token be good no more.

    Args:
        file: Where tokens are known.
        name: Whose it is.

    Raises:
        InputError: Nobody of that name has one.
    """
    known = dict(_read(file))
    if name not in known:
        hint = did_you_mean(name, known) if known else "there is none yet"
        raise InputError(f"NAME is {name[:80]!r}; no token has that name; {hint}")
    del known[name]
    _write(file, known)


def names(file: Path) -> dict[str, str]:
    """Whose tokens are good → when each was made, UTC, ISO 8601; sorted."""
    return {name: made["made_at"] for name, made in sorted(_read(file).items())}


def holder(token: str) -> str | None:
    """Whose a token is; None if it is nobody's.

    Args:
        token: As it was shown.

    Raises:
        TerminalError: The file of tokens cannot be read.
    """
    file = os.environ.get(VARIABLE)
    if not file:
        return None
    shown = _hash(token)  # hashes are compared, whose digits tell nothing of the token
    return next((name for name, made in _read(Path(file)).items() if made["sha256"] == shown), None)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read(file: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        found: Mapping[str, Mapping[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TerminalError(f"{file}: the file of tokens cannot be read ({error}); delete it") from error
    return found


def _write(file: Path, tokens: Mapping[str, Mapping[str, str]]) -> None:
    """Replace the file as a whole, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(json.dumps(tokens, indent=1, sort_keys=True) + "\n")
        Path(scratch).replace(file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(scratch).unlink()
        raise
