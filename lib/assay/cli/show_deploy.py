"""What `assay deploy` prints: checks, change sets, progress, and what stands at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assay.cli import show

if TYPE_CHECKING:
    from assay.deploy.applying import Applied
    from assay.deploy.changes import ChangeSet
    from assay.deploy.checks import Outcome
    from assay.deploy.events import Event
    from assay.deploy.order import Stack
    from assay.deploy.release import Release
    from assay.deploy.removing import Kept

_STYLES = {"add": "green", "import": "green", "modify": "yellow", "remove": "red", "replace": "red",
           "maybe replace": "red"}  # fmt: skip
_MEGABYTE = 1e6


def checks(outcomes: Sequence[Outcome], seconds: float, *, as_json: bool) -> None:
    """One line per check, then what was found, then what it comes to."""
    if as_json:
        show.json(
            {"schema": "assay.deploy.dry-run/1", "seconds": seconds, "checks": [asdict(o) for o in outcomes]}
        )
        return
    console = _console()
    table = Table("", "check", "holds", box=None, pad_edge=False)
    table.add_column("looked at", justify="right")
    table.add_column("seconds", justify="right")
    for outcome in outcomes:
        table.add_row(
            _mark(outcome),
            escape(outcome.check),
            escape(outcome.holds),
            _count(outcome.looked_at, outcome.things.removesuffix("s")),
            f"{outcome.seconds:.2f}",
        )
    console.print(table)
    found = [finding for outcome in outcomes for finding in outcome.findings]
    for finding in found:
        style, word = ("yellow", "warning") if finding.warning else ("red", "error")
        console.print(
            f"[{style}]{word}[/{style}]  {escape(finding.check)}: [bold]{escape(finding.place)}[/bold] "
            f"{escape(finding.sentence)}"
        )
    errors = sum(not finding.warning for finding in found)
    console.print(
        f"\n{len(outcomes)} checks in {seconds:.1f} s: {_count(errors, 'error')}, "
        f"{_count(len(found) - errors, 'warning')}; AWS was not asked, and nothing was changed"
    )


def plan(release: Release, found: Iterable[ChangeSet], *, as_json: bool) -> None:
    """Every change set as it comes, then what it comes to."""
    if as_json:
        document = {
            "schema": "assay.deploy.plan/1",
            "release": _release(release),
            "stacks": [_plain(c) for c in found],
        }
        show.json(document)
        return
    console = _console()
    console.print(f"release [bold]{release.digest}[/bold]: {_contents(release)}\n")
    every = []
    for change in found:
        change_set(console, change)
        every.append(change)
    changed = sum(bool(change.changes) for change in every)
    endangered = sum(each.endangers_data for change in every for each in change.changes)
    if endangered:
        console.print(
            f"[bold red]{_count(endangered, 'resource')} with data would be lost[/bold red]: look above"
        )
    console.print(f"{changed} of {_count(len(every), 'stack')} would change; nothing was changed")


def change_set(console: Console, change: ChangeSet) -> None:
    """What happens to one stack."""
    name = f"[bold]{escape(change.stack.name)}[/bold]"
    if not change.changes:
        console.print(f"{name}  as it should be")
        return
    what = "new" if change.creates else "changes"
    waits = f"; AWS can be asked once {escape(', '.join(change.waits_for))} exist" if change.waits_for else ""
    console.print(f"{name}  {what}{waits}")
    table = Table("", "resource", "type", "because of", box=None, padding=(0, 2, 0, 2))
    for each in change.changes:
        style = "bold red reverse" if each.endangers_data else _STYLES.get(each.action, "")
        warned = " HOLDS DATA" if each.endangers_data else ""
        table.add_row(
            f"[{style}]{each.action}{warned}[/]" if style else each.action,
            escape(each.logical_id), escape(each.kind), escape(", ".join(each.because)),
        )  # fmt: skip
    console.print(table)


class Progress:
    """Tells on stderr how a deployment goes, and asks before each change.

    Args:
        ask: Whether to ask; without, every change set is agreed to.
    """

    def __init__(self, *, ask: bool) -> None:
        self._ask = ask
        self._console = Console(stderr=True, highlight=False)

    def note(self, sentence: str) -> None:
        """A sentence."""
        self._console.print(f"[yellow]note[/yellow]  {escape(sentence)}")

    def confirm(self, change: ChangeSet) -> bool:
        """The change set, and the question."""
        change_set(self._console, change)
        return not self._ask or typer.confirm(f"Change stack {change.stack.name}?", err=True)

    def event(self, stack: str, event: Event) -> None:
        """One line per event."""
        style = "red" if event.failed else "dim"
        reason = f"  {escape(event.reason)}" if event.reason else ""
        state, place = event.status.lower().replace("_", " "), f"{stack}.{event.logical_id}"
        self._console.print(f"  [{style}]{state:24}[/] {escape(place)}{reason}")

    def file(self, key: str, sent: bool) -> None:  # a fact, not a switch
        """One line per file."""
        self._console.print(f"  [dim]{'uploaded' if sent else 'already there':24}[/] {escape(key)}")


def applied(release: Release, done: Applied, *, as_json: bool) -> None:
    """What a deployment did, and what it gives."""
    if as_json:
        show.json({"schema": "assay.deploy.apply/1", "release": _release(release), **asdict(done)})
        return
    console = _console()
    if not done.changed:
        console.print(f"nothing to change: {_count(len(done.unchanged), 'stack')} as they should be")
    else:
        console.print(f"changed: {escape(', '.join(done.changed))}")
    table = Table("stack", "output", "value")
    for stack, outputs in done.outputs.items():
        for name, value in outputs.items():
            table.add_row(escape(stack), escape(name), escape(value))
    if table.row_count:
        console.print(table)


def leaving(found: Sequence[Stack], kept: Sequence[Kept]) -> None:
    """What will be deleted, and what stays."""
    console = _console()
    console.print(
        f"to be deleted, in this order: [bold]{escape(', '.join(each.name for each in found))}[/bold]"
    )
    _kept(console, kept)


def destroyed(gone: Sequence[str], kept: Sequence[Kept], *, as_json: bool) -> None:
    """What was deleted, and what stays."""
    if as_json:
        show.json(
            {
                "schema": "assay.deploy.destroy/1",
                "deleted": list(gone),
                "kept": [asdict(each) for each in kept],
            }
        )
        return
    console = _console()
    if not gone:
        console.print("nothing to delete: no stack of this name is in this account and region")
        return
    console.print(f"deleted: {escape(', '.join(gone))}")
    _kept(console, kept)


def _kept(console: Console, kept: Sequence[Kept]) -> None:
    for each in kept:
        console.print(f"  {escape(each.name)} ({each.kind}, of {escape(each.stack)}) {each.how}")
    if kept:
        console.print("what stays is found again by `assay deploy apply --adopt`, and costs what it holds")


def _console() -> Console:
    """Made when used, so that it writes to what stdout is then."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else show.PIPE_WIDTH)


def _mark(outcome: Outcome) -> str:
    if outcome.failed:
        return "[red]fail[/red]"
    return "[yellow]warn[/yellow]" if outcome.findings else "[green]ok[/green]"


def _release(release: Release) -> dict[str, object]:
    sizes = {key: path.stat().st_size for key, path in release.files.items()}
    return {"digest": release.digest, "prefix": release.prefix, "bytes": release.size, "files": sizes}


def _contents(release: Release) -> str:
    big = {key: path.stat().st_size for key, path in release.files.items() if path.suffix in {".zip", ".whl"}}
    named = ", ".join(f"{key} {size / _MEGABYTE:.1f} MB" for key, size in big.items())
    return f"{_count(len(release.files), 'file')}, {release.size / _MEGABYTE:.1f} MB ({named})"


def _plain(change: ChangeSet) -> dict[str, object]:
    return {
        "stack": change.stack.name,
        "creates": change.creates,
        "waits_for": list(change.waits_for),
        "changes": [asdict(each) | {"endangers_data": each.endangers_data} for each in change.changes],
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
