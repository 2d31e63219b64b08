"""Where a template says why it departs from a rule: at the place itself, so that no reason gets lost."""

from __future__ import annotations

import re

from assay.deploy.offline import Planned, Resource


def reason(resource: Resource) -> str:
    """The reason that a resource's metadata give: `Metadata: {Assay: {Reason: ...}}`; empty without one."""
    return str(resource.metadata.get("Assay", {}).get("Reason", "")).strip()


def comment(planned: Planned, resource: Resource, sid: str) -> str:
    """The comment directly above a statement of a policy; empty without one.

    Args:
        planned: The stack, whose template is read as a text: a parsed one has lost its comments.
        resource: The resource whose policy it is.
        sid: The statement's id.
    """
    text = planned.stack.path.read_text(encoding="utf-8")
    block = re.search(
        rf"^  {re.escape(resource.logical_id)}:$(.*?)(?=^ {{0,2}}\S|\Z)", text, re.MULTILINE | re.DOTALL
    )
    found = re.search(rf"#([^\n]*)\n\s*- Sid: {re.escape(sid)}$", block[1] if block else "", re.MULTILINE)
    return found[1].strip() if found else ""
