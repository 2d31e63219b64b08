"""From a validation error to one sentence: file, dotted path, value, what is allowed, remedy."""

from __future__ import annotations

import re
import types
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from assay.errors import did_you_mean

_LONGEST = 60
_KINDS = {
    "model_type": "a mapping of fields",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "model_attributes_type": "a mapping of fields",
}


def sentence(error: ValidationError, model: type[BaseModel], source: str) -> str:
    """Say the first problem of a document, and how many more there are.

    Args:
        error: What pydantic found.
        model: The model of the whole document.
        source: What to call the document.

    Example:
        `shop.yaml, metrics.revenue: no field 'higher_is_bettr'; did you mean 'higher_is_better'?`
    """
    details = error.errors(include_url=False)
    # A misspelt field also leaves its right spelling missing: name the misspelling first.
    details.sort(key=lambda d: d["type"] != "extra_forbidden")
    path, text = _describe(details[0], model)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return f"{source}, {path}: {text}{more}" if path else f"{source}: {text}{more}"


def _describe(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Dotted path and sentence of one problem."""
    loc, last = _placed(model, [part for part in detail["loc"] if part != "[key]"])
    if detail["type"] == "assay":
        context = detail.get("ctx", {})
        below = str(context["path"])
        return _dotted([*loc, *([below] if below else [])]), str(context["sentence"])
    if detail["type"] == "extra_forbidden":
        fields = list(last.model_fields) if last else []
        return _dotted(loc[:-1]), f"no field {str(loc[-1])!r}; {did_you_mean(str(loc[-1]), fields)}"
    if detail["type"] == "missing":
        return _dotted(loc[:-1]), f"the field {str(loc[-1])!r} is missing; add it"
    if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return _untold(detail, loc, list(_variants(_annotation(model, loc))))
    return _dotted(loc), f"is {_short(detail['input'])}; {_rule(detail)}"


def _untold(detail: ErrorDetails, loc: list[str | int], kinds: list[str]) -> tuple[str, str]:
    """The sentence where one of several models is meant, and the field `kind` does not say which."""
    if detail["type"] == "union_tag_not_found":
        return _dotted(loc), f"the field 'kind' is missing; add it, one of {', '.join(kinds)}"
    tag = str(detail.get("ctx", {})["tag"])
    return _dotted([*loc, "kind"]), f"is {tag!r}; {did_you_mean(tag, kinds)}"


def _rule(detail: ErrorDetails) -> str:
    """What is allowed, in our words where pydantic's are not plain."""
    if detail["type"] == "string_pattern_mismatch":
        pattern = str(detail.get("ctx", {})["pattern"])
        if "." in pattern:
            return "it must be layer.table in lower case, such as silver.trades"
        return "a name must be lower-case letters, digits and underscores, starting with a letter"
    if detail["type"] in _KINDS:
        return f"it must be {_KINDS[detail['type']]}"
    return re.sub(r"^\w+ should ", "it must ", detail["msg"])


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _dotted(loc: list[str | int]) -> str:
    return ".".join(str(part) for part in loc)


def _placed(model: type[BaseModel], loc: list[str | int]) -> tuple[list[str | int], type[BaseModel] | None]:
    """A place as it is written, without the kinds that pydantic adds; and the innermost model there."""
    here: object = model
    found: list[str | int] = []
    last = _model_of(model)
    for part in loc:
        variant = _variants(here).get(str(part))
        if variant is None:
            found.append(part)
        here = variant or _inside(here, part)
        last = _model_of(here) or last
    return found, last


def _annotation(model: type[BaseModel], loc: list[str | int]) -> object:
    """The annotation of what stands at a place of the document."""
    here: object = model
    for part in loc:
        here = _inside(here, part)
    return here


def _variants(annotation: object) -> dict[str, type[BaseModel]]:
    """Kind to model, where the annotation is one of several models."""
    if get_origin(annotation) not in {Union, types.UnionType}:
        return {}
    models = [model for argument in get_args(annotation) if (model := _model_of(argument))]
    return {
        str(model.model_fields["kind"].default): model for model in models if "kind" in model.model_fields
    }


def _inside(annotation: object, part: str | int) -> object:
    """The annotation of one field of a model, or of the values of a dict or list."""
    model = _model_of(annotation)
    if model is not None:
        field = model.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(_bare(annotation))
    return arguments[-1] if arguments else None


def _model_of(annotation: object) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _bare(annotation: object) -> object:
    """Without `| None`."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return _bare(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation
