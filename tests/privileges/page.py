"""Writes docs/privileges.md from the recording and the templates.

`PYTHONPATH=lib:tests python -m privileges.page`
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from assay.local import names
from privileges import judge
from privileges.call import Call
from privileges.implied import implied
from privileges.policy import Statement, decide
from privileges.record import FILE, load
from privileges.roles import TEMPLATES, statements

PAGE = Path(__file__).parents[2] / "docs" / "privileges.md"
COMMAND = "PYTHONPATH=lib:tests python -m privileges.page"
_SHORT = {
    f"arn:aws:s3:::{names.LANDING}": "landing",
    f"arn:aws:s3:::{names.LAKE}": "lake",
    f"arn:aws:s3:::{names.ARTIFACTS}": "artifacts",
    f"arn:aws:glue:{names.REGION}:000000000000:": "",
    f"arn:aws:dynamodb:{names.REGION}:000000000000:": "",
    f"arn:aws:secretsmanager:{names.REGION}:000000000000:": "",
    f"arn:aws:execute-api:{names.REGION}:000000000000:": "",
    f"arn:aws:athena:{names.REGION}:000000000000:": "",
    f"arn:aws:sns:{names.REGION}:000000000000:": "topic ",
    f"arn:aws:kms:{names.REGION}:000000000000:": "",
    f"arn:aws:logs:{names.REGION}:000000000000:": "",
    f"arn:aws:ec2:{names.REGION}:000000000000:": "",
    "arn:aws:iam::000000000000:": "",
}


def page() -> str:
    """The whole page."""
    recorded = judge.by_principal(load())
    parts = [_head(recorded), _everybody()]
    parts += [_principal(name, recorded.get(name, {})) for name in TEMPLATES]
    parts += [_people(recorded["cli"]), _blind()]
    return "\n".join(parts)


def _head(recorded: Mapping[str, Mapping[Call, int]]) -> str:
    how = json.loads(FILE.read_text(encoding="utf-8"))["how"]
    total = sum(sum(calls.values()) for calls in recorded.values())
    kinds = sum(map(len, recorded.values()))
    weeks = ", ".join(map(str, how["weeks"]))
    return f"""\
# Privileges

What each identity does, what its policy lets it do, and what it is refused. Made by
`{COMMAND}`; a test of `make test` compares this page with
the templates and the recording, so that a policy which would stop a job, or which grants what nobody uses,
fails there.

The recording is of {how["made"]} (`{how["command"]}`):
weeks {weeks} of a small brokerage on the local platform, each job a process of its own identity, every
request of Python and of the JVM written down at the server: {total:,} permissions asked for, {kinds} kinds.
With `--enforce` the emulator refuses what the policies do not allow; `make test-privileges` does so
again, and compares.
Names of tables and files, days and versions stand in angle brackets; accounts and regions are left out.
*Statement* is the one that allows it.

A request for a table of Glue's catalog needs the permission on catalog, database and table. A call of KMS is
never recorded: it follows from reading or writing what is encrypted, as told beside it.
"""


def _everybody() -> str:
    one = next(iter(TEMPLATES))
    rows = [_example(each) for each in judge.examples() if each.everybodys and each.call.principal == one]
    return "\n".join(["## Refused to everybody", "", *_table(("refused", "on", "why"), rows)])


def _principal(name: str, recorded: Mapping[Call, int]) -> str:
    stack, role = TEMPLATES[name]
    policy = statements(name)
    derived = implied(recorded)
    lines = [f"## {name}", "", f"`{role}` in `glue_configs/stacks/{stack}.yaml`.", ""]
    if recorded:
        lines += _table(("action", "on", "times", "statement"), _used(recorded, policy))
    else:
        lines += ["No call of it is recorded: it is younger than the recording.", ""]
    if derived:
        lines += _table(("derived", "through", "follows from", "statement"), _derived(derived, policy))
    granted = list(_granted(name, judge.unused(policy, [*recorded, *derived])))
    if granted:
        lines += _table(("granted without a recorded call", "on", "why"), granted)
    lines += _table(("refused", "on", "why"), _refused(name))
    return "\n".join(lines)


def _used(recorded: Mapping[Call, int], policy: Sequence[Statement]) -> Iterator[tuple[str, ...]]:
    for action, calls in _grouped(recorded):
        times = max(map(recorded.__getitem__, calls))
        sids = sorted({_sid(call, policy) for call in calls})
        yield f"`{action}`", ", ".join(map(_place, calls)), f"{times:,}", ", ".join(sids)


def _derived(derived: Mapping[Call, set[str]], policy: Sequence[Statement]) -> Iterator[tuple[str, ...]]:
    for call, origin in sorted(derived.items()):
        via = call.keys["kms:ViaService"][0].partition(".")[0]
        yield f"`{call.action}`", via, ", ".join(f"`{one}`" for one in sorted(origin)), _sid(call, policy)


def _granted(name: str, grants: Iterable[judge.Grant]) -> Iterator[tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = {}
    for grant in grants:
        because = next((one.because for one in judge.reasons() if one.holds(name, grant)), "**no reason**")
        found.setdefault((because, grant.resource), []).append(grant.action)
    for (because, resource), actions in found.items():
        yield ", ".join(f"`{one}`" for one in actions), f"`{_short(resource)}`", because


def _refused(name: str) -> Iterator[tuple[str, ...]]:
    for each in judge.examples():
        if each.call.principal == name and not each.everybodys:
            yield _example(each)


def _example(example: judge.Example) -> tuple[str, ...]:
    return f"`{example.call.action}`", f"`{_short(example.call.resource)}`", example.because


def _people(recorded: Mapping[Call, int]) -> str:
    rows = [
        (f"`{action}`", ", ".join(map(_place, calls)), f"{max(map(recorded.__getitem__, calls)):,}")
        for action, calls in _grouped(recorded)
    ]
    head = """\
## A person at the command line

`assay run` at its end, and `assay query`, read results and the journal with the rights of whoever calls. No
stack makes an identity for people; one that is to read results needs no more than this:
"""
    return "\n".join([head, *_table(("action", "on", "times"), rows)])


def _blind() -> str:
    return """\
## What no recording here can see

- What Glue and Lambda do in the name of a role before and beside its code: fetch the script and the modules,
  write logs and metrics, put a network interface into the subnet. It is granted by AWS's documentation; the
  tables above name each such grant.
- Calls of KMS, derived as told above; key policies and bucket policies, which also must not refuse.
- What DMS does. Here another program captures changes, and writes below the same prefix with root's rights.
- The roles of the dashboard and of DMS, and that with which ECS starts the dashboard: nothing here runs as
  they do. Their policies are checked by linters only.
- The person or pipeline that deploys: `assay deploy` acts with the caller's rights, and CloudFormation's
  calls are not those of the local set-up.
- What does not happen in two small weeks: no file is so large that it goes up in parts, no commit fails.
- Whether AWS judges as our evaluator does. It is compared with a second one, the emulator's, on random
  policies, and the weeks run under the second; neither was compared with AWS.
"""


def _grouped(calls: Iterable[Call]) -> list[tuple[str, list[Call]]]:
    found: dict[str, list[Call]] = {}
    for call in sorted(calls):
        found.setdefault(call.action, []).append(call)
    return list(found.items())


def _place(call: Call) -> str:
    prefix = call.keys.get("s3:prefix")
    return f"`{_short(call.resource)}`" + (f" (prefix `{prefix[0]}`)" if prefix else "")


def _sid(call: Call, policy: Sequence[Statement]) -> str:
    answer = decide(call, policy)
    return answer.statement.sid if answer.allowed and answer.statement else "**refused**"


def _short(arn: str) -> str:
    for long, short in _SHORT.items():
        if arn.startswith(long):
            return short + arn.removeprefix(long)
    return arn


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [heads, ["---"] * len(heads), *rows]
    return [*(f"| {' | '.join(row)} |" for row in cells), ""]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
