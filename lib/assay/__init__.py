"""Assay: a lakehouse for experiments whose statistics are held to account."""

from __future__ import annotations

__version__ = "0.1.0"
