"""How many events a second are drawn? A minute; `python bench/generator.py`.

A week of a brokerage with 200,000 customers, four experiments and planted faults, as the ingest job draws it,
beside NumPy drawing as many numbers of the same laws by the same streams (the floor: no times in order, no
effects, no exposures, no table), and beside the same draws put into a table of the same types. Faker makes
rows one by one; it is given uniform laws, the cheapest. SDV, which first learns from data, is left out: it
brings a deep-learning framework.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay import generators, seeds
from assay.generators.columns import TRADES, WEEK, decimals, labels, times
from assay.generators.customers import BLOCK
from assay.spec import Blueprint, load_blueprint

import record

ROOT = Path(__file__).parents[1]
CUSTOMERS, NUMBER, REPEATS = 200_000, 3, 5
PEERS = ROOT / ".venv-peers" / "bin" / "python"
BETWEEN = (
    "What lies between draws and trades: every event's time put in order, arms and exposures from hashes of "
    "the customers' ids, effects from the exposure on, planted faults, prices by the hour, and columns of "
    "exact decimals."
)
FAKER = """
import random, sys, time
from datetime import datetime
import faker
made = faker.Faker()
faker.Faker.seed(1)
begin, end = datetime(2026, 1, 5), datetime(2026, 1, 12)
start = time.perf_counter()
rows = [
    {
        "trade_id": number,
        "customer_id": made.random_int(1, 200_000),
        "asset": made.random_element(("BTC", "ETH", "SOL", "XRP")),
        "side": made.random_element(("buy", "sell")),
        "quantity": made.pydecimal(6, 6, positive=True),
        "price": made.pydecimal(6, 4, positive=True),
        "notional": made.pydecimal(6, 2, positive=True),
        "traded_at": made.date_time_between(begin, end),
    }
    for number in range(20_000)
]
print(len(rows) / (time.perf_counter() - start))
"""


def world(customers: int = CUSTOMERS) -> Blueprint:
    """The shipped blueprint with another number of customers."""
    shipped = load_blueprint(ROOT / "glue_configs" / "blueprints" / "brokerage.yaml")
    if shipped.population is None:
        raise SystemExit("the shipped blueprint has no population")
    population = shipped.population.model_copy(update={"initial": customers})
    return shipped.model_copy(update={"population": population})


def ours(blueprint: Blueprint, blocks: range) -> int:
    """A week of some blocks of customers."""
    return generators.week(blueprint, NUMBER, blocks=blocks).trades.num_rows


def raw(blueprint: Blueprint, blocks: range, *, table: bool = False) -> int:
    """As many draws of the same laws: rates, counts, times, acceptance, values, assets, sides and prices."""
    law, total = blueprint.generated("trades"), 0
    for block in blocks:
        stream = partial(seeds.stream, blueprint.seed, period=NUMBER, block=block)
        counts = stream("bench.events").poisson(law.rate.draw(stream("bench.rate"), BLOCK))
        count = int(counts.sum())
        moments, details = stream("bench.times"), stream("bench.details")
        when = moments.integers(0, WEEK, count)
        moments.random(count)
        notional = law.values["notional"].draw(stream("bench.notional"), count)
        place, side = details.random(count), details.integers(0, 2, count)
        price = 100 * np.exp(details.normal(0, 0.0005, count)) if table else details.normal(0, 0.0005, count)
        if table:
            customer = np.repeat(np.arange(BLOCK), counts)
            _table(customer, (place * 20).astype(np.int64), side, notional, price, when)
        total += count
    return total


def _table(customer: np.ndarray, asset: np.ndarray, side: np.ndarray, notional: np.ndarray, price: np.ndarray,
           when: np.ndarray) -> pa.Table:  # fmt: skip
    """The draws as trades; in no order."""
    units = [np.rint(each).astype(np.int64) for each in (notional / price * 1e6, price * 1e4, notional * 100)]
    names = [f"A{number}" for number in range(20)]
    columns = [
        pa.array(np.arange(len(customer))), pa.array(customer), labels(names, asset),
        labels(["buy", "sell"], side), decimals(units[0], 18, 6), decimals(units[1], 18, 4),
        decimals(units[2], 18, 2), times(when),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=TRADES)


def rate(draw: Callable[[range], int], blocks: range, cores: int) -> float:
    """Events a second; the best of some runs. Two cores draw a half each, in processes of their own."""
    with ProcessPoolExecutor(cores) as pool:
        halves = [range(each, blocks.stop, cores) for each in range(cores)]
        run = (lambda: sum(pool.map(draw, halves))) if cores > 1 else (lambda: draw(blocks))
        run()
        return max(_once(run) for _ in range(REPEATS))


def _once(run: Callable[[], int]) -> float:
    start = time.perf_counter()
    return run() / (time.perf_counter() - start)


PARTS = {
    "events, their order and their values": ("events", "values"),
    "assets, sides, prices and quantities": ("_book",),
    "faults, and columns of trades": ("_plant",),
    "exposures": ("exposures",),
    "customers": ("new_customers", "tier_changes"),
}
"""Functions of the generator that do not call each other, by what they are for."""


def shares(blueprint: Blueprint, blocks: range) -> str:
    """Where the time of a week goes, by the functions that it spends it in."""
    with cProfile.Profile() as profile:
        for _ in range(REPEATS):
            ours(blueprint, blocks)
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # as pstats keeps them
    spent = {
        name: cumulative for (file, _, name), (*_, cumulative, _) in stats.items() if "generators" in file
    }
    whole = spent["week"]
    parts = [f"{what} {sum(spent[name] for name in names) / whole:.0%}" for what, names in PARTS.items()]
    return f"Of a week's time (profiled): {', '.join(parts)}."


def faker() -> float:
    """Faker's rows a second, in the environment of the peers."""
    if not PEERS.exists():
        raise SystemExit("Faker is in the environment of the peers: `make bench` makes it")
    asked = subprocess.run([PEERS, "-c", FAKER], capture_output=True, text=True, check=True)
    return float(asked.stdout)


def main() -> int:
    """Measure and keep."""
    blueprint = world()
    blocks = range(generators.block_count(blueprint, NUMBER))
    drawn, floor = partial(ours, blueprint), partial(raw, blueprint)
    rows = []
    for cores in sorted({1, min(2, os.cpu_count() or 1)}):
        which = f"a week of {CUSTOMERS:,} customers, {cores} process{'es' * (cores > 1)}"
        found = rate(drawn, blocks, cores)
        beside = rate(floor, blocks, cores)
        rows += [record.row(which, found, "events/s", peer=beside, against="NumPy's draws alone", least=0.8)]
        beside = rate(partial(floor, table=True), blocks, cores)
        rows += [record.row(which, found, "events/s", peer=beside, against="the draws as a table")]
    beside = faker()
    one = float(str(rows[0]["ours"]))
    rows += [record.row("the same, 1 process", one, "events/s", peer=beside, against="Faker, row by row")]
    packages = ("numpy", "pyarrow")
    record.store(
        "generator",
        "Generator",
        __doc__,
        rows,
        packages=packages,
        versions=record.pinned("faker"),
        notes=[BETWEEN, shares(blueprint, blocks)],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
