"""How any source is asked: addresses, what is new, pages, who asks, and how much it may be asked."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from assay.spec.model import Model, Name, problem


def _like(pattern: str, must: str) -> AfterValidator:
    """A text of this form; `must` says it in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise problem("", f"is {value[:80]!r}; it must be {must}")
        return value

    return AfterValidator(check)


Text = Annotated[str, Field(min_length=1, max_length=2000)]
Scalar = str | int | float
Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Address = Annotated[str, _like(r"https?://[^\s/]+(/\S*)?", "an address such as https://api.example.com")]
UrlPath = Annotated[str, _like(r"(/\S*)?", "a path that begins with /, without spaces")]
Relation = Annotated[
    str,
    _like(r"[A-Za-z_][\w$]{0,99}(\.[A-Za-z_][\w$]{0,99})?", "the name of a table, such as sales.closes"),
]
FilePlace = Annotated[
    str,
    _like(
        r"(dropped/|https://|http://127\.0\.0\.1:|sftp://)\S{1,1000}",
        "a place that begins with dropped/ (in the landing bucket), https:// or sftp://",
    ),
]
Column = Name


class Since(Model):
    """How a source is asked for what is new only.

    Attributes:
        column: The column (of the table's contract) that grows: a day, a time or a number.
        query: Parameter of the request that takes the value to begin with; for `rest` only.
        first: Where the first run begins; everything if left out.
        lag: How much before the last value is asked for again, in days or, where the column is a number, in
            its unit: rows that arrive late are found so, and rows that are there already change nothing.
    """

    column: Column
    query: Text | None = None
    first: Scalar | None = None
    lag: float = Field(default=0, ge=0)


class Limits(Model):
    """What a source may be asked.

    Attributes:
        per_second: Most requests per second.
        parallel: Most requests at a time.
        attempts: How often a request is tried: after 429, 5xx or a lost connection it is repeated later.
        wait: Seconds before the second attempt; they double with each. `Retry-After` counts more.
        timeout: Seconds that an answer may take.
    """

    per_second: float = Field(default=20.0, gt=0, le=10_000)
    parallel: int = Field(default=4, ge=1, le=64)
    attempts: int = Field(default=5, ge=1, le=20)
    wait: float = Field(default=1.0, ge=0, le=300)
    timeout: float = Field(default=30.0, gt=0, le=600)


class Pages(Model):
    """How an answer leads to the next one.

    Attributes:
        by: `number` and `offset` count, `cursor` sends back a text of the answer, `link` follows an address
            in it, `header` one in its `Link` header.
        query: Parameter for the number, offset or cursor.
        at: Path in the answer: of the cursor or link; of the total (of pages, or of records for `offset`).
        first: The first page's number.
        size: Records per page, for `offset`.
        size_query: Parameter for the size, for `offset`.
    """

    by: Literal["number", "offset", "cursor", "link", "header"]
    query: Text | None = None
    at: Text | None = None
    first: int = Field(default=1, ge=0)
    size: int = Field(default=100, ge=1, le=100_000)
    size_query: Text = "limit"

    @model_validator(mode="after")
    def _check(self) -> Pages:
        if self.by in {"number", "offset", "cursor"} and self.query is None:
            raise problem("query", f"is missing; pages by {self.by} need the parameter that names the page")
        if self.by in {"cursor", "link"} and self.at is None:
            raise problem("at", f"is missing; pages by {self.by} need the path of the next {self.by}")
        return self


class Auth(Model):
    """How a request shows who asks; what it shows stands in the source's secret.

    Attributes:
        by: `bearer` sends the secret's `token`; `header` sends it in a header of its own; `basic` sends
            `username` and `password`; `oauth2` gets a token for `client_id` and `client_secret` first.
        header: Name of the header.
        url: Where `oauth2` gets its token.
    """

    by: Literal["bearer", "header", "basic", "oauth2"]
    header: Text | None = None
    url: Address | None = None

    @model_validator(mode="after")
    def _check(self) -> Auth:
        if (self.by == "header") != (self.header is not None):
            raise problem("header", "is given with 'by: header', and only then; name the header")
        if (self.by == "oauth2") != (self.url is not None):
            raise problem("url", "is given with 'by: oauth2', and only then; give the token's address")
        return self
