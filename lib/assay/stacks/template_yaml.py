"""CloudFormation's dialect of YAML: short tags such as `!Ref`, dates as text, duplicate keys refused.

PyYAML's safe loader alone keeps the last of two equal keys without a word, turns the version `2012-10-17`
into a date, and does not know the tags.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from assay.errors import InputError
from assay.libyaml import SafeLoader

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
# Ref and Condition are the two functions whose long form has no "Fn::".
_PLAIN = frozenset({"Ref", "Condition"})


class _Loader(SafeLoader):
    """The safe loader of CloudFormation's dialect."""

    yaml_implicit_resolvers = {  # noqa: RUF012 the base class declares it as an instance attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping; two equal keys are an error."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    problem = f"duplicate key {key!r}"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    """A short tag as its long form: `!Sub x` is `{"Fn::Sub": x}`."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in _PLAIN else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


def read(path: Path) -> dict[str, Any]:
    """A template as plain mappings and lists, with functions in their long form.

    Args:
        path: A CloudFormation template in YAML.

    Raises:
        InputError: The file cannot be read, is no YAML, has a key twice, or is no template.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a CloudFormation template") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: {error}; a template is a YAML text in UTF-8") from error
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 a safe loader builds plain values only
    except yaml.MarkedYAMLError as error:
        last = len(text.splitlines())  # libyaml places what is missing in the end one line after it
        line = f", line {min(error.problem_mark.line + 1, last)}" if error.problem_mark else ""
        raise InputError(f"{path}{line}: {error.problem}; correct the template") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: {error}; a template is a YAML text in UTF-8") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise InputError(f"{path}: no 'Resources'; a CloudFormation template declares at least one resource")
    return document
