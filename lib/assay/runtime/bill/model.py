"""How a weekly run's cost depends on its size, by a line through what was measured; how many workers suit.

Nobody here has run a job on Glue. CPU seconds of one machine are carried over by assumptions that every
answer states: a job waits for nothing; what a run costs however many events there are is done one thing after
the other, by `CORES` cores; what each event costs more is shared by all workers but the driver's, each of
which keeps `CORES` of its four cores as busy as one second of CPU time here. Where no Spark starts, nothing
is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from assay.errors import InputError
from assay.runtime import cost
from assay.runtime.bill import measured
from assay.runtime.bill.measured import Measured, Run

CORES: Final = 2.0
"""Cores that a worker keeps busy; the platform was measured on two."""
FEWEST, MOST = 2, 299
"""Workers of a job: Glue takes no fewer for Spark, and by default no more of G.1X."""
LONGEST: Final = 3600.0
"""Seconds that a job may take where more workers would cost more but end sooner."""
ALONE: Final = frozenset({"ingest", "sources"})
"""Jobs in which no Spark starts: one process, whatever the number of workers."""
_MILLION = 1e6
_LARGEST = {"events": 1e12, "experiments": 10_000, "metrics": 1_000}


@dataclass(frozen=True, slots=True)
class Volume:
    """The size of a weekly run.

    Attributes:
        events: Rows that a week changes in the database.
        experiments: Experiments that run.
        metrics: Metrics of each.
    """

    events: float
    experiments: int
    metrics: int

    def __post_init__(self) -> None:
        for name, most in _LARGEST.items():
            value = getattr(self, name)
            least = 0 if name == "events" else 1
            if not least <= value <= most:
                raise InputError(f"--{name} is {value:g}; give {least} to {most:,.0f}")

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The three numbers, events in millions."""
        return self.events / _MILLION, float(self.experiments), float(self.metrics)


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity as a sum: so much in any case, and so much for each event, experiment and metric.

    Attributes:
        fixed: In any case.
        slopes: For each million events, experiment and metric more; none is negative.
        error: The largest relative deviation from what was measured.
    """

    fixed: float
    slopes: tuple[float, float, float]
    error: float

    def serial(self, volume: Volume) -> float:
        """The part that events do not change."""
        _, *others = zip(self.slopes, volume.sizes, strict=True)
        return self.fixed + sum(slope * size for slope, size in others)

    def parallel(self, volume: Volume) -> float:
        """The part that is proportional to events."""
        return self.slopes[0] * volume.sizes[0]

    def at(self, volume: Volume) -> float:
        """All of it."""
        return self.serial(volume) + self.parallel(volume)


@dataclass(frozen=True, slots=True)
class JobModel:
    """What a job costs.

    Attributes:
        name: The job's.
        cpu: Its CPU seconds.
        history: CPU seconds for a million events of earlier weeks.
    """

    name: str
    cpu: Line
    history: float

    def seconds(self, volume: Volume, past: float, workers: int) -> float:
        """How long it runs.

        Args:
            volume: Of the week.
            past: Events of all weeks before it.
            workers: How many it has, the driver's among them.
        """
        events = self.cpu.parallel(volume) + self.history * past / _MILLION
        share = 1 if self.name in ALONE else workers - 1
        return (self.cpu.serial(volume) + events / share) / CORES

    def workers(self, volume: Volume, past: float = 0.0) -> int:
        """The number of workers that costs least and is done within `LONGEST`; the quickest if none is.

        Args:
            volume: Of the week.
            past: Events of all weeks before it.
        """
        took = {n: self.seconds(volume, past, n) for n in range(FEWEST, MOST + 1)}
        in_time = [n for n, seconds in took.items() if seconds <= LONGEST] or [MOST]
        return min(in_time, key=lambda n: (cost.dpu_seconds(took[n], workers=n), n))


def line(sizes: Sequence[Volume], values: Sequence[float]) -> Line:
    """The line with the least squares of relative errors whose slopes are not negative.

    A size that did not vary has slope 0: what it costs is in the fixed part.

    Args:
        sizes: Of the runs.
        values: What was measured of each, 0 or more.

    References:
        Lawson and Hanson (1974), Solving Least Squares Problems, chapter 23 (NNLS).
    """
    import numpy as np
    from scipy.optimize import nnls

    of = np.array([(1.0, *each.sizes) for each in sizes])
    varied = np.r_[True, np.ptp(of[:, 1:], axis=0) > 0]
    weight = 1 / np.maximum(np.array(values), 1e-9 + 0.01 * max(values))
    found, _ = nnls(of[:, varied] * weight[:, None], np.array(values) * weight)
    terms = np.zeros(of.shape[1])
    terms[varied] = found
    error = float(np.max(np.abs(of @ terms - values) * weight))
    return Line(float(terms[0]), (float(terms[1]), float(terms[2]), float(terms[3])), error)


def jobs(of: Measured | None = None) -> Mapping[str, JobModel]:
    """Job → its model, of the shipped measurements unless others are given."""
    return _jobs() if of is None else _fitted(of)


def quantity(name: str, of: Measured | None = None) -> Line:
    """A line through another quantity of the runs in which it was measured, for example `"gold_bytes"`.

    Bytes that were measured in one run only count as proportional to its events.

    Args:
        name: An attribute of `Run`.
        of: The measurements; the shipped ones when None.
    """
    runs = [run for run in (of or measured.shipped()).runs if getattr(run, name) is not None]
    if len(runs) == 1 and name.endswith("bytes") and runs[0].events:
        return Line(0.0, (getattr(runs[0], name) / runs[0].events * _MILLION, 0.0, 0.0), 0.0)
    return _through(runs, lambda run: getattr(run, name))


@cache
def _jobs() -> Mapping[str, JobModel]:
    return _fitted(measured.shipped())


def _fitted(of: Measured) -> dict[str, JobModel]:
    names = dict.fromkeys(name for run in of.runs for name in run.cpu_seconds)
    return {name: JobModel(name, _of_job(of.runs, name), of.history.get(name, 0.0)) for name in names}


def _of_job(runs: Sequence[Run], name: str) -> Line:
    return _through(runs, lambda run: run.cpu_seconds.get(name))


def _through(runs: Sequence[Run], value: Callable[[Run], float | None]) -> Line:
    known = [(run, float(found)) for run in runs if (found := value(run)) is not None]
    sizes = [Volume(run.events, run.experiments, run.metrics) for run, _ in known]
    return line(sizes, [found for _, found in known])


def basis(of: Measured | None = None) -> str:
    """What the model stands on, in a sentence or two."""
    found = of or measured.shipped()
    sizes = {name: [getattr(run, name) for run in found.runs] for name in _LARGEST}
    spans = ", ".join(f"{min(of):,} to {max(of):,} {name}" for name, of in sizes.items() if len({*of}) > 1)
    same = " and ".join(f"{of[0]:,} {name}" for name, of in sizes.items() if len({*of}) == 1)
    alike = f" All had {same}: what others cost is not measured." if same else ""
    history = "" if found.history else " What earlier weeks cost later ones is not measured, and left out."
    return f"A straight line through {len(found.runs)} runs of {spans}. {found.note}{alike}{history}"
