"""What is said when there is no database behind the credentials: never the password."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assay.errors import AssayError, InputError
from assay.runtime import causes
from assay.sources import database

PASSWORD = "s3cret-0f-the-day"
GOOD = {"host": "127.0.0.1", "port": 1, "dbname": "assay", "username": "assay", "password": PASSWORD}


def refusal(**changed: Any) -> AssayError:
    with pytest.raises(AssayError) as raised, database.connect({**GOOD, **changed}):
        pass
    return raised.value


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "database 127.0.0.1:1/assay: .*is it running and reachable, and does the secret hold"),
        ({"host": "no-such-host.invalid"}, "database no-such-host.invalid:1/assay: .*no-such-host"),
        ({"port": "five"}, "has a port that is none"),
        ({"dbname": "a;b"}, "has a dbname that is none"),
        ({"host": "h\n"}, "has a host that is none"),
        ({"sslmode": "perhaps"}, "perhaps"),
        ({"password": f"{PASSWORD}\0"}, "database|refused"),
        ({"host": f"postgresql://assay:{PASSWORD}@h/assay"}, "has a host that is none"),
    ],
)
def test_a_connection_that_fails_is_told_without_the_password(changed: dict[str, Any], said: str) -> None:
    error = refusal(**changed)
    assert re.search(said, error.message)
    for text in (error.message, causes.told(error), causes.trace(error)):
        assert PASSWORD not in text


def test_a_secret_without_a_field_is_told_without_its_values() -> None:
    lacking = {name: value for name, value in GOOD.items() if name != "host"}
    said = "the database's secret has no host; it needs host, port"
    with pytest.raises(InputError, match=said) as raised, database.connect(lacking):
        pass
    assert PASSWORD not in causes.trace(raised.value)
