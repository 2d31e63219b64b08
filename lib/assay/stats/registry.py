"""The registry of methods: a method is a value, not a branch.

The analyser, the SQL functions, certification and the documentation all read `METHODS`. Adding a method is
one function under `@method(...)`. Its protocol:

* two data arguments, control then treatment, of the type that the function annotates (`Moments` today; a
  method that needs the samples themselves annotates its own type of data);
* options are the function's keyword-only parameters, `alpha` among them, and nothing else is accepted;
* the answer is an `Effect` whose shape is what the data and `alpha` broadcast to.

`Method.__call__` is the one door: it validates, so that functions behind it may trust what they get, and it
silences floating-point warnings, because every undefined number carries a reason code instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import InputError, did_you_mean
from assay.stats.checks import open_unit, shared_shape
from assay.stats.moments import Moments
from assay.stats.result import Effect

MetricType = Literal["mean", "proportion", "ratio"]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to compare two arms.

    Attributes:
        name: What blueprints and results call it.
        version: Raised whenever a number it gives changes; certificates name it.
        metric_types: Types of metric it is meant for.
        summary: One sentence for tables and documentation.
        needs: The series that the moments must carry: of `y`, `d`, `x`.
        data: The type of its two data arguments.
        function: The arithmetic, `(control, treatment, *, alpha, ...) -> Effect`.
    """

    name: str
    version: str
    metric_types: tuple[MetricType, ...]
    summary: str
    needs: tuple[str, ...]
    data: type
    function: Callable[..., Effect]

    def __call__(
        self, control: object, treatment: object, *, alpha: ArrayLike = 0.05, **options: object
    ) -> Effect:
        """Compare treatment with control.

        Args:
            control: Data of the control, of the type `data`; any shape.
            treatment: Data of the treatment; shapes broadcast.
            alpha: Level of the test and 1 - confidence of the intervals, strictly between 0 and 1; broadcasts
                (a corrected level per test).
            **options: Keyword-only parameters of `function`.

        Returns:
            Effects of the broadcast shape.

        Raises:
            InputError: Data of another type or without a needed series, shapes that do not broadcast, a level
                outside (0, 1), or an option that the method does not have.
        """
        level = open_unit("alpha", alpha)
        for option in options:
            if option not in self.options:
                raise InputError(
                    f"{self.name} has no option {option!r}; {did_you_mean(option, self.options)}"
                )
        for name, data in (("control", control), ("treatment", treatment)):
            self._check(name, data)
        if isinstance(control, Moments) and isinstance(treatment, Moments):
            shared_shape(control=control.n, treatment=treatment.n, alpha=level)
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

    def _check(self, name: str, data: object) -> None:
        if not isinstance(data, self.data):
            raise InputError(
                f"{name} is of type {type(data).__name__}; {self.name} takes {self.data.__name__}"
            )
        missing = [s for s in self.needs if isinstance(data, Moments) and s not in data.series]
        if missing:
            raise InputError(
                f"{name} has no series {', '.join(missing)}; {self.name} needs {', '.join(self.needs)}"
            )


METHODS: dict[str, Method] = {}

DEFAULT_METHOD: Mapping[str, str] = MappingProxyType(
    {"mean": "welch", "proportion": "proportions_score", "ratio": "ratio_delta"}
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
) -> Callable[[Callable[..., Effect]], Method]:
    """Register a function as a method; the function's name then stands for the `Method`.

    Args:
        name: Unique name.
        version: Version of its numbers.
        metric_types: Types of metric it is meant for.
        summary: One sentence.
        needs: Series that its data must carry.
        data: Type of its data.

    Returns:
        The decorator.

    Raises:
        InputError: The name is taken.
    """

    def register(function: Callable[..., Effect]) -> Method:
        if name in METHODS:
            raise InputError(f"a method {name!r} is registered already; choose another name")
        METHODS[name] = Method(name, version, metric_types, summary, needs, data, function)
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
