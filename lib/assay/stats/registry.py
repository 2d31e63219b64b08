"""The registry of methods: a method is a value, not a branch.

The analyser, the SQL functions, certification and the documentation all read `METHODS`. Adding a method is
one function under `@method(...)`. Its protocol:

* two data arguments, control then treatment, of the type that the entry names: `Moments` where they
  suffice, `Samples` where the units themselves are needed, or a family's own type;
* options are the function's keyword-only parameters, `alpha` and `alternative` among them, and nothing else
  is accepted;
* the answer is an `Effect` (or `Posterior`) whose shape is what the data and `alpha` broadcast to;
* the docstring says `Formula:`, `Assumes:`, `Use when:` and `Avoid when:`, for the reference pages.

`Method.__call__` is the one door: it validates, so that functions behind it may trust what they get, and it
silences floating-point warnings, because every undefined number carries a reason code instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError, did_you_mean
from assay.stats.checks import open_unit, shared_shape
from assay.stats.moments import Moments
from assay.stats.result import Effect
from assay.stats.tails import checked

MetricType = Literal["mean", "proportion", "ratio", "quantile", "time_to_event"]
_DEFAULT_ALPHA = 0.05


@runtime_checkable
class Data(Protocol):
    """What the data of one arm must tell: its batch's shape, and which series it carries."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch: one element per test."""

    @property
    def series(self) -> frozenset[str]:
        """Names of the series that are present."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to compare two arms.

    Attributes:
        name: What blueprints and results call it.
        version: Raised whenever a number it gives changes; certificates name it.
        metric_types: Types of a blueprint's metrics it is meant for; none if it is called directly only.
        summary: One sentence for tables and documentation.
        needs: The series that the data must carry: `y` (metric), `d` (denominator), `x` (covariate), ...
        data: The type of its two data arguments.
        result: The type of its answer.
        function: The arithmetic, `(control, treatment, *, alpha, ...) -> Effect`.
    """

    name: str
    version: str
    metric_types: tuple[MetricType, ...]
    summary: str
    needs: tuple[str, ...]
    data: type
    result: type[Effect]
    function: Callable[..., Effect]

    def __call__(
        self,
        control: Data,
        treatment: Data,
        *,
        alpha: ArrayLike | None = None,
        confidence: ArrayLike | None = None,
        **options: Any,
    ) -> Effect:
        """Compare treatment with control.

        Args:
            control: Data of the control, of the type `data`; any shape.
            treatment: Data of the treatment; shapes broadcast.
            alpha: Level of the test and of the intervals, strictly between 0 and 1; broadcasts (a corrected
                level per test). 0.05 if left out.
            confidence: 1 - `alpha`, for those who think in it; give one of the two.
            **options: Keyword-only parameters of `function`; `alternative` is one of `two-sided`, `greater`
                and `less`.

        Returns:
            Effects of the broadcast shape.

        Raises:
            InputError: Data of another type or without a needed series, shapes that do not broadcast, a level
                outside (0, 1), an unknown alternative, or an option that the method does not have.
        """
        level = _level(alpha, confidence)
        for option in options:
            if option not in self.options:
                raise InputError(
                    f"{self.name} has no option {option!r}; {did_you_mean(option, self.options)}"
                )
        if "alternative" in options:
            options["alternative"] = checked(options["alternative"])
        for name, data in (("control", control), ("treatment", treatment)):
            self._check(name, data)
        shared_shape(control=np.empty(control.shape), treatment=np.empty(treatment.shape), alpha=level)
        with np.errstate(all="ignore"):
            return self.function(control, treatment, alpha=level, **options)

    def __reduce__(self) -> tuple[Callable[[str], Method], tuple[str]]:
        """Pickle by name: a method crosses to Python workers, which have the same registry."""
        return named, (self.name,)

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the keyword-only parameters of `function`."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)

    @property
    def family(self) -> str:
        """The package of `assay.stats` that the function stands in."""
        return self.function.__module__.split(".")[2]

    def _check(self, name: str, data: object) -> None:
        if not isinstance(data, self.data):
            raise InputError(
                f"{name} is of type {type(data).__name__}; {self.name} takes {self.data.__name__}"
            )
        missing = [s for s in self.needs if isinstance(data, Data) and s not in data.series]
        if missing:
            raise InputError(
                f"{name} has no series {', '.join(missing)}; {self.name} needs {', '.join(self.needs)}"
            )


METHODS: dict[str, Method] = {}

DEFAULT_METHOD: Mapping[str, str] = MappingProxyType(
    {
        "mean": "welch",
        "proportion": "proportions_score",
        "ratio": "ratio_delta",
        "quantile": "quantile_melded",
        "time_to_event": "restricted_mean",
    }
)
"""Type of metric to the name of the method that a report opens with, in gold as for a file."""


def method(
    *,
    name: str,
    version: str,
    metric_types: tuple[MetricType, ...],
    summary: str,
    needs: tuple[str, ...],
    data: type = Moments,
    result: type[Effect] = Effect,
) -> Callable[[Callable[..., Effect]], Method]:
    """Register a function as a method; the function's name then stands for the `Method`.

    Args:
        name: Unique name.
        version: Version of its numbers.
        metric_types: Types of metric it is meant for.
        summary: One sentence.
        needs: Series that its data must carry.
        data: Type of its data, with `shape` and `series`.
        result: Type of its answer.

    Returns:
        The decorator.

    Raises:
        InputError: The name is taken.
    """

    def register(function: Callable[..., Effect]) -> Method:
        if name in METHODS:
            raise InputError(f"a method {name!r} is registered already; choose another name")
        METHODS[name] = Method(name, version, metric_types, summary, needs, data, result, function)
        return METHODS[name]

    return register


def named(name: str) -> Method:
    """The method of that name.

    Raises:
        InputError: There is none; the message hints at the nearest.
    """
    if name not in METHODS:
        raise InputError(f"no method {name!r}; {did_you_mean(name, METHODS)}")
    return METHODS[name]


def for_metric(metric_type: MetricType) -> tuple[Method, ...]:
    """The methods meant for a type of metric, in the order of registration."""
    return tuple(m for m in METHODS.values() if metric_type in m.metric_types)


def _level(alpha: ArrayLike | None, confidence: ArrayLike | None) -> NDArray[np.float64]:
    if alpha is not None and confidence is not None:
        raise InputError("alpha and confidence are both given; give one, as alpha is 1 - confidence")
    if confidence is not None:
        return 1 - open_unit("confidence", confidence)
    return open_unit("alpha", _DEFAULT_ALPHA if alpha is None else alpha)
