"""Job arguments: what is matched, what is ignored, where a missing value comes from, what is refused."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.runtime.arguments import (
    JobArguments,
    convert,
    last_complete_week,
    new_run_id,
    option,
    options,
    parse,
)


@dataclasses.dataclass(frozen=True)
class Arguments:
    name: str
    rows: int = 10
    share: float = 0.5
    strict: bool = False
    day: date | None = None
    mode: Literal["full", "new"] = "new"


GLUE_ADDS = [
    "--enable-metrics", "true", "--job-bookmark-option", "job-bookmark-disable", "--TempDir", "s3://t/",
    "--conf", "spark.a=1 --conf spark.b=2", "--JOB_RUN_ID", "jr_1", "--enable-glue-datacatalog",
]  # fmt: skip


def test_a_glue_command_line_becomes_typed_values() -> None:
    argv = ["--name", "x", "--rows", "-3", "--share=0.25", "--strict", "TRUE", "--day", "2026-01-05"]
    argv += ["--mode", "full"]
    assert parse(Arguments, [*GLUE_ADDS, *argv]) == Arguments(
        name="x", rows=-3, share=0.25, strict=True, day=date(2026, 1, 5), mode="full"
    )


def test_the_process_command_line_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["job.py", "--name", "from argv"])
    assert parse(Arguments).name == "from argv"


def test_prefixes_never_match() -> None:
    with pytest.raises(InputError, match="missing --name"):
        parse(Arguments, ["--nam", "x", "--n", "y", "--names", "z"])


def test_an_option_without_a_value_does_not_take_the_next_option() -> None:
    assert options(["--flag", "--name", "x"]) == {"name": "x"}


def test_a_value_may_begin_with_dashes_where_it_cannot_be_an_option() -> None:
    assert options(["--conf", "--conf a=b", "--x=--y"]) == {"conf": "--conf a=b", "x": "--y"}


def test_a_value_may_span_lines() -> None:
    assert options(["--document={\n}", "--other", "a\nb"]) == {"document": "{\n}", "other": "a\nb"}


def test_positional_arguments_are_ignored() -> None:
    assert options(["stray", "--name", "x", "stray"]) == {"name": "x"}


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,12}", fullmatch=True),
        st.text().filter(lambda t: not t.startswith("--")),
    ),
    st.booleans(),
)
def test_what_is_written_as_pairs_is_read_back(pairs: dict[str, str], equals: bool) -> None:
    split = [[f"--{k}={v}"] if equals else [f"--{k}", v] for k, v in pairs.items()]
    assert options([token for pair in split for token in pair]) == pairs


def test_the_empty_text_is_none_only_where_none_is_allowed() -> None:
    assert parse(Arguments, ["--name", "", "--day", ""]) == Arguments(name="", day=None)
    with pytest.raises(InputError, match="--rows is ''"):
        parse(Arguments, ["--name", "x", "--rows", ""])


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--rows", "many"], "--rows is 'many'; it must be a whole number"),
        (["--share", "nan"], "--share is 'nan'; it must be a finite number"),
        (["--share", "-inf"], "--share is '-inf'; it must be a finite number"),
        (["--strict", "yes"], "--strict is 'yes'; it must be 'true' or 'false'"),
        (["--day", "05.01.2026"], "--day is '05.01.2026'; it must be a date as YYYY-MM-DD"),
        (["--mode", "old"], "--mode is 'old'; it must be one of 'full', 'new'"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(argv: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(Arguments, ["--name", "x", *argv])
    assert str(refused.value) == sentence
    assert refused.value.exit_code == 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Placed(JobArguments):
    place: str


def test_every_missing_argument_is_named_at_once() -> None:
    with pytest.raises(
        InputError, match=r"^missing --JOB_NAME, --place; the job takes --JOB_NAME, --WORKFLOW"
    ):
        parse(Placed, [])


def test_a_declaration_of_another_type_is_a_defect() -> None:
    with pytest.raises(TypeError, match="--x is declared as"):
        convert("--x", "1", list)


# --- where values come from --------------------------------------------------------------------------


def properties(workflow: str, run_id: str) -> dict[str, str]:
    assert (workflow, run_id) == ("assay", "wr_1")
    return {"week": "2026-01-12", "landing_bucket": "from-properties", "unknown": "ignored"}


IN_WORKFLOW = ["--JOB_NAME", "j", "--WORKFLOW_NAME", "assay", "--WORKFLOW_RUN_ID", "wr_1"]


def test_the_command_line_wins_over_a_run_property_which_wins_over_the_default() -> None:
    from_properties = parse(JobArguments, IN_WORKFLOW, properties=properties)
    assert (from_properties.week, from_properties.landing_bucket) == (date(2026, 1, 12), "from-properties")
    given_both = parse(JobArguments, [*IN_WORKFLOW, "--week", "2026-01-05"], properties=properties)
    assert (given_both.week, given_both.landing_bucket) == (date(2026, 1, 5), "from-properties")
    assert given_both.journal_table == "assay-journal"


def test_run_properties_are_not_asked_for_when_nothing_is_missing() -> None:
    @dataclasses.dataclass(frozen=True)
    class One:
        JOB_NAME: str

    def never(workflow: str, run_id: str) -> dict[str, str]:
        raise AssertionError((workflow, run_id))

    assert parse(One, IN_WORKFLOW, properties=never) == One("j")


def test_glue_is_asked_when_no_other_source_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.runtime.clients.workflow_run_properties", properties)
    assert parse(JobArguments, IN_WORKFLOW).week == date(2026, 1, 12)


# --- the common arguments -----------------------------------------------------------------------------


def test_a_run_id_is_the_workflow_runs_or_a_new_one() -> None:
    alone = ["--JOB_NAME", "j", "--week", "2026-01-05"]
    assert parse(JobArguments, [*alone, "--WORKFLOW_RUN_ID", "wr_1"]).run_id == "wr_1"
    first, second = parse(JobArguments, alone), parse(JobArguments, alone)
    assert first.run_id != second.run_id
    assert first.run_id.startswith("r-")
    assert len(new_run_id()) == 14


def test_the_look_of_a_week_is_the_next_monday() -> None:
    arguments = parse(JobArguments, ["--JOB_NAME", "j", "--week", "2025-12-29"])
    assert arguments.as_of == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 1, 12, 0, 0, tzinfo=UTC), date(2026, 1, 5)),
        (datetime(2026, 1, 11, 23, 59, tzinfo=UTC), date(2025, 12, 29)),
        (datetime(2026, 1, 12, 1, 0, tzinfo=timezone(timedelta(hours=2))), date(2025, 12, 29)),
    ],
)
def test_a_run_without_a_week_works_on_the_last_complete_one(now: datetime, week: date) -> None:
    assert last_complete_week(now) == week


def test_the_default_week_is_over() -> None:
    arguments = parse(JobArguments, ["--JOB_NAME", "j"])
    assert arguments.as_of <= datetime.now(UTC).date() < arguments.as_of + timedelta(days=7)


def test_a_week_that_is_no_monday_is_refused() -> None:
    with pytest.raises(InputError, match=r"--week is 2026-01-07, a Wednesday; .* here 2026-01-05"):
        parse(JobArguments, ["--JOB_NAME", "j", "--week", "2026-01-07"])


def test_an_option_may_have_a_constant_default() -> None:
    @dataclasses.dataclass(frozen=True)
    class Renamed:
        place: str = option("PLACE", default="here")

    assert parse(Renamed, []) == Renamed("here")
    assert parse(Renamed, ["--PLACE", "there", "--place", "nowhere"]) == Renamed("there")
