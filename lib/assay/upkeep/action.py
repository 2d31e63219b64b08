"""An action: its name, what it can be told, and the function that does it and reports."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, ValidationError

from assay.errors import InputError, did_you_mean
from assay.lake.tables import Lake
from assay.runtime.journal import Journal, Step

Report = dict[str, typing.Any]
"""What an action did, ready for JSON: shown by the command line, and by the job's last line of output."""


class Options(BaseModel):
    """What an action can be told; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Context:
    """Where an action works.

    Attributes:
        lake: The tables.
        journal: For further steps of a long action.
        step: The journal's step of this action, for its counts and warnings.
        week: The week that the job was started for.
        landing_bucket: Where sources arrive.
        journal_table: DynamoDB table of the journal.
        database_secret: Name of the secret of the source database.
    """

    lake: Lake
    journal: Journal
    step: Step
    week: date
    landing_bucket: str
    journal_table: str
    database_secret: str


_ROWS = "examples"
"""The key of a report, at any depth, whose value shows rows."""


def without_rows(report: typing.Any) -> typing.Any:
    """A report for a log, which keeps nothing of a row.

    Example:
        >>> without_rows({"tables": [{"table": "silver.trades", "examples": [{"key": 1}]}]})
        {'tables': [{'table': 'silver.trades'}]}
    """
    if isinstance(report, dict):
        return {key: without_rows(value) for key, value in report.items() if key != _ROWS}
    return [without_rows(each) for each in report] if isinstance(report, list) else report


O = typing.TypeVar("O", bound=Options)  # noqa: E741 options


@dataclass(frozen=True, slots=True)
class Action:
    """Something that the job `maintain` can do.

    Attributes:
        name: As `--action` names it.
        meaning: One line for people.
        options: What it can be told.
        run: Does it. Killed anywhere, it can be run again.
    """

    name: str
    meaning: str
    options: type[Options]
    run: Callable[[Context, typing.Any], Report]

    def parse(self, given: Mapping[str, object]) -> Options:
        """Check what the action is told.

        Raises:
            InputError: An option is unknown, missing or not acceptable.
        """
        try:
            return self.options.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "options"
            hint = (
                f"; {did_you_mean(name, self.options.model_fields)}"
                if name not in self.options.model_fields
                else ""
            )
            said = first["msg"].removeprefix("Value error, ")  # of an error of ours
            raise InputError(f"action {self.name}, {name}: {said}{hint}") from error


ACTIONS: dict[str, Action] = {}
"""Name → action, filled by `action`."""


def action(
    name: str, options: type[O]
) -> Callable[[Callable[[Context, O], Report]], Callable[[Context, O], Report]]:
    """Enter a function as an action; the first line of its docstring is its meaning.

    Args:
        name: As `--action` will name it.
        options: What it can be told.
    """

    def enter(run: Callable[[Context, O], Report]) -> Callable[[Context, O], Report]:
        ACTIONS[name] = Action(name, (run.__doc__ or "").partition("\n")[0], options, run)
        return run

    return enter


def find(name: str) -> Action:
    """The action of a name.

    Raises:
        InputError: There is none.
    """
    if name not in ACTIONS:
        raise InputError(f"--action is {name!r}; {did_you_mean(name, ACTIONS)}")
    return ACTIONS[name]
