"""No secret in any template: whoever sees a stack sees its defaults, parameters and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assay.deploy.checks.registry import Finding, whole
from assay.deploy.offline import Deployment, Planned

_LOOKS_SECRET = (
    ("an access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a password in an address", re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@{]+@")),
    ("a token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,})")),
)
_NAMES_SECRET = re.compile(
    r"(?i)(password|passwd|secret_?key|secretstring$|api_?key|auth_?token|access_?key)"
)
# What only points at a secret, or says that AWS is to make one.
_POINTERS = re.compile(r"(?i)(\{\{resolve:|^arn:|^true$|^false$|^$|^!?ref$)")


@whole("no secrets", "no value is a secret", "values")
def no_secrets(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """Looks at every text of every template as written, and at every parameter that is given."""
    found = [(planned, path, text) for planned in deployment.planned for path, text in _texts(planned)]
    return len(found), (
        Finding("no secrets", planned.stack.short, f"{path} looks like {what}; store it in Secrets Manager")
        for planned, path, text in found
        if (what := _what(path, text))
    )


def _texts(planned: Planned) -> Iterator[tuple[str, str]]:
    document = planned.stack.document
    for part in ("Parameters", "Mappings", "Resources", "Outputs", "Metadata"):
        yield from _walk(part, document.get(part, {}))
    for name, value in planned.stack.parameters.items():
        yield f"--set {name}", value


def _what(path: str, text: str) -> str | None:
    for what, pattern in _LOOKS_SECRET:
        if pattern.search(text):
            return what
    last = path.rsplit(".", 1)[-1]
    # A parameter's own name says what its default is.
    owner = path.split(".")[1] if last == "Default" or (path.startswith("--set ") and "." in path) else last
    named = owner.removeprefix("--set ") if path.startswith("--set ") else owner
    if _NAMES_SECRET.search(named) and not _POINTERS.search(text) and not _is_name(text):
        return f"the value of {named}"
    return None


def _is_name(text: str) -> bool:
    """Whether a text is the name of a secret, not its value: it has the form `name/part`."""
    return bool(re.fullmatch(r"[\w${}:.-]+(/[\w${}:.-]+)+", text))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            # A function's value is not written here: `!Ref`, `!ImportValue` and their like point elsewhere.
            if key in {"Ref", "Fn::GetAtt", "Fn::ImportValue"}:
                continue
            yield from _walk(path if key in {"Fn::Sub", "Fn::Join"} else f"{path}.{key}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(path, inner)
