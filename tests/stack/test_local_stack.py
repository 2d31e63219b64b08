"""The local stack as its users meet it: up, kill, up, down, up, reset."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from assay.errors import StackError
from assay.local import catalog, names, process, stack, state
from assay.local.aws import Aws
from assay.local.process import Record
from assay.local.running import Stack


def kill(*processes: str) -> None:
    for each in stack.status():
        if each.name in processes:
            assert each.pid is not None
            os.kill(each.pid, signal.SIGKILL)


def put(aws: Aws, entry: str, **values: str) -> None:
    item = {"day": {"S": "2026-01-05"}, "entry": {"S": entry}, "run_id": {"S": "r-1"}, "n": {"N": "0"}}
    aws.dynamodb.put_item(
        TableName=names.JOURNAL, Item=item | {name: {"S": value} for name, value in values.items()}
    )


def items(aws: Aws) -> list[str]:
    pages = aws.dynamodb.get_paginator("scan").paginate(TableName=names.JOURNAL)
    return sorted(json.dumps(item, sort_keys=True) for page in pages for item in page["Items"])


def iceberg(aws: Aws) -> GlueCatalog:
    key, secret = names.CREDENTIALS.values()
    s3 = {"s3.endpoint": aws.endpoint, "s3.region": names.REGION}
    keys = {"s3.access-key-id": key, "s3.secret-access-key": secret}
    return GlueCatalog("test", aws.glue, warehouse=names.WAREHOUSE, **s3, **keys)


def tables(aws: Aws, database: str = "bronze") -> dict[str, tuple[str, str]]:
    found = aws.glue.get_tables(DatabaseName=database)["TableList"]
    return {t["Name"]: (t["VersionId"], t["Parameters"]["metadata_location"]) for t in found}


def test_up_makes_everything_that_jobs_expect(local_stack: Stack) -> None:
    aws = Aws(local_stack.endpoint)
    assert {b["Name"] for b in aws.s3.list_buckets()["Buckets"]} >= set(names.BUCKETS)
    assert {d["Name"] for d in aws.glue.get_databases()["DatabaseList"]} == {"bronze", "silver", "gold"}
    described = aws.dynamodb.describe_table(TableName=names.JOURNAL)["Table"]
    assert [i["IndexName"] for i in described["GlobalSecondaryIndexes"]] == ["run"]
    secret = json.loads(aws.secretsmanager.get_secret_value(SecretId=names.SECRET)["SecretString"])
    with psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        dbname=secret["dbname"],
        user=secret["username"],
        password=secret["password"],
    ) as connection:
        assert connection.execute("show wal_level").fetchone() == ("logical",)
        assert connection.execute("show timezone").fetchone() == ("UTC",)
        schemas = "select 1 from information_schema.schemata where schema_name = 'brokerage'"
        assert connection.execute(schemas).fetchone() == (1,)


def test_a_wrong_password_is_refused(local_stack: Stack) -> None:
    wrong = local_stack.database.dsn.replace(local_stack.database.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_servers_listen_on_this_machine_only(local_stack: Stack) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    for port in local_stack.ports.values():
        assert {a for a in addresses if a.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


def test_the_folder_is_private(local_stack: Stack) -> None:
    assert stat.S_IMODE(local_stack.home.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(local_stack.home.file.stat().st_mode) == 0o600
    assert stat.S_IMODE((local_stack.home.logs / "api.log").stat().st_mode) == 0o600


def test_up_again_starts_nothing_and_changes_nothing(local_stack: Stack) -> None:
    before = stack.status()
    assert all(each.running and each.pid for each in before)
    assert stack.up() == local_stack
    assert stack.status() == before, "the same processes"


def test_status_names_every_process(local_stack: Stack) -> None:
    found = stack.status()
    assert [each.name for each in found] == ["emulator", "postgres", "market", "capture", "api"]
    assert all(each.running and each.pid for each in found)
    assert {each.name: each.port for each in found if each.port} == dict(local_stack.ports)


def test_a_job_gets_its_surroundings(local_stack: Stack) -> None:
    assert stack.environment()["AWS_ENDPOINT_URL"] == local_stack.endpoint
    assert stack.exports()["assay-api-url"] == local_stack.parameters_url
    conf = Path(stack.environment()["SPARK_CONF_DIR"]) / "spark-defaults.conf"
    assert local_stack.endpoint in conf.read_text()


@pytest.mark.long
def test_a_kill_of_emulator_and_database_loses_nothing(local_stack: Stack) -> None:
    aws = Aws(local_stack.endpoint)
    for number in range(30):
        put(aws, f"e{number:02}")
    key: Any = {"day": {"S": "2026-01-05"}, "entry": {"S": "e01"}}
    for _ in range(7):  # not idempotent: a replay that applied one twice would show
        aws.dynamodb.update_item(
            TableName=names.JOURNAL,
            Key=key,
            UpdateExpression="ADD n :x",
            ExpressionAttributeValues={":x": {"N": "3"}},
        )
    with pytest.raises(aws.dynamodb.exceptions.ConditionalCheckFailedException):
        aws.dynamodb.delete_item(
            TableName=names.JOURNAL, Key=key, ConditionExpression="attribute_not_exists(n)"
        )
    aws.s3.put_object(Bucket=names.LAKE, Key="kept", Body=b"abc")
    table = iceberg(aws).create_table("bronze.killed", pa.schema([("id", pa.int64())]))
    for number in range(3):
        table.append(pa.table({"id": [number]}))
    with psycopg.connect(local_stack.database.dsn, autocommit=True) as connection:
        connection.execute("create table kept as select generate_series(1, 1000) as id")
    before = items(aws), tables(aws), aws.secretsmanager.describe_secret(SecretId=names.SECRET)["ARN"]
    assert '"n": {"N": "21"}' in before[0][1]

    kill("emulator", "postgres")
    with pytest.raises(StackError, match="lacks emulator, postgres: start what is missing with `assay up`"):
        stack.require_running()
    assert stack.up() == local_stack

    after = items(aws), tables(aws), aws.secretsmanager.describe_secret(SecretId=names.SECRET)["ARN"]
    assert after == before
    assert aws.s3.get_object(Bucket=names.LAKE, Key="kept")["Body"].read() == b"abc"
    assert iceberg(aws).load_table("bronze.killed").scan().to_arrow().num_rows == 3
    with psycopg.connect(local_stack.database.dsn) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)


@pytest.mark.long
def test_a_kill_while_requests_arrive_keeps_every_acknowledged_one(local_stack: Stack) -> None:
    aws = Aws(local_stack.endpoint)
    pid = next(each.pid for each in stack.status() if each.name == "emulator")
    assert pid is not None
    acknowledged = []
    for number in range(200):
        if number == 120:
            os.kill(pid, signal.SIGKILL)
        try:
            put(aws, f"storm{number:03}")
        except Exception:  # noqa: BLE001  # whatever a dying server makes of it
            break
        acknowledged.append(f"storm{number:03}")
    stack.up()
    kept = "".join(items(aws))
    assert len(acknowledged) >= 120
    assert [entry for entry in acknowledged if entry not in kept] == []


def test_the_catalog_is_mended_from_the_lake(local_stack: Stack) -> None:
    aws = Aws(local_stack.endpoint)
    columns: dict[str, pa.DataType] = {"id": pa.int64(), "day": pa.date32()}
    for name in ("lost", "astray", "whole"):
        made = iceberg(aws).create_table(f"bronze.{name}", pa.schema(columns))
        made.append(pa.table({"id": [1], "day": pa.array([0], pa.date32())}))
    before = tables(aws)
    aws.glue.delete_table(DatabaseName="bronze", Name="lost")
    aws.s3.delete_object(Bucket=names.LAKE, Key=before["astray"][1].removeprefix(f"s3://{names.LAKE}/"))
    repairs = catalog.rebuild(aws, names.WAREHOUSE, names.CATALOG_DATABASES)
    assert [(each.table, each.kind) for each in repairs] == [
        ("bronze.astray", "repointed"),
        ("bronze.lost", "registered"),
    ]
    after = tables(aws)
    assert after["lost"][1] == before["lost"][1]
    assert "/metadata/00000-" in after["astray"][1]  # the one before
    assert after["whole"] == before["whole"]
    assert iceberg(aws).load_table("bronze.lost").scan().to_arrow().num_rows == 1
    assert catalog.rebuild(aws, names.WAREHOUSE, names.CATALOG_DATABASES) == []


def test_changes_of_the_database_arrive_in_the_landing_bucket(local_stack: Stack) -> None:
    with psycopg.connect(local_stack.database.dsn, autocommit=True) as connection:
        connection.execute("create table brokerage.seen (id bigint primary key)")
        connection.execute("insert into brokerage.seen select generate_series(1, 10)")
    assert stack.wait_for_capture(30) < 30
    found = Aws(local_stack.endpoint).s3.list_objects_v2(Bucket=names.LANDING, Prefix="rds/brokerage/seen/")
    assert found["KeyCount"] == 1
    report = state.read_json(local_stack.home.report)
    assert report["error"] is None
    assert report["changes"] >= 10


def test_the_capture_outlives_its_servers(local_stack: Stack) -> None:
    pid = next(each.pid for each in stack.status() if each.name == "capture")
    kill("postgres")
    stack.up()
    assert next(each.pid for each in stack.status() if each.name == "capture") == pid
    with psycopg.connect(local_stack.database.dsn, autocommit=True) as connection:
        connection.execute("create table brokerage.later (id bigint primary key)")
        connection.execute("insert into brokerage.later values (1)")
    stack.wait_for_capture(30)
    found = Aws(local_stack.endpoint).s3.list_objects_v2(Bucket=names.LANDING, Prefix="rds/brokerage/later/")
    assert found["KeyCount"] == 1


def test_a_capture_that_stands_still_is_reported(local_stack: Stack) -> None:
    pid = next(each.pid for each in stack.status() if each.name == "capture")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        with psycopg.connect(local_stack.database.dsn, autocommit=True) as connection:
            connection.execute("create table brokerage.waiting (id bigint primary key)")
        with pytest.raises(StackError, match=r"more than 0 s behind.*capture.log"):
            stack.wait_for_capture(0.3)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_api_registers_in_the_landing_bucket(local_stack: Stack) -> None:
    with socket.create_connection(("127.0.0.1", local_stack.ports["api"])) as connection:
        connection.sendall(b"GET /v1/status HTTP/1.0\r\n\r\n")
        answer = io.BytesIO()
        while part := connection.recv(4096):
            answer.write(part)
    assert b'{"status":"ok"}' in answer.getvalue()


def test_down_and_up_keep_everything_and_ports(local_stack: Stack) -> None:
    aws = Aws(local_stack.endpoint)
    put(aws, "before down")
    before = items(aws), tables(aws)
    assert stack.down()
    assert not stack.down()
    assert not any(each.running for each in stack.status())
    with pytest.raises(StackError, match="the local stack is not running: start it with `assay up`"):
        stack.environment()
    with pytest.raises(StackError, match="not running"):
        stack.exports()
    assert stack.up() == local_stack
    assert (items(aws), tables(aws)) == before


def test_a_port_that_somebody_took_is_replaced(local_stack: Stack) -> None:
    stack.down()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", local_stack.ports["postgres"]))
        stranger.listen()
        moved = stack.up()
    assert moved.ports["postgres"] != local_stack.ports["postgres"]
    assert moved.ports["emulator"] == local_stack.ports["emulator"]
    secret = Aws(moved.endpoint).secretsmanager.get_secret_value(SecretId=names.SECRET)["SecretString"]
    assert json.loads(secret)["port"] == moved.ports["postgres"]


def test_a_server_that_cannot_start_shows_its_last_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stack_home: None,  # noqa: ARG001
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    home = state.home()
    log = home.emulator / "generations" / "0" / "wal.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("nonsense\n")
    try:
        with pytest.raises(
            StackError, match=r"the local emulator ended right after its start(?s:.*)wal.jsonl"
        ):
            stack.up()
    finally:
        stack.reset()


@pytest.mark.long
def test_reset_deletes_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    assert not stack.reset()
    assert not stack.down()
    made = stack.up()
    records = [Record(**kept) for kept in made.home.read()["processes"].values()]
    folder = made.home.read().get("postgres_folder", str(made.home.root))
    assert Path(folder).exists()
    assert stack.reset()
    assert not any(process.is_alive(record) for record in records)
    assert not Path(folder).exists()
    assert not made.home.root.exists()


def test_a_damaged_state_file_does_not_block_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    home = state.home()
    home.create()
    home.file.write_text("{")
    with pytest.raises(StackError, match="not valid JSON"):
        stack.up()
    assert stack.reset()
    assert not home.root.exists()
