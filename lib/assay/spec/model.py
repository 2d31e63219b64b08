"""What every model of a blueprint has in common: frozen, no unknown fields, problems that know their path."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import PydanticCustomError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
"""A name in lower case, safe in SQL, file names and URLs."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, from 0 to 1."""


class Model(BaseModel):
    """Base of every model: fixed once read; a misspelt field is an error, and text is not a number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class Extended(Model):
    """A model that has grown: its later fields are written only where they are set.

    The documents of blueprints that do not use them, and so their versions, are those from before.
    """

    later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        tree: dict[str, object] = write(self)
        fields = type(self).model_fields
        unset = {
            name
            for name in self.later
            if getattr(self, name) == fields[name].get_default(call_default_factory=True)
        }
        return {name: value for name, value in tree.items() if name not in unset}


def problem(path: str, sentence: str) -> PydanticCustomError:
    """An error that a validator raises about a field deeper than its own model.

    Args:
        path: Dotted path of the field, below the model that raises; empty for the model itself.
        sentence: What is wrong, what is allowed, what to do.
    """
    return PydanticCustomError("assay", "{sentence}", {"path": path, "sentence": sentence})


def check_shares(path: str, shares: dict[str, float]) -> None:
    """Shares of a whole sum to 1.

    Args:
        path: Dotted path of the shares, below the model that checks.
        shares: Name to share.

    Raises:
        PydanticCustomError: They do not; the tolerance of 1e-9 forgives binary fractions only.
    """
    total = sum(shares.values())
    if not abs(total - 1) <= 1e-9:  # noqa: PLR2004 - said above
        raise problem(path, f"the shares sum to {total:.10g}; they must sum to 1")
