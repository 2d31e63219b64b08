from __future__ import annotations

import asyncio
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from assay.errors import StackError
from assay.local import durable
from assay.local.durable import Durable
from assay.local.wal import Generations

Message = MutableMapping[str, Any]
PUT, ADD, FAIL = "DynamoDB_20120810.PutItem", "DynamoDB_20120810.UpdateItem", "DynamoDB_20120810.DeleteItem"


class Memory:
    """A small service with a state: adds numbers, refuses to delete, and can be saved."""

    def __init__(self, folder: Path | None = None) -> None:
        saved = folder / "total" if folder else None
        self.total = int(saved.read_text()) if saved and saved.exists() else 0
        self.seen: list[tuple[str, bytes]] = []

    def save(self, folder: Path) -> None:
        (folder / "total").write_text(str(self.total))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        target = headers.get(b"x-amz-target", b"").decode()
        body = (await receive()).get("body", b"")
        self.seen.append((target, body))
        status = 200
        if target == ADD:
            before = self.total
            await asyncio.sleep(0)  # another request could come in between
            self.total = before + int(body)
        elif target == FAIL:
            status = 400
        assert (await receive())["type"] == "http.disconnect" or target == ""
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": str(self.total).encode()})


class Client:
    def __init__(self, root: Path, compact_bytes: int = durable.COMPACT_BYTES) -> None:
        generations = Generations(root / "generations")
        self.memory = Memory(generations.state)
        self.durable = Durable(self.memory, generations, self.memory.save, compact_bytes)

    async def send(self, target: str | None, *body: bytes) -> tuple[int, bytes]:
        parts = [{"type": "http.request", "body": b, "more_body": True} for b in body[:-1]]
        parts.append({"type": "http.request", "body": body[-1] if body else b"", "more_body": False})
        answer: list[Message] = []

        async def receive() -> Message:
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            answer.append(message)

        headers = [] if target is None else [(b"X-Amz-Target", target.encode()), (b"Host", b"x")]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        await self.durable(scope, receive, send)
        return answer[0]["status"], answer[1]["body"]

    async def lifespan(self, *, stop: bool) -> list[str]:
        sent = []
        received = ["lifespan.startup", "lifespan.shutdown"]

        async def receive() -> Message:
            if len(received) == 1 and not stop:
                raise KilledError
            return {"type": received.pop(0)}

        async def send(message: Message) -> None:
            sent.append(message["type"])

        await self.durable({"type": "lifespan"}, receive, send)
        return sent


class KilledError(Exception):
    """Stands for a SIGKILL while the emulator waits for the end."""


def restarted(root: Path) -> Client:
    client = Client(root)
    with pytest.raises(KilledError):
        asyncio.run(client.lifespan(stop=False))
    return client


def test_a_change_survives_a_kill_exactly_once(tmp_path: Path) -> None:
    assert asyncio.run(Client(tmp_path).send(ADD, b"4", b"0")) == (200, b"40")
    for _ in range(3):  # killed again and again without a change in between
        assert restarted(tmp_path).memory.total == 40


def test_reads_and_refused_changes_are_not_logged(tmp_path: Path) -> None:
    client = Client(tmp_path)
    assert asyncio.run(client.send("DynamoDB_20120810.GetItem", b"{}"))[0] == 200
    assert asyncio.run(client.send(FAIL, b"{}"))[0] == 400
    assert asyncio.run(client.send("AmazonSQS.SendMessage", b"{}"))[0] == 200
    assert client.durable.generations.size == 0


def test_requests_of_other_protocols_pass_untouched(tmp_path: Path) -> None:
    client = Client(tmp_path)
    assert asyncio.run(client.send(None, b"an object"))[0] == 200
    assert client.memory.seen == [("", b"an object")]


def test_the_log_is_in_the_order_of_effect_under_concurrency(tmp_path: Path) -> None:
    client = Client(tmp_path)

    async def all_at_once() -> None:
        await asyncio.gather(*(client.send(ADD, str(n).encode()) for n in range(50)))

    asyncio.run(all_at_once())
    assert client.memory.total == sum(range(50))  # no lost update either
    logged = [int(each.body) for each in client.durable.generations.entries()]
    assert logged == [int(body) for _, body in client.memory.seen]


def test_a_long_log_is_replaced_by_a_saved_state(tmp_path: Path) -> None:
    client = Client(tmp_path, compact_bytes=500)
    for _ in range(20):
        asyncio.run(client.send(ADD, b"1"))
    assert client.durable.generations.number > 0
    assert client.durable.generations.size <= 500
    assert restarted(tmp_path).memory.total == 20


def test_administrative_changes_are_saved_at_once(tmp_path: Path) -> None:
    client = Client(tmp_path)
    asyncio.run(client.send(ADD, b"5"))
    asyncio.run(client.send("secretsmanager.CreateSecret", b"{}"))
    assert client.durable.generations.size == 0
    assert (client.durable.generations.state / "total").read_text() == "5"


def test_a_clean_stop_saves_and_empties_the_log(tmp_path: Path) -> None:
    asyncio.run(Client(tmp_path).send(ADD, b"7"))
    sent = asyncio.run(Client(tmp_path).lifespan(stop=True))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    after = Client(tmp_path)
    assert after.memory.total == 7
    assert list(after.durable.generations.entries()) == []


def test_it_ends_when_it_cannot_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(tmp_path)
    log = client.durable.generations.log
    log.write_bytes(b"nonsense\n")
    ended: list[bool] = []
    client.durable.end = lambda: ended.append(True)
    with pytest.raises(StackError, match="not a log entry"):
        asyncio.run(client.lifespan(stop=True))
    assert ended == [True]
    assert f"this process ends, as it could not start: {log}, byte 0: not a log entry" in caplog.text
    assert log.read_bytes() == b"nonsense\n"


def test_a_refused_replay_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(tmp_path)
    asyncio.run(client.send(PUT, b"{}"))
    log = client.durable.generations.log
    log.write_text(log.read_text().replace("PutItem", "DeleteItem"))
    restarted(tmp_path)
    assert "replay of DynamoDB_20120810.DeleteItem was refused" in caplog.text


@pytest.mark.parametrize(
    ("target", "changes", "administrative"),
    [
        ("DynamoDB_20120810.PutItem", True, False),
        ("DynamoDB_20120810.TransactWriteItems", True, False),
        ("DynamoDB_20120810.TransactGetItems", False, False),
        ("DynamoDB_20120810.CreateTable", True, True),
        ("AWSGlue.UpdateTable", True, False),
        ("AWSGlue.GetTables", False, False),
        ("secretsmanager.PutSecretValue", True, True),
        ("AWSStepFunctions.StartExecution", False, False),
    ],
)
def test_which_requests_change_what(target: str, changes: bool, administrative: bool) -> None:
    assert durable.changes(target) is changes
    if changes:
        assert durable.is_administrative(target) is administrative


def test_it_ends_when_a_change_cannot_be_logged(tmp_path: Path) -> None:
    """Going on, it would answer reads with what the next kill undoes."""
    client = Client(tmp_path)
    asyncio.run(client.send(ADD, b"3"))
    client.durable.generations.close()
    client.durable.generations._file = os.open("/dev/full", os.O_WRONLY)
    ended: list[bool] = []
    client.durable.end = lambda: ended.append(True)
    with pytest.raises(OSError, match="No space left on device"):
        asyncio.run(client.send(ADD, b"4"))
    assert ended == [True]
    client.durable.generations.close()
    restarted = Client(tmp_path)
    asyncio.run(restarted.lifespan(stop=True))
    assert restarted.memory.total == 3
