"""Writes docs/architecture.svg: `make docs`.

What changes stands in no drawing: jobs, and which starts after which, are the workflow template's; tables are
the contracts'; kinds of sources are the models'. A job that has no place in the drawing is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from assay import configs, stacks
from assay.lake.contracts import names
from assay.local.running import Stack
from assay.local.state import Home
from assay.spec.source import KINDS
from assay.stacks import chain, definition
from assay.stacks.definition import Definition

DRAWING = Path(__file__).with_suffix(".svg")
WIDTH, HEIGHT = 1180, 770
STORE, JOB, AWS, READER = "#fff4de", "#e6f4ea", "#e8f0fe", "#f3e8fd"
_LINE, _BLACK, _GREY = "#44546a", "#1b2430", "#566477"
_TITLE = f'font-size="14" font-weight="600" fill="{_BLACK}"'
_CAPTION = f'font-size="11.5" fill="{_GREY}"'
_PLACES = {
    "ingest": (190, 78, "draws a week,", "plants the truth"),
    "sources": (190, 215, "reads what is", "elsewhere"),
    "bronze": (20, 420, "takes in", "as it came"),
    "silver": (310, 420, "typed, unique,", "by contract"),
    "gold": (600, 420, "moments,", "results, marts"),
    "calibrate": (890, 420, "error rates,", "the gate"),
}
"""Job of the workflow → where it is drawn, and what it does."""
_TABLES = {"bronze": 136, "silver": 426, "gold": 716}
_READERS = ("Athena, queries", "API and client", "dashboard", "reports, exports")
_FOOT = """\
On one machine the same code runs against stand-ins: an emulator of S3, catalog, DynamoDB and secrets;
embedded PostgreSQL; a reader of its replication slot for DMS; a runner that reads the same CloudFormation.
"""


def svg() -> str:
    """The drawing."""
    found = workflow()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" role="img" aria-labelledby="t d">\n'
        '<title id="t">Assay\'s architecture</title>\n'
        f'<desc id="d">{escape(description(found))}</desc>\n'
        '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{_LINE}"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    )
    parts = (*_jobs(found), *_arriving(), *_layers(), *_readers(), *_strip(found), *_foot())
    return "\n".join((head, *parts, "</svg>")) + "\n"


def workflow() -> Definition:
    """The workflow that ships."""
    exports = Stack(Home(Path("unused")), {"api": 1}).exports()
    return definition.read(*chain.read([configs.path(each) for each in stacks.RUN], exports=exports))


def edges(found: Definition) -> list[tuple[str, str]]:
    """Job → job that waits for it, by their names without the workflow's."""
    return [
        (_short(found, condition.job), _short(found, action.job))
        for trigger in found.triggers
        for condition in trigger.conditions
        for action in trigger.actions
    ]


def description(found: Definition) -> str:
    """What the drawing shows, for those who do not see it."""
    order = "; ".join(f"{after} follows {before}" for before, after in edges(found))
    tables = " ".join(f"{layer}: {', '.join(listed)}." for layer, listed in tables_of().items())
    return (
        "The ingest job draws a blueprint's week into RDS PostgreSQL, the parameters API and the DynamoDB "
        f"journal; DMS carries RDS to S3 landing. The sources job lands what {', '.join(KINDS)} sources "
        f"bring. Glue jobs move data through Iceberg tables. {tables} Queries, API, dashboard and reports "
        f"read gold. In the Glue workflow {order}."
    )


def tables_of() -> Mapping[str, list[str]]:
    """Layer → its tables."""
    every = [name.partition(".") for name in names(configs.path("glue_configs/contracts"))]
    return {layer: [table for mine, _, table in every if mine == layer] for layer in _TABLES}


def _short(found: Definition, job: str) -> str:
    return job.removeprefix(f"{found.name}-")


def _jobs(found: Definition) -> Iterator[str]:
    for job in found.jobs:
        x, y, *captions = _PLACES[_short(found, job)]
        width = 120 if y < _PLACES["bronze"][1] else 92
        yield _box(int(x), int(y), width, 64, _short(found, job), captions, JOB)


def _arriving() -> Iterator[str]:
    shipped = sorted(each.stem for each in configs.path("glue_configs/sources").glob("*.yaml"))
    yield _box(20, 78, 130, 64, "blueprint", ("population, facts,", "metrics, experiments"), AWS)
    yield _box(20, 190, 130, 114, "elsewhere", (", ".join(KINDS), *shipped), AWS)
    yield _box(360, 20, 160, 50, "RDS PostgreSQL", ("one transaction a week",), AWS)
    yield _box(360, 85, 160, 50, "parameters API", ("FastAPI, conditional put",), AWS)
    yield _box(360, 150, 160, 50, "DynamoDB", ("journal of every step",), AWS)
    yield _box(570, 20, 120, 50, "DMS", ("full load + CDC",), JOB)
    landed = ("Parquet of change capture,", "versioned blueprints,", "what sources brought")
    yield _box(760, 20, 190, 250, "S3 landing", landed, STORE)
    for path in (
        "M150,110 H190", "M310,98 H335 V45 H360", "M310,110 H360", "M310,122 H335 V175 H360",
        "M520,45 H570", "M690,45 H760", "M520,110 H760", "M150,247 H190", "M310,247 H760",
        "M855,270 V325 H66 V420",
    ):  # fmt: skip
        yield _arrow(path)
    yield _arrow("M440,200 V340 H90 V420", dashed=True)


def _layers() -> Iterator[str]:
    for (layer, x), tables in zip(_TABLES.items(), tables_of().values(), strict=True):
        yield _box(x, 355, 150, 215, layer, tables, STORE)
        yield _arrow(f"M{x - 24},452 H{x}")
        if layer != "gold":
            yield _arrow(f"M{x + 150},452 H{x + 174}")
    yield _arrow("M866,442 H890")
    yield _arrow("M890,462 H866")
    told = "Iceberg tables: written to a branch, audited by contract, then published"
    yield _text(20, 590, f"{told}; what breaks its contract goes to silver.quarantine.")


def _readers() -> Iterator[str]:
    for number, reader in enumerate(_READERS):
        y = 355 + 56 * number
        yield _box(1010, y, 150, 44, reader, (), READER)
        yield _arrow(f"M866,530 H996 V{y + 22} H1010")


def _strip(found: Definition) -> Iterator[str]:
    """The jobs of the workflow by what each waits for, and those of none."""
    yield '<rect x="20" y="610" width="1140" height="100" rx="12" fill="none" stroke="#b6c2d1"/>'
    yield _text(32, 630, "Glue workflow: what starts when")
    places: dict[str, tuple[int, int]] = {}
    known = edges(found)
    for job in (_short(found, each) for each in found.jobs):
        before = [places[first][0] for first, then in known if then == job]
        column = 1 + max(before, default=-1)
        places[job] = column, sum(there == column for there, _ in places.values())
    spots = {job: (40 + 165 * column, 640 + 34 * row) for job, (column, row) in places.items()}
    for job, (x, y) in spots.items():
        yield _box(x, y, 110, 28, job, (), JOB)
    for first, then in known:
        (x, y), (to, at) = spots[first], spots[then]
        yield _arrow(f"M{x + 110},{y + 14} H{x + 138} V{at + 14} H{to}")
    for number, job in enumerate(found.other_jobs):
        yield _box(1020, 640 + 34 * number, 120, 28, _short(found, job), (), JOB)
    yield _text(1014, 690, "by schedules of its own")


def _foot() -> Iterator[str]:
    for number, line in enumerate(_FOOT.splitlines()):
        yield _text(20, 736 + 18 * number, line)


def _box(x: int, y: int, width: int, height: int, title: str, captions: Sequence[object], fill: str) -> str:
    top = y + (height - 15 * len(captions)) / 2 + 5 - (0 if not captions else 2)
    middle = x + width / 2
    look = f'rx="9" fill="{fill}" stroke="{_LINE}" stroke-width="1.2"'
    lines = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {look}/>']
    for number, text in enumerate((title, *captions)):
        place = f'x="{middle:g}" y="{top + 15 * number:g}" text-anchor="middle"'
        style = _CAPTION if number else _TITLE
        lines.append(f"<text {place} {style}>{escape(str(text))}</text>")
    return "\n".join(lines)


def _arrow(path: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="{path}" fill="none" stroke="{_LINE}" stroke-width="1.6" marker-end="url(#a)"{dashes}/>'


def _text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="12" fill="{_GREY}">{escape(text)}</text>'


def main() -> int:
    """Write the drawing."""
    DRAWING.write_text(svg(), encoding="utf-8")
    sys.stdout.write(f"docs/{DRAWING.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
