"""How fast is a source read while 5 % of its answers fail? A minute; `python bench/sources.py`.

A thousand assets of 250 days from a local API in one run, page by page, then what is new since. The landing
bucket is that of an emulator which this script starts; each row must arrive once.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow.compute as pc
import pyarrow.parquet as pq

import record

ASSETS, DAYS, PAGE, FAILING = 1_000, 250, 100, 0.05
FIRST = date(2025, 1, 1)
CONTRACT = Path(__file__).parents[1] / "tests" / "unit" / "sources" / "data" / "silver.closes.yaml"
SOURCE = """
name: exchange
kind: rest
table: closes
url: {url}
path: /assets/{{asset}}
each: {{asset: [{assets}]}}
records: days
pages: {{by: number, query: page, at: pages}}
add: {{asset: "{{asset}}"}}
since: {{column: day, query: from}}
limits: {{per_second: 5000, parallel: 8, attempts: 8, wait: 0.05}}
"""


class Exchange(BaseHTTPRequestHandler):
    """Answers pages of days; now and then with 500 or 429, or with half an answer."""

    protocol_version = "HTTP/1.1"
    chance = random.Random(1)  # noqa: S311 which answers fail, the same ones each time

    def do_GET(self) -> None:
        """One page."""
        query = parse_qs(urlsplit(self.path).query)
        page = int(query["page"][0]) - 1
        begin = query.get("from", [FIRST.isoformat()])[0]
        days = [day for n in range(DAYS) if (day := (FIRST + timedelta(n)).isoformat()) >= begin]
        shown = [{"day": day, "close": 100.25} for day in days[page * PAGE : (page + 1) * PAGE]]
        body = json.dumps({"days": shown, "pages": -(-len(days) // PAGE)}).encode()
        draw = self.chance.random()
        status = 200 if draw >= FAILING else (500, 429, 200)[int(draw / FAILING * 3)]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = draw < FAILING and status == 200
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = cut

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[None]:
    """S3 on this machine, and the environment that leads to it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mine = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "STATE_DIR": str(folder / "state")}
    mine |= {"S3_DATA_DIR": str(folder / "s3"), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=os.environ | mine, cwd=folder, stdout=log, stderr=log
        )
    os.environ |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "eu-west-1"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield
    finally:
        child.terminate()
        child.wait()


def main() -> None:
    """Run twice: everything, then the last day of each asset again."""
    from assay import configs
    from assay.runtime import clients
    from assay.sources.fetch import Place, fetch
    from assay.sources.landing import Landing, Position
    from assay.spec.source import named

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("contracts", "sources", "emulator"):
            (folder / name).mkdir()
        (folder / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())
        assets = ", ".join(f"A{n:04}" for n in range(ASSETS))
        url = f"http://127.0.0.1:{server.server_port}"
        (folder / "sources" / "exchange.yaml").write_text(SOURCE.format(url=url, assets=assets))
        os.environ[configs.OWN] = str(folder)
        with emulator(folder / "emulator"):
            landing = Landing(clients.s3(), "landing")
            landing.client.create_bucket(
                Bucket="landing", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
            rows = []
            for what in ("all of it", "what is new"):
                began = time.perf_counter()
                done = fetch(named("exchange"), Place("landing", ""))
                seconds = time.perf_counter() - began
                print(f"{what}: {seconds:.1f} s, {done.rows:,} rows, {done.requests:,} requests, "
                      f"{done.again:,} of them again")  # fmt: skip
                asked = f"{what}, {done.requests:,} requests, {done.again:,} of them again"
                rows.append(record.row(asked, done.rows / seconds, "rows/s"))
            files = landing.brought("exchange", "closes", Position()).files
            tables = [pq.read_table(io.BytesIO(landing.read(f.uri, 0, f.size))) for f in files]
    keys = [pc.binary_join_element_wise(t["asset"], t["day"], "/").to_pylist() for t in tables]
    first = [key for each in keys[:-1] for key in each]
    different, wanted = len(set(first)), ASSETS * DAYS
    arrived = f"Rows of the first run: {len(first):,}, different ones: {different:,} of {wanted:,}."
    print(arrived)
    record.store("sources", "A source", __doc__, rows, packages=("dlt",), notes=[arrived])


if __name__ == "__main__":
    main()
