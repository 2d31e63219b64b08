"""Which stacks make an installation, in which order, and with which parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay import configs
from assay.errors import InputError, did_you_mean
from assay.stacks import template_yaml

ORDER = ("foundation", "network", "database", "capture", "serving", "jobs", "workflow", "catalog")
OPTIONAL = ("dashboard", "airflow")
FOLDER = "glue_configs/stacks"
NAME = "assay"
# With account and region behind it, a longer one would not leave a bucket's name its 63 characters.
_NAME = re.compile(r"[a-z][a-z0-9-]{1,24}")
# A larger template must come from a bucket, which the first stack has yet to make.
_MOST_BYTES = 51_200


@dataclass(frozen=True, slots=True)
class Target:
    """What the user wants deployed.

    Attributes:
        name: Name of the installation; every physical name begins with it.
        extras: Optional stacks that are wanted.
        only: The one stack to look at; None for all.
        given: Parameters as typed: `Stack.Parameter=Value` or `Parameter=Value`.
        folder: Where the templates are.
    """

    name: str = NAME
    extras: tuple[str, ...] = ()
    only: str | None = None
    given: tuple[str, ...] = ()
    folder: Path = field(default_factory=lambda: configs.path(FOLDER))

    def __post_init__(self) -> None:
        """Refuse a name that AWS would refuse, and stacks that do not exist."""
        if not _NAME.fullmatch(self.name):
            raise InputError(f"--name is {self.name!r}; it must match {_NAME.pattern}")
        for extra in self.extras:
            if extra not in OPTIONAL:
                raise InputError(f"--with is {extra!r}; {did_you_mean(extra, OPTIONAL)}")
        if self.only is not None and self.only not in (*ORDER, *self.extras):
            hint = f"add --with {self.only}" if self.only in OPTIONAL else did_you_mean(self.only, ORDER)
            raise InputError(f"--only is {self.only!r}; {hint}")

    @property
    def shorts(self) -> tuple[str, ...]:
        """The stacks of the installation, in order, by their short names."""
        return (*ORDER, *(extra for extra in OPTIONAL if extra in self.extras))


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is to be.

    Attributes:
        short: Its name in the order, for example `"jobs"`.
        name: Its name in AWS, for example `"assay-jobs"`.
        path: Its template.
        document: The template, as plain mappings and lists.
        parameters: The parameters that are given; the others take their default.
    """

    short: str
    name: str
    path: Path
    document: Mapping[str, Any]
    parameters: Mapping[str, str]

    @property
    def installation(self) -> str:
        """Name of the installation that it belongs to."""
        return self.name.removesuffix(f"-{self.short}")

    @property
    def body(self) -> str:
        """The template as it is sent: as written, or without comments and spaces when that is too large.

        Raises:
            InputError: It is too large even so.
        """
        text = self.path.read_text(encoding="utf-8")
        if len(text.encode()) > _MOST_BYTES:
            text = json.dumps(self.document, separators=(",", ":"), ensure_ascii=False)
        size = len(text.encode())
        if size > _MOST_BYTES:
            raise InputError(
                f"{self.path.name} has {size:,} bytes, CloudFormation takes {_MOST_BYTES:,}; split it"
            )
        return text

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the user must agree to: named roles, and what a transform adds, when the template has any."""
        kinds = {str(body["Type"]) for body in self.document["Resources"].values()}
        needs = {
            "CAPABILITY_NAMED_IAM": any(kind.startswith("AWS::IAM::") for kind in kinds),
            "CAPABILITY_AUTO_EXPAND": "Transform" in self.document,
        }
        return tuple(name for name, needed in needs.items() if needed)

    @property
    def missing(self) -> tuple[str, ...]:
        """Parameters that have neither a value nor a default."""
        declared = self.document.get("Parameters", {})
        return tuple(n for n, body in declared.items() if n not in self.parameters and "Default" not in body)


def read(target: Target, *, release: str = "") -> tuple[Stack, ...]:
    """The stacks of an installation, in the order in which one needs the exports of another.

    Args:
        target: What is wanted.
        release: Prefix of the release in the artifacts bucket, with its slash; empty for none.

    Raises:
        InputError: A template is missing or no template; a parameter is none of any stack.
    """
    documents = {short: template_yaml.read(target.folder / f"{short}.yaml") for short in target.shorts}
    given = _given(target.given, documents)
    common = {"Name": target.name, "Release": release}
    stacks = []
    for short, document in documents.items():
        declared = document.get("Parameters", {})
        mine = {name: value for name, value in common.items() if name in declared} | given[short]
        path = target.folder / f"{short}.yaml"
        stacks.append(Stack(short, f"{target.name}-{short}", path, document, mine))
    return tuple(stacks)


def chosen(target: Target, stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """The stacks that the user named with `--only`, or all."""
    return tuple(stack for stack in stacks if target.only in {None, stack.short})


def _given(texts: Sequence[str], documents: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Stack → its parameters that were typed."""
    found: dict[str, dict[str, str]] = {short: {} for short in documents}
    for text in texts:
        name, equals, value = text.partition("=")
        short, dot, parameter = name.rpartition(".")
        if not equals or not parameter or (dot and short not in documents):
            form = "Stack.Parameter=Value or Parameter=Value"
            raise InputError(f"--set is {text!r}; it must be {form}, Stack one of {', '.join(documents)}")
        among = [short] if dot else list(documents)
        takers = [each for each in among if parameter in documents[each].get("Parameters", {})]
        if not takers:
            known = {n for each in among for n in documents[each].get("Parameters", {})}
            raise InputError(
                f"--set is {text!r}; no parameter {parameter!r}: {did_you_mean(parameter, known)}"
            )
        for taker in takers:
            found[taker][parameter] = value
    return found
