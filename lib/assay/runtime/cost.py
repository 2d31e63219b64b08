"""What a job run costs: workers and seconds → DPU-seconds → dollars, and a dollar cap → a timeout.

The prices stand in `glue_configs/prices.yaml`.

References:
    AWS Glue pricing: billed per second, with a minimum of one minute; starting and stopping workers is free.
    AWS Glue developer guide, "Worker types": DPUs per worker.
"""

from __future__ import annotations

import math

from assay.errors import InputError, did_you_mean
from assay.runtime import prices

DPU_PER_WORKER = {"G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0, "G.12X": 12.0, "G.16X": 16.0}
DOLLARS_PER_DPU_HOUR = {name: prices.dollars(f"glue.{name.lower()}") for name in ("STANDARD", "FLEX")}
MINIMUM_SECONDS = 60.0
_HOUR = 3600.0
_MINUTE = 60.0


def dpu_seconds(seconds: float, *, worker_type: str = "G.1X", workers: int = 2) -> float:
    """The DPU-seconds that Glue bills for a run.

    Args:
        seconds: How long the job ran, 0 or more; less than a minute is billed as a minute.
        worker_type: Glue's worker type, for example `"G.1X"`.
        workers: Number of workers, 1 or more; the driver counts as one.

    Raises:
        InputError: Unknown worker type, or a number out of range.

    Example:
        >>> dpu_seconds(600, worker_type="G.1X", workers=4)
        2400.0
    """
    if worker_type not in DPU_PER_WORKER:
        raise InputError(f"worker type is {worker_type!r}; {did_you_mean(worker_type, DPU_PER_WORKER)}")
    if not (seconds >= 0 and workers >= 1):
        raise InputError(f"a run has 0 or more seconds and 1 or more workers, not {seconds} and {workers}")
    return max(float(seconds), MINIMUM_SECONDS) * DPU_PER_WORKER[worker_type] * workers


def dollars(dpu_seconds: float, *, execution_class: str = "STANDARD") -> float:
    """The price of DPU-seconds in US dollars.

    Raises:
        InputError: Unknown execution class, or a negative amount.

    Example:
        >>> round(dollars(2400.0), 3)
        0.293
    """
    if execution_class not in DOLLARS_PER_DPU_HOUR:
        hint = did_you_mean(execution_class, DOLLARS_PER_DPU_HOUR)
        raise InputError(f"execution class is {execution_class!r}; {hint}")
    if not dpu_seconds >= 0:
        raise InputError(f"DPU-seconds are {dpu_seconds}; they must be 0 or more")
    return dpu_seconds / _HOUR * DOLLARS_PER_DPU_HOUR[execution_class]


def timeout_minutes(
    dollar_cap: float, *, worker_type: str = "G.1X", workers: int = 2, execution_class: str = "STANDARD"
) -> int:
    """The longest timeout, in whole minutes, with which one run cannot cost more than a cap.

    Args:
        dollar_cap: The most that one attempt of the job may cost, US dollars.
        worker_type: Glue's worker type.
        workers: Number of workers.
        execution_class: `"STANDARD"` or `"FLEX"`.

    Raises:
        InputError: The cap does not pay for one minute.

    Example:
        >>> timeout_minutes(0.30, worker_type="G.1X", workers=2)
        20
    """
    minute = dollars(
        dpu_seconds(_MINUTE, worker_type=worker_type, workers=workers), execution_class=execution_class
    )
    # A cap that pays for exactly n minutes must give n: the ratio may fall short of n by rounding.
    minutes = math.floor(dollar_cap / minute + 1e-9) if dollar_cap >= 0 else 0
    if minutes < 1:
        raise InputError(f"a cap of ${dollar_cap} does not pay for one minute, which costs ${minute:.4f}")
    return minutes
