"""What a cluster makes is what one process makes: no fault, so `make test-cluster` runs it by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.harness import FIRST, JOBS, SECOND, Place, Undisturbed, differing


@pytest.mark.slow
def test_a_cluster_gives_what_one_process_gives(
    fresh: Place, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Two weeks, all that Spark does of them on two executors that share nothing but the object store."""
    cluster = fresh.cluster_of_two(tmp_path)
    for week in (FIRST, SECOND):
        for job in JOBS:
            ended = fresh.job(job, week, environment=cluster)
            assert ended.code == 0, ended.said
    assert differing(fresh.checksums(), undisturbed.second) == set()
