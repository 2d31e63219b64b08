"""`assay deploy` on the emulator: every stack that it accepts is created, updated and deleted.

The emulator refuses a template whole when it does not know one of its types, so such resources are taken out
first and what they give to others is written in their place (`without`). Which types these are, the emulator
is asked; the table of docs/deploy.md is what it answered, and a test compares it.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from assay.cli.main import app
from assay.deploy import applying, changes, offline, order, planning, states
from assay.deploy.applying import Applied
from assay.deploy.changes import ChangeSet
from assay.deploy.events import Event
from assay.deploy.offline import Planned
from assay.deploy.order import Target
from assay.deploy.release import Release
from assay.deploy.release.builder import copied
from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.runtime import clients

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/deploy.md"
IMAGE = "/lab/image"
PARAMETERS = (
    "dashboard.Domain=lab.example.com",
    "dashboard.CertificateArn=arn:aws:acm:eu-west-1:000000000000:certificate/lab",
    "dashboard.AllowedNetwork=10.1.0.0/16",
    "dashboard.ImageTag=0.1.0",
    f"airflow.Image={IMAGE}",
    "workflow.Start=SCHEDULED",
    "foundation.AlertsEmail=lab@example.com",
)
# As small as the checks allow: `assay deploy apply` refuses what they find wrong.
BUCKET = {
    "BucketName": {"Fn::Sub": "${Name}-artifacts"},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/lab"}}
        ]
    },
    "PublicAccessBlockConfiguration": dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    ),
}
TABLE = {
    "TableName": {"Fn::Sub": "${Name}-journal"},
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
}
# Something in every stack, beside the release.
CHANGES = (
    "LogRetention=365",
    "catalog.ScanLimit=20000000000",
    "workflow.Schedule=cron(15 4 ? * TUE *)",
    "airflow.InstanceType=t4g.large",
    "database.DeletionProtection=false",
)
_SECTION = re.compile(r"(<!-- emulator -->)\n.*?(<!-- /emulator -->)", re.DOTALL)
_NAMED = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}")


class Listener:
    """Agrees to everything, and keeps what it was told."""

    def __init__(self, *, agrees: bool = True) -> None:
        self.agrees = agrees
        self.notes: list[str] = []
        self.asked: list[ChangeSet] = []
        self.events: list[Event] = []
        self.files: dict[str, bool] = {}

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def confirm(self, change: ChangeSet) -> bool:
        self.asked.append(change)
        return self.agrees

    def event(self, _stack: str, event: Event) -> None:
        self.events.append(event)

    def file(self, key: str, sent: bool) -> None:
        self.files[key] = sent


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "POLL_SECONDS", 0.05)


@pytest.fixture
def name(aws: str) -> Iterator[str]:  # noqa: ARG001  # the emulator is there first
    """An installation of the test's own; whatever it made is deleted."""
    chosen = f"t{uuid.uuid4().hex[:8]}"
    yield chosen
    for short in reversed((*order.ORDER, *order.OPTIONAL)):
        clients.cloudformation().delete_stack(StackName=f"{chosen}-{short}")


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """What is copied, and archives that are none: the emulator does not look into them before a call."""
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("index.py", "")
    return Release("0" * 16, {**dict(copied(ROOT)), "lambda/api.zip": archive, "lambda/layer.zip": archive})


@pytest.fixture
def image(aws: str) -> None:  # noqa: ARG001
    """A machine image's number in Systems Manager, where AWS keeps that of the newest one."""
    import boto3

    boto3.client("ssm").put_parameter(Name=IMAGE, Value="ami-00000000", Type="String", Overwrite=True)


def refused(kind: str) -> str | None:
    """The emulator's reason for refusing a type; None when it knows it."""
    body = json.dumps({"Resources": {"X": {"Type": kind}}})
    stack = f"probe-{uuid.uuid4().hex[:8]}"
    try:
        clients.cloudformation().create_change_set(
            StackName=stack, ChangeSetName="probe", ChangeSetType="CREATE", TemplateBody=body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )  # fmt: skip
    except ClientError as error:
        reason = str(error.response["Error"]["Message"])
        return reason if kind in reason else None
    clients.cloudformation().delete_stack(StackName=stack)
    return None


def without(planned: Planned, gone: frozenset[str]) -> dict[str, Any]:
    """A template without some resources; what others take from them is written in their place."""
    template, document = planned.template, copy.deepcopy(dict(planned.stack.document))

    def text(match: re.Match[str]) -> str:
        logical_id, attribute = match.groups()
        if logical_id not in gone:
            return match[0]
        return str(
            template.resolve({"Fn::GetAtt": [logical_id, attribute]} if attribute else {"Ref": logical_id})
        )

    def clean(value: Any) -> Any:
        if isinstance(value, list):
            return [clean(each) for each in value if not (isinstance(each, str) and each in gone)]
        if isinstance(value, str):
            return _NAMED.sub(text, value)
        if not isinstance(value, dict):
            return value
        if value.get("Ref") in gone or (value.get("Fn::GetAtt") or [""])[0] in gone:
            return template.resolve(value)
        return {
            k: clean(v)
            for k, v in value.items()
            if not (k == "DependsOn" and isinstance(v, str) and v in gone)
        }

    kept = {k: v for k, v in document["Resources"].items() if k not in gone}
    return {**document, "Resources": clean(kept), "Outputs": clean(document.get("Outputs", {}))}


def emulated(folder: Path, name: str) -> dict[str, dict[str, str]]:
    """Write the shipped templates as the emulator takes them; stack → type → why it was taken out."""
    folder.mkdir()
    reasons: dict[str, dict[str, str]] = {}
    for planned in offline.read(order.read(Target(name, order.OPTIONAL))).planned:
        kinds = {k: str(body["Type"]) for k, body in planned.stack.document["Resources"].items()}
        found = {kind: reason for kind in sorted(set(kinds.values())) if (reason := refused(kind))}
        gone = frozenset(k for k, kind in kinds.items() if kind in found)
        short = planned.stack.short
        (folder / f"{short}.yaml").write_text(json.dumps(without(planned, gone)))
        reasons[short] = found
    return reasons


def apply(target: Target, release: Release, listener: Listener, *, adopt: bool = False) -> Applied:
    return applying.apply(target, order.read(target, release=release.prefix), release, listener, adopt=adopt)


def tiny(folder: Path, *, jobs: dict[str, Any] | None = None, retained: str = "AWS::S3::Bucket") -> Path:
    """An installation of one small resource per stack, for what goes wrong."""
    folder.mkdir(exist_ok=True)
    parameter = {"Name": {"Type": "String", "Default": "assay"}}
    exported = {"Fn::ImportValue": {"Fn::Sub": "${Name}-artifacts-bucket"}}
    for short in (*order.ORDER, *order.OPTIONAL):
        value = {"Type": "String", "Name": {"Fn::Sub": f"/${{Name}}/{short}"}, "Value": exported}
        resources = {"P": {"Type": "AWS::SSM::Parameter", "Properties": value}}
        (folder / f"{short}.yaml").write_text(json.dumps({"Parameters": parameter, "Resources": resources}))
    body = {"Type": retained, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    bucket = {**body, "Properties": BUCKET if retained == "AWS::S3::Bucket" else TABLE}
    output = {"Value": {"Ref": "B"}, "Export": {"Name": {"Fn::Sub": "${Name}-artifacts-bucket"}}}
    foundation = {"Parameters": parameter, "Resources": {"B": bucket}, "Outputs": {"B": output}}
    (folder / "foundation.yaml").write_text(json.dumps(foundation))
    if jobs is not None:
        (folder / "jobs.yaml").write_text(json.dumps({"Parameters": parameter, "Resources": jobs}))
    return folder


def topic(shown: str) -> dict[str, Any]:
    """A stack's resources: one topic, which any update changes in place."""
    properties = {"TopicName": {"Fn::Sub": "${Name}-topic"}, "DisplayName": shown}
    return {"T": {"Type": "AWS::SNS::Topic", "Properties": properties}}


@pytest.mark.usefixtures("image")
def test_every_stack_is_created_updated_and_deleted(name: str, release: Release, tmp_path: Path) -> None:
    """The whole life of an installation, with the emulator's table beside it."""
    reasons = emulated(tmp_path / "stacks", name)
    target = Target(name, order.OPTIONAL, given=PARAMETERS, folder=tmp_path / "stacks")

    listener = Listener()
    first = apply(target, release, listener)
    assert first.changed == [f"{name}-{short}" for short in (*order.ORDER, *order.OPTIONAL)]
    assert all(change.creates for change in listener.asked)
    assert first.uploaded == len(release.files)
    assert all(listener.files.values())
    assert name in first.outputs[f"{name}-workflow"].values()

    again = apply(target, release, Listener(agrees=False))  # nothing is asked: nothing changes
    assert again.changed == []
    assert len(again.unchanged) == len(first.changed)
    assert again.uploaded == 0

    destroy = ("deploy", "destroy", "--name", name, "--templates", str(target.folder), "--yes")
    refusal = assay(*destroy)
    assert refusal.exit_code == 2
    assert f"stack {name}-database is protected; `assay deploy apply --only database --set" in refusal.stderr
    assert states.look(f"{name}-catalog") is not None

    other = Target(name, order.OPTIONAL, given=(*PARAMETERS, *CHANGES), folder=target.folder)
    listener = Listener()
    updated = apply(other, replace(release, digest="1" * 16), listener)
    assert updated.changed == first.changed
    assert not any(change.creates for change in listener.asked)

    found = assay(*destroy)
    assert found.exit_code == 0, found.output
    assert all(states.look(f"{name}-{short}") is None for short in (*order.ORDER, *order.OPTIONAL))
    assert f"{name}-lake-000000000000-eu-west-1 (AWS::S3::Bucket, of {name}-foundation) stays" in found.stdout
    before = PAGE.read_text(encoding="utf-8")
    after = _SECTION.sub(lambda match: f"{match[1]}\n{table(reasons)}\n{match[2]}", before)
    PAGE.write_text(after, encoding="utf-8")
    assert after == before, f"{PAGE.name} was out of date; it has been written anew"


def table(reasons: dict[str, dict[str, str]]) -> str:
    """Stack → types that the emulator made, and types that it refuses with its reason; as Markdown."""
    lines = ["| stack | made and deleted there | refused there |", "|---|---|---|"]
    for stack in order.read(Target(extras=order.OPTIONAL)):
        kinds = sorted({str(body["Type"]) for body in stack.document["Resources"].values()})
        made = [kind for kind in kinds if kind not in reasons[stack.short]]
        short = [kind.removeprefix("AWS::") for kind in made]
        gone = [kind.removeprefix("AWS::") for kind in reasons[stack.short]]
        lines.append(f"| {stack.short} | {', '.join(short)} | {', '.join(gone) or 'none'} |")
    words = {reason.replace(kind, "...") for found in reasons.values() for kind, reason in found.items()}
    return "\n".join([*lines, "", f"The emulator's reason: {'; '.join(sorted(words))}"])


def assay(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_a_name_that_is_taken(name: str, release: Release, tmp_path: Path) -> None:
    clients.s3().create_bucket(
        Bucket=f"{name}-artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    target = Target(name, folder=tiny(tmp_path / "stacks"))
    with pytest.raises(TerminalError) as caught:
        apply(target, release, Listener())
    said = caught.value.message
    assert said.startswith(
        f"cannot change stack {name}-foundation (now ROLLBACK_COMPLETE): B (AWS::S3::Bucket): "
    )
    assert "already exists; the name is taken" in said
    assert "--adopt" in said
    assert f"deployed: none; not deployed: {name}-foundation, {name}-network" in said

    clients.s3().delete_bucket(Bucket=f"{name}-artifacts")
    listener = Listener()
    assert f"{name}-foundation" in apply(target, release, listener).changed
    assert "ROLLBACK_COMPLETE, left by an earlier try; it holds nothing and is made anew" in listener.notes[0]


def test_a_failure_in_the_middle_names_what_stands(name: str, release: Release, tmp_path: Path) -> None:
    broken = {"P": {"Type": "AWS::SSM::Parameter", "Properties": {
        "Type": "String", "Name": "/x", "Value": {"Fn::ImportValue": "nothing"}}}}  # fmt: skip
    target = Target(name, folder=tiny(tmp_path / "stacks", jobs=broken))
    with pytest.raises(TerminalError) as caught:
        apply(target, release, Listener())
    said = caught.value.message
    assert "P (AWS::SSM::Parameter): Export 'nothing' not found; an earlier stack is missing" in said
    assert said.endswith(
        f"deployed: {', '.join(f'{name}-{s}' for s in order.ORDER[:5])}; "
        f"not deployed: {name}-jobs, {name}-workflow, {name}-catalog"
    )


def test_a_creation_that_fails_leaves_no_bucket_behind(name: str, release: Release, tmp_path: Path) -> None:
    folder = tiny(tmp_path / "stacks")
    document = json.loads((folder / "foundation.yaml").read_text())
    value = {"Type": "String", "Name": {"Fn::Sub": "/${Name}/x"}, "Value": {"Fn::ImportValue": "nothing"}}
    document["Resources"]["P"] = {"Type": "AWS::SSM::Parameter", "DependsOn": "B", "Properties": value}
    (folder / "foundation.yaml").write_text(json.dumps(document))
    with pytest.raises(TerminalError, match=r"P \(AWS::SSM::Parameter\): Export 'nothing' not found"):
        apply(Target(name, folder=folder), release, Listener())
    assert f"{name}-artifacts" not in {b["Name"] for b in clients.s3().list_buckets()["Buckets"]}


def test_a_plan_changes_nothing_and_waits_for_exports(name: str, tmp_path: Path) -> None:
    from assay.deploy import planning

    target = Target(name, folder=tiny(tmp_path / "stacks"))
    found = list(planning.plan(target, order.read(target)))
    assert [change.stack.short for change in found] == list(order.ORDER)
    assert all(change.creates for change in found)
    assert found[0].waits_for == ()
    assert found[1].waits_for == (f"{name}-artifacts-bucket",)
    assert [(c.action, c.logical_id) for change in found[:2] for c in change.changes] == [
        ("add", "B"),
        ("add", "P"),
    ]
    assert all(states.look(f"{name}-{short}") is None for short in order.ORDER)


def test_a_plan_shows_what_an_update_replaces_and_loses(name: str, release: Release, tmp_path: Path) -> None:
    from assay.deploy import planning

    folder = tiny(tmp_path / "stacks", jobs=topic("before"))
    target = Target(name, folder=folder)
    apply(target, release, Listener())
    tiny(folder, jobs=topic("after"))
    foundation = json.loads((folder / "foundation.yaml").read_text())
    foundation["Resources"]["B"]["Properties"]["BucketName"] = {"Fn::Sub": "${Name}-other"}
    (folder / "foundation.yaml").write_text(json.dumps(foundation))
    by_stack = {change.stack.short: change for change in planning.plan(target, order.read(target))}
    (bucket,) = by_stack["foundation"].changes
    assert bucket.endangers_data
    assert bucket.because == ("BucketName",)
    (changed,) = by_stack["jobs"].changes
    assert changed.action in {"modify", "maybe replace"}
    assert not changed.endangers_data
    assert by_stack["network"].changes == ()
    assert states.look(f"{name}-jobs") is not None


def test_only_one_stack(name: str, release: Release, tmp_path: Path) -> None:
    target = Target(name, only="foundation", folder=tiny(tmp_path / "stacks"))
    assert apply(target, release, Listener()).changed == [f"{name}-foundation"]
    assert states.look(f"{name}-network") is None


def test_what_was_set_before_is_kept(name: str, release: Release, tmp_path: Path) -> None:
    """An upgrade that says nothing of the address for alerts must not forget it."""
    folder = tiny(tmp_path / "stacks")
    document = json.loads((folder / "network.yaml").read_text())
    document["Parameters"]["Value"] = {"Type": "String", "Default": "default"}
    document["Resources"]["P"]["Properties"]["Value"] = {"Ref": "Value"}
    document["Outputs"] = {"Value": {"Value": {"Ref": "Value"}}}
    (folder / "network.yaml").write_text(json.dumps(document))

    def value() -> str:
        found = states.look(f"{name}-network")
        assert found is not None
        return found.outputs["Value"]

    apply(Target(name, folder=folder, given=("Value=mine",)), release, Listener())
    assert value() == "mine"
    assert apply(Target(name, folder=folder), release, Listener()).changed == []
    document["Resources"]["P"]["Properties"]["Description"] = "changed"
    (folder / "network.yaml").write_text(json.dumps(document))
    (planned,) = planning.plan(
        target := Target(name, only="network", folder=folder), order.read(target, release=release.prefix)
    )
    assert [change.action for change in planned.changes] == ["modify"]
    assert apply(Target(name, folder=folder), release, Listener()).changed == [f"{name}-network"]
    assert value() == "mine"
    apply(Target(name, folder=folder, given=("network.Value=other",)), release, Listener())
    assert value() == "other"


def test_an_optional_stack_that_stands_is_wanted(name: str, release: Release, tmp_path: Path) -> None:
    folder = tiny(tmp_path / "stacks")
    assert states.standing(name, order.OPTIONAL) == ()
    apply(Target(name, extras=("airflow",), folder=folder), release, Listener())
    assert states.standing(name, order.OPTIONAL) == ("airflow",)


@pytest.mark.long
@pytest.mark.usefixtures("package_index")
def test_the_command_keeps_an_optional_stack_up_to_date(
    name: str, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    folder = tiny(tmp_path / "stacks")
    common = ["--name", name, "--templates", str(folder), "--region", "eu-west-1", "--json"]
    apply(Target(name, extras=("airflow",), folder=folder), release, Listener())
    planned = json.loads(assay("deploy", "plan", *common).stdout)
    assert [stack["stack"] for stack in planned["stacks"]] == [
        f"{name}-{s}" for s in (*order.ORDER, "airflow")
    ]


def test_a_no_leaves_the_stack_as_it_was(name: str, release: Release, tmp_path: Path) -> None:
    target = Target(name, folder=tiny(tmp_path / "stacks"))
    with pytest.raises(
        TerminalError, match=f"stack {name}-foundation was not changed: you said no. deployed: none"
    ):
        apply(target, release, Listener(agrees=False))
    assert states.look(f"{name}-foundation") is None


def test_what_was_left_is_adopted(name: str, release: Release, tmp_path: Path) -> None:
    """With a table: the emulator refuses to import a bucket into a new stack."""
    target = Target(
        name, only="foundation", folder=tiny(tmp_path / "stacks", retained="AWS::DynamoDB::Table")
    )
    apply(target, release, Listener())
    clients.dynamodb().put_item(TableName=f"{name}-journal", Item={"k": {"S": "kept"}})
    assert (
        assay("deploy", "destroy", "--name", name, "--templates", str(target.folder), "--yes").exit_code == 0
    )
    listener = Listener()
    assert apply(target, release, listener, adopt=True).changed == [f"{name}-foundation"]
    assert [change.action for change in listener.asked[0].changes] == ["import"]
    assert clients.dynamodb().scan(TableName=f"{name}-journal")["Count"] == 1


def test_destroy_asks_lists_and_may_be_repeated(name: str, release: Release, tmp_path: Path) -> None:
    target = Target(name, folder=tiny(tmp_path / "stacks"))
    apply(target, release, Listener())
    command = ["deploy", "destroy", "--name", name, "--templates", str(target.folder)]
    asked = assay(*command, typed="no\n")
    assert asked.exit_code == 1
    assert f"{name}-artifacts (AWS::S3::Bucket, of {name}-foundation) stays" in asked.stdout
    assert "nothing was deleted" in asked.stdout
    assert states.look(f"{name}-catalog") is not None
    assert f"deleted: {name}-catalog, {name}-workflow" in assay(*command, typed=f"{name}\n").stdout
    assert "nothing to delete" in assay(*command, "--yes").stdout
    assert json.loads(assay(*command, "--json").stdout) == {
        "schema": "assay.deploy.destroy/1", "deleted": [], "kept": []}  # fmt: skip


def test_what_is_in_use_is_not_destroyed(name: str, release: Release, tmp_path: Path) -> None:
    target = Target(name, folder=tiny(tmp_path / "stacks"))
    apply(target, release, Listener())
    found = assay(
        "deploy",
        "destroy",
        "--name",
        name,
        "--templates",
        str(target.folder),
        "--only",
        "foundation",
        "--yes",
    )
    assert found.exit_code == 1
    assert "another stack still uses it: destroy that one first" in found.stderr
    assert f"deleted: none; left: {name}-foundation" in found.stderr


@pytest.mark.long
@pytest.mark.usefixtures("package_index")
def test_the_command_deploys_plans_and_says_that_nothing_changed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    tiny(tmp_path / "stacks")
    common = ["--name", name, "--templates", str(tmp_path / "stacks"), "--region", "eu-west-1"]
    common += ["--only", "foundation"]
    planned = json.loads(assay("deploy", "plan", *common, "--json").stdout)
    assert planned["stacks"][0]["creates"]
    assert len(planned["release"]["digest"]) == 16
    first = assay("deploy", "apply", *common, typed="y\n")
    assert first.exit_code == 0, first.output
    assert f"changed: {name}-foundation" in first.stdout
    assert "create complete" in first.stderr
    again = json.loads(assay("deploy", "apply", *common, "--yes", "--json").stdout)
    assert again["release"]["digest"] == planned["release"]["digest"]
    assert again["changed"] == []
    assert again["unchanged"] == [f"{name}-foundation"]


def test_a_stack_without_its_parameters_is_refused(name: str, tmp_path: Path, release: Release) -> None:
    folder = tiny(tmp_path / "stacks")
    document = json.loads((folder / "foundation.yaml").read_text())
    document["Parameters"]["Domain"] = {"Type": "String"}
    (folder / "foundation.yaml").write_text(json.dumps(document))
    with pytest.raises(
        InputError, match=f"stack {name}-foundation needs Domain; give --set foundation.Domain="
    ):
        apply(Target(name, folder=folder), release, Listener())


def test_a_service_that_is_not_there(name: str, tmp_path: Path, release: Release) -> None:
    folder = tiny(
        tmp_path / "stacks", jobs={"W": {"Type": "AWS::Glue::Workflow", "Properties": {"Name": "w"}}}
    )
    with pytest.raises(TerminalError, match="the region has no such service: choose another --region"):
        apply(Target(name, folder=folder), release, Listener())


def test_an_aws_that_does_not_answer(
    name: str, tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(name, folder=tiny(tmp_path / "stacks"))
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        with pytest.raises(
            TransientError, match=f"cannot look at stack {name}-foundation: Could not connect"
        ):
            apply(target, release, Listener())


def test_credentials_that_are_missing(
    name: str, tmp_path: Path, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(name, folder=tiny(tmp_path / "stacks"))
    with monkeypatch.context() as patch:
        patch.delenv("AWS_ACCESS_KEY_ID")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("HOME", str(tmp_path))
        with pytest.raises(AssayError, match="set AWS_DEFAULT_REGION and credentials"):
            apply(target, release, Listener())
