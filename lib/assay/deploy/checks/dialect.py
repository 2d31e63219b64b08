"""The template as a text: what CloudFormation's reader of YAML refuses, and PyYAML does not.

References:
    AWS CloudFormation user guide, "Template formats": no aliases, no merged keys (the reader refuses these).
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from assay.deploy.checks.registry import Finding, whole
from assay.deploy.offline import Deployment, Planned
from assay.errors import InputError


@whole("dialect", "every template is YAML that CloudFormation takes", "templates")
def dialect(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """Reading and resolving them found unknown functions, references and keys that stand twice already."""
    return len(deployment.planned), (
        Finding("dialect", planned.stack.short, sentence)
        for planned in deployment.planned
        for sentence in _refused(planned)
    )


def _refused(planned: Planned) -> Iterator[str]:
    text = planned.stack.path.read_text(encoding="utf-8")
    for token in yaml.scan(text):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AliasToken):
            yield f"line {line} has the alias *{token.value}, which CloudFormation refuses; write it out"
    try:
        _ = planned.stack.body
    except InputError as error:
        yield error.message
