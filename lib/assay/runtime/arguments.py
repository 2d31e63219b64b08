"""What a job was asked to do: Glue's `--NAME value` pairs as a frozen, typed dataclass.

The equivalent of `awsglue.utils.getResolvedOptions`, which exists on Glue only: names match exactly (a
prefix never does, as in Glue 6.0), options that the job does not declare are ignored (Glue adds its own), and
a value missing from the command line is looked up in the run properties of the workflow that started the job.

A job declares its options as a subclass of `JobArguments`; the name of a field is the name of the option.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import types
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from assay.errors import InputError
from assay.runtime import clients, logs

RunProperties = Callable[[str, str], Mapping[str, str]]

_OPTION = re.compile(r"--(?P<name>[A-Za-z_][\w-]*)(?:=(?P<value>.*))?", re.DOTALL)
_MONDAY = 0


def option(name: str, default: str | Callable[[], str] | None = None) -> typing.Any:
    """A dataclass field whose option has another name than the field, such as Glue's `--JOB_NAME`.

    Args:
        name: The option's exact name, without the dashes.
        default: The value when the option is absent, or a function that makes one; None makes it required.
    """
    if callable(default):
        return dataclasses.field(default_factory=default, metadata={"option": name})
    if default is None:
        return dataclasses.field(metadata={"option": name})
    return dataclasses.field(default=default, metadata={"option": name})


def new_run_id() -> str:
    """A run id for a job that no workflow started; unique, and recognisable by its first two characters."""
    return f"r-{uuid.uuid4().hex[:12]}"


def last_complete_week(now: datetime | None = None) -> date:
    """The Monday of the last week that is over, UTC: what a run works on that nobody told a week."""
    today = (now or datetime.now(UTC)).astimezone(UTC).date()
    return today - timedelta(days=today.weekday() + 7)


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobArguments:
    """The arguments that every Assay job takes.

    Attributes:
        job: `--JOB_NAME`, given by Glue and by the local runner.
        run_id: `--WORKFLOW_RUN_ID`; every row and snapshot that the job writes carries it.
        week: The Monday that names the week to work on, UTC; the last complete week by default.
        landing_bucket: Bucket where sources arrive.
        journal_table: DynamoDB table of the journal.
    """

    job: str = option("JOB_NAME")
    run_id: str = option("WORKFLOW_RUN_ID", default=new_run_id)
    week: date = dataclasses.field(default_factory=last_complete_week)
    landing_bucket: str = "assay-landing"
    journal_table: str = "assay-journal"

    def __post_init__(self) -> None:
        """Refuse a week that is not named by its Monday."""
        if self.week.weekday() != _MONDAY:
            monday = self.week - timedelta(days=self.week.weekday())
            raise InputError(
                f"--week is {self.week:%Y-%m-%d}, a {self.week:%A}; a week is named by its Monday, "
                f"here {monday:%Y-%m-%d}"
            )

    @property
    def as_of(self) -> date:
        """The exclusive end of the week: the date of the look that the week makes possible."""
        return self.week + timedelta(days=7)


T = typing.TypeVar("T")


def parse(cls: type[T], argv: Sequence[str] | None = None, *, properties: RunProperties | None = None) -> T:
    """Fill a dataclass from a command line and, where that is silent, from the workflow's run properties.

    Args:
        cls: A dataclass with fields of type str, int, float, bool or date, each possibly `| None`, or a
            `Literal` of strings.
        argv: `--NAME value` or `--NAME=value`, without the script's own name; the process's when None.
        properties: (workflow's name, run id) → run properties; Glue's `GetWorkflowRunProperties` when None.

    Returns:
        An instance of `cls`; the command line wins over a run property, which wins over the default. From
        then on every line of the log names the run and the job.

    Raises:
        InputError: A required option is missing, or a value is not of its field's type.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Arguments:
        ...     rows: int = 10
        >>> parse(Arguments, ["--rows", "3", "--enable-metrics", "true"])
        Arguments(rows=3)
    """
    given = options(sys.argv[1:] if argv is None else argv)
    hints = typing.get_type_hints(cls)
    fields = {_option_name(f): f for f in dataclasses.fields(typing.cast("typing.Any", cls)) if f.init}
    if not fields.keys() <= given.keys():
        given = {**_run_properties(given, properties), **given}
    missing = [f"--{name}" for name, field in fields.items() if name not in given and _required(field)]
    if missing:
        takes = ", ".join(f"--{name}" for name in fields)
        raise InputError(f"missing {', '.join(missing)}; the job takes {takes}; give each as --NAME value")
    found = cls(
        **{
            field.name: convert(f"--{name}", given[name], hints[field.name])
            for name, field in fields.items()
            if name in given
        }
    )
    if isinstance(found, JobArguments):
        logs.bind(run_id=found.run_id, job=found.job)
    return found


def options(argv: Sequence[str]) -> dict[str, str]:
    """Every `--NAME value` and `--NAME=value` of a command line; the last one of a name wins.

    A token that looks like an option is never taken for a value, except inside `--NAME=value`; a value with
    spaces, such as Glue's `--conf`, and a negative number are values.

    Example:
        >>> options(["--week", "2026-01-05", "--verbose", "--n=-1"])
        {'week': '2026-01-05', 'n': '-1'}
    """
    found: dict[str, str] = {}
    waiting: str | None = None
    for token in argv:
        match = _OPTION.fullmatch(token)
        if match and (match["value"] is not None or " " not in token):
            waiting = match["name"] if match["value"] is None else None
            if match["value"] is not None:
                found[match["name"]] = match["value"]
        elif waiting is not None:
            found[waiting] = token
            waiting = None
    return found


def convert(name: str, text: str, kind: object) -> object:
    """A text as a value of a type.

    Args:
        name: What the value is called, for the error.
        text: The value as given; for a type that allows None the empty text is None.
        kind: str, int, float, bool, date, a `Literal` of strings, or one of these `| None`.

    Raises:
        InputError: The text is no value of that type.
        TypeError: The type is none of the above: the job's declaration is wrong.
    """
    inner = kind
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        if text == "":
            return None
        (inner,) = (a for a in typing.get_args(kind) if a is not types.NoneType)
    if typing.get_origin(inner) is typing.Literal:
        return _choice(name, text, typing.get_args(inner))
    if inner not in _CONVERTERS:
        raise TypeError(f"{name} is declared as {kind}; allowed are str, int, float, bool, date and Literal")
    convert_text, allowed = _CONVERTERS[inner]
    try:
        return convert_text(text)
    except (ValueError, KeyError) as error:
        raise InputError(f"{name} is {text!r}; it must be {allowed}") from error


def _choice(name: str, text: str, allowed: tuple[object, ...]) -> str:
    if text not in allowed:
        raise InputError(f"{name} is {text!r}; it must be one of {', '.join(repr(a) for a in allowed)}")
    return text


def _finite(text: str) -> float:
    number = float(text)
    if not abs(number) < float("inf"):
        raise ValueError(text)
    return number


_CONVERTERS: dict[object, tuple[Callable[[str], object], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: (_finite, "a finite number"),
    bool: (lambda text: {"true": True, "false": False}[text.lower()], "'true' or 'false'"),
    date: (date.fromisoformat, "a date as YYYY-MM-DD"),
}


def _option_name(field: dataclasses.Field[typing.Any]) -> str:
    return str(field.metadata.get("option", field.name))


def _required(field: dataclasses.Field[typing.Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _run_properties(given: Mapping[str, str], properties: RunProperties | None) -> Mapping[str, str]:
    """The run properties of the workflow that the command line names, if it names one."""
    workflow, run_id = given.get("WORKFLOW_NAME"), given.get("WORKFLOW_RUN_ID")
    if not workflow or not run_id:
        return {}
    return (properties or clients.workflow_run_properties)(workflow, run_id)
