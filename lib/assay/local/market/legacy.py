"""The stand-in market's old database: a table of closes with names and units of another time.

Its owner filled it once, far ahead: a reader takes what is older than the end of its week.
"""

from __future__ import annotations

from pathlib import Path

import psycopg

from assay.local.market import planted, replay
from assay.local.market.replay import LISTINGS

EXCHANGES = {"XETR": "F", "XSWX": "Z", "XPAR": "P", "XLON": "L"}
NUMBERS = {asset: number for number, asset in enumerate(LISTINGS, 1)}
_DDL = """
CREATE TABLE IF NOT EXISTS kurse (
    titel_nr  smallint NOT NULL,
    boerse    char(1)  NOT NULL,
    kursdatum date     NOT NULL,
    waehrung  char(3)  NOT NULL,
    kurs_cts  bigint   NOT NULL,  -- hundredths of the currency
    PRIMARY KEY (titel_nr, kursdatum)
)
"""


def fill(dsn: str, file: Path) -> None:
    """Make the table and fill it, unless it is filled.

    Args:
        dsn: Connection string of the database.
        file: Where the replay is kept.
    """
    with psycopg.connect(dsn) as connection:
        connection.execute(_DDL)
        if connection.execute("SELECT FROM kurse LIMIT 1").fetchone() is not None:
            return
        with connection.cursor().copy("COPY kurse FROM STDIN") as copy:
            for asset, series in planted.legacy(replay.kept(file)).items():
                listing = LISTINGS[asset]
                for day, close in series.items():
                    cents = int(close * 100)
                    copy.write_row(
                        (NUMBERS[asset], EXCHANGES[listing.exchange], day, listing.currency, cents)
                    )
