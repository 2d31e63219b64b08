"""Where a template says why it departs from a rule: at the resource, so that the reason cannot get lost."""

from __future__ import annotations

from assay.deploy.offline import Resource


def reason(resource: Resource) -> str:
    """The reason that a resource's metadata give, in words.

    `Metadata: {Assay: {Reason: ...}}`, or the comment of a suppression of checkov; empty without one.
    """
    own = resource.metadata.get("Assay", {}).get("Reason", "")
    skipped = resource.metadata.get("checkov", {}).get("skip", [])
    comments = [str(skip.get("comment", "")) for skip in skipped]
    return " ".join(filter(None, [str(own), *comments])).strip()
