"""docs/contracts.md: what every table promises, in words and tables, made from the contract files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from assay.lake.contracts import Contract

MADE = "<!-- Made by `assay contracts docs` from glue_configs/contracts; change those. -->"
_INTRODUCTION = """
What each table holds and what is checked of it, from the files of the [Open Data Contract
Standard](https://bitol-io.github.io/open-data-contract-standard/) in `glue_configs/contracts`. `assay
contracts check` holds the tables against it.

A broken rule of rows means: **warn** the row goes through and is counted in the journal; **quarantine** it is
set aside in `silver.quarantine` with every reason; **halt** the run stops before anything of the table is
published. Where no severity stands, it is quarantine; in bronze and gold, which set nothing aside, such a row
stops the write. A broken check of a table warns, or fails the job (halt).
"""
_MODES = {
    "evolve": "kept beside the row until the contract names it",
    "freeze": "the run stops",
    "discard_row": "the row is set aside",
    "discard_value": "the value is left out and counted",
}


def page(contracts: Iterable[Contract]) -> str:
    """The page, in Markdown.

    Args:
        contracts: In the order in which they shall stand.
    """
    found = list(contracts)
    links = " · ".join(f"[{each.name}](#{_anchor(each.name)})" for each in found)
    head = f"# Contracts\n{MADE}\n{_INTRODUCTION}\n{links}\n"
    return "\n".join([head, *(_section(each) for each in found)])


def _section(contract: Contract) -> str:
    lines = [f"## {contract.name}", contract.purpose, "", *_facts(contract), "", *_columns(contract)]
    rules = [
        f"- `{rule.text}`" + (f" ({rule.severity})" if rule.severity != "quarantine" else "")
        for rule in contract.rules
        if rule.kind == "expression"
    ]
    if rules:
        lines += ["", "Rules in SQL:", *rules]
    checks = list(_checks(contract))
    if checks:
        lines += ["", "Checks of the table:", *checks]
    return "\n".join([*lines, ""])


def _facts(contract: Contract) -> Iterator[str]:
    key = f"key ({', '.join(contract.keys)})" if contract.keys else "append-only, no key"
    partitions = f", partitioned by ({', '.join(contract.partitions)})" if contract.partitions else ""
    yield f"Version {contract.version}, owner {contract.owner}; {key}{partitions}."
    yield f"What the contract does not know: {_MODES[contract.schema_mode]} ({contract.schema_mode})."


def _columns(contract: Contract) -> Iterator[str]:
    yield "| column | type | meaning | rules |"
    yield "|---|---|---|---|"
    for field in contract.fields:
        rules = [
            f"`{_cell(rule.text.removeprefix(field.name).strip())}`"
            for rule in contract.rules
            if rule.column == field.name and rule.kind not in {"required", "expression"}
        ]
        rules = ["required", *rules] if field.required else rules
        yield f"| `{field.name}` | {field.type} | {_cell(field.description)} | {', '.join(rules)} |"


def _checks(contract: Contract) -> Iterator[str]:
    if contract.newest:
        days = contract.freshness / timedelta(days=1)
        yield f"- the newest `{contract.newest}` is at most {days:g} days old ({contract.stale})"
    for reference in contract.references:
        yield (
            f"- every `{reference.column}` exists in `{reference.table}.{reference.target}` "
            f"({reference.severity})"
        )
    if contract.row_count:
        drift = contract.row_count
        yield (
            f"- a commit adds as many rows as the {drift.commits} before it, within a factor of "
            f"{drift.factor:g} of their median ({drift.severity})"
        )
    for each in contract.distributions:
        yield (
            f"- `{each.column}` of the newest week of `{each.over}` lies as in the {each.weeks} before: "
            f"population stability index up to {each.limit:g} ({each.severity})"
        )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(name: str) -> str:
    return name.replace(".", "").lower()
