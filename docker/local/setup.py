"""Makes what the jobs expect to find, in the containers of compose.yaml; may run any number of times.

The containers share one network, so that every address is 127.0.0.1, as on one machine.
"""

from __future__ import annotations

import os

from assay.local import starters, state
from assay.local.running import Stack

PORTS = {"emulator": 4566, "postgres": 5432, "market": 8100, "api": 8000}
PASSWORD = "ASSAY_DATABASE_PASSWORD"  # noqa: S105 the variable's name


def main() -> None:
    """Note ports and password in the stack's folder, then make databases, buckets, tables and secrets."""
    home = state.home()
    with home.locked():
        home.update(ports=PORTS, password=os.environ[PASSWORD])
        starters.set_up(Stack(home, PORTS), mend=True)


if __name__ == "__main__":
    main()
