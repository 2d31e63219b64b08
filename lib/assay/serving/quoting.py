"""Texts as SQL writes them, for engines that bind no values."""

from __future__ import annotations


def quoted(text: str) -> str:
    """A text as SQL writes it.

    Example:
        >>> quoted("d'Arc")
        "'d''Arc'"
    """
    return "'" + text.replace("'", "''") + "'"
