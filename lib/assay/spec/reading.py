"""YAML without its traps: nothing is guessed, and nothing is lost.

YAML 1.1 reads `NO` as false, `1e-3` as text, `12:30` as 750 and `2026-01-05` as an object; and the second of
two equal keys wins silently. Here scalars follow the core schema of YAML 1.2, and a key given twice is an
error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path

import yaml

from assay.errors import InputError

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BOOLEAN = re.compile(r"^(?:true|false)$")
_NULL = re.compile(r"^(?:null|~|)$")
_INTEGER = re.compile(r"^[-+]?[0-9]+$")
_NUMBER = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")


class _Loader(yaml.SafeLoader):  # in Python: strangers send blueprints, see `assay.libyaml`
    """PyYAML's safe loader with the scalars of YAML 1.2 and without duplicate keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # PyYAML refuses it below, with its place
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _construct_integer(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _construct_number(_: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(node.value)


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", _BOOLEAN, list("tf")),
    ("tag:yaml.org,2002:null", _NULL, ["n", "~", ""]),
    ("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789")),
    ("tag:yaml.org,2002:float", _NUMBER, list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_number)


def text(path: Path) -> str:
    """The content of a file.

    Raises:
        InputError: It is missing, a folder, not readable or not UTF-8; the sentence names the remedy.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give the path of a YAML file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: this is a folder; give the path of a YAML file in it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def read(document: str, source: str) -> dict[str, object]:
    """Parse a YAML (or JSON) document that holds one mapping.

    Args:
        document: The text.
        source: What to call it in messages.

    Returns:
        Mappings as dict with text keys, lists, str, int, float, bool and None; dates stay text.

    Raises:
        InputError: Not YAML, a duplicate key, or not a mapping.
    """
    tree = _tree(document, source)
    _refuse_unstorable(tree, source)
    if not isinstance(tree, dict):
        kind = "is empty" if tree is None else f"holds a {type(tree).__name__}"
        raise InputError(
            f"{source}: the document {kind}; it must be a mapping of fields, such as 'name: shop'"
        )
    return {str(key): value for key, value in tree.items()}


def _tree(document: str, source: str) -> object:
    if document.lstrip().startswith("{"):
        try:  # JSON is not quite a subset of YAML; its own parser knows every number it can write
            return json.loads(document, object_pairs_hook=_unique)
        except json.JSONDecodeError:
            pass  # a flow mapping of YAML, or broken in both languages
        except RecursionError:
            raise InputError(f"{source}: nested too deep; no blueprint needs that") from None
        except InputError as error:
            raise InputError(f"{source}: {error.message}") from None
        except ValueError as error:  # a number of 5,000 digits
            raise InputError(f"{source}: not readable as JSON: {error}; no blueprint needs that") from None
    try:
        return yaml.load(document, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        raise InputError(f"{source}, {_place(error)}: {_reason(error)}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{source}: not readable as YAML: {_flat(error)}; remove what is not text") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a list in 1,000 lists
        raise InputError(f"{source}: not readable as YAML: {error}; no blueprint needs that") from None


def _refuse_unstorable(tree: object, source: str) -> None:
    """Refuse what JSON can write and neither PostgreSQL nor UTF-8 can hold."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += [*node.keys(), *node.values()]
        elif isinstance(node, list):
            waiting += node
        elif isinstance(node, str) and (bad := _UNSTORABLE.search(node)):
            shown = node[:40].encode("ascii", "backslashreplace").decode()
            raise InputError(
                f"{source}: the text '{shown}' holds U+{ord(bad[0]):04X}, which no database stores; remove it"
            )


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"the key {twice!r} is given twice; remove one")
    return mapping


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return "somewhere" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"


def _reason(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, yaml.constructor.ConstructorError) and "given twice" in str(error.problem):
        return f"{error.problem}; remove one"
    context = f" {error.context}" if error.context else ""
    return f"not readable as YAML:{context} {error.problem}; check indentation, quotes and brackets there"
