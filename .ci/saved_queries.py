"""Writes the questions and views of glue_configs/athena into the catalog's template, as saved queries.

Run it after a change of a question, a view or a macro: `.venv/bin/python .ci/saved_queries.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from assay.serving.queries import saved

TEMPLATE = Path(__file__).parents[1] / "glue_configs/stacks/catalog.yaml"
BEGIN = "  # The texts are those of glue_configs/athena"
END = "\nOutputs:\n"


def main() -> None:
    """Replace the part of the template between its marks."""
    before, _, rest = TEMPLATE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    written = [_resource(each, each.name, "Query", each.sql) for each in saved.questions().values()]
    written += [
        _resource(each, f"view-{each.name}", "View", saved.creating(each)) for each in saved.views().values()
    ]
    comment = f"{BEGIN}, written out by .ci/saved_queries.py; a test keeps both equal.\n"
    TEMPLATE.write_text(before + comment + "".join(written) + END + after, encoding="utf-8")


def _resource(each: saved.Saved, name: str, kind: str, sql: str) -> str:
    title = "".join(part.capitalize() for part in each.name.split("_"))
    body = "".join(f"        {line}" if line.strip() else line for line in sql.splitlines(keepends=True))
    return (
        f"  {title}{kind}:\n"
        f"    Type: AWS::Athena::NamedQuery\n"
        f"    Properties:\n"
        f'      Name: !Sub "${{Name}}-{name}"\n'
        f"      Description: {json.dumps(each.question)}\n"
        f"      WorkGroup: !Ref Workgroup\n"
        f"      Database: gold\n"
        f"      QueryString: |\n{body}"
    )


if __name__ == "__main__":
    main()
