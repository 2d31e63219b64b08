"""Writes docs/methods from the library itself: `make docs`.

One page per package of `assay.stats`, made of docstrings, an index, and `accuracy.md`: the worst deviation of
each method and function from the golden books, which come from other implementations and from publications.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from assay import stats
from assay.spark.udfs import PREFIX, moment_names
from assay.stats import METHODS, Method, Moments

HERE = Path(__file__).parent
PAGES = HERE / "methods"
SECTIONS = (
    "Formula",
    "Assumes",
    "Use when",
    "Avoid when",
    "Args",
    "Returns",
    "Raises",
    "Example",
    "References",
)
MADE = "<!-- Made by `make docs` from the docstrings of assay.stats; change those. -->\n\n"
ACCURACY = (
    "The worst relative error (absolute where 0 is expected) of each method and function over all numbers of "
    "its references, and the tolerance at which a test holds that number. References are other "
    "implementations, publications, and slow twins in high-precision arithmetic, never this code. Printed "
    "figures have a few digits, so that what deviates from them is their rounding: a column of their own."
)
PRINTED = 2e-5
"""Tolerance from which on a book holds printed figures."""
_HEADER = re.compile(rf"^({'|'.join(SECTIONS)}|Attributes):\s*(.*)$")


@dataclass(frozen=True)
class Doc:
    """A docstring in its parts.

    Attributes:
        summary: The first paragraph.
        body: What follows it before the first section.
        sections: Name of a section to its text.
    """

    summary: str
    body: str
    sections: dict[str, str]


def parse(thing: object) -> Doc:
    """The docstring of a function, class or module in its parts."""
    named: dict[str, list[str]] = {"": []}
    current = ""
    for line in (inspect.getdoc(thing) or "").splitlines():
        found = _HEADER.match(line)
        if found:
            current = found[1]
            named[current] = [found[2]] if found[2] else []
        else:
            named[current].append(line.removeprefix("    ") if current else line)
    texts = {name: "\n".join(lines).strip() for name, lines in named.items()}
    summary, _, body = texts.pop("").partition("\n\n")
    return Doc(" ".join(summary.split()), body, texts)


def families() -> Iterator[ModuleType]:
    """The packages of `assay.stats`, by name."""
    for name, value in sorted(vars(stats).items()):
        if (
            inspect.ismodule(value)
            and value.__name__.startswith("assay.stats.")
            and hasattr(value, "__path__")
        ):
            yield importlib.import_module(f"assay.stats.{name}")


def methods_of(family: ModuleType) -> list[Method]:
    """The methods whose function stands in a package, by name."""
    short = family.__name__.rpartition(".")[2]
    return sorted((m for m in METHODS.values() if m.family == short), key=lambda m: m.name)


def functions_of(family: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """The public functions of a package that are no methods, by name."""
    for name in sorted(family.__all__):
        value = getattr(family, name)
        if inspect.isfunction(value):
            yield name, value


def call_of(method: Method) -> str:
    """How the method is called from SQL, or what it takes."""
    if method.data is not Moments:
        return (
            f"data: `{method.data.__name__}` ({', '.join(method.needs)})"
            if method.needs
            else (f"data: `{method.data.__name__}`")
        )
    names = moment_names(method)
    each = ", ".join([*(f"{name}_c" for name in names), *(f"{name}_t" for name in names)])
    return f"SQL: `{PREFIX}{method.name}({each} [, alpha [, alternative]])`"


def method_section(method: Method) -> str:
    """One method's part of its page."""
    doc = parse(method.function)
    metrics = ", ".join(method.metric_types) or "none; called directly"
    lines = [f"## {method.name}", "", method.summary, ""]
    lines += [*([doc.body, ""] if doc.body else [])]
    for name in SECTIONS[:4]:
        lines += [f"**{name}.** {' '.join(doc.sections[name].split())}", ""]
    lines += [f"**Answers.** {' '.join(doc.sections['Returns'].split())}", ""]
    source = parse(sys.modules[method.function.__module__]).sections["References"]
    lines += [f"**Source.** {' '.join(source.split())}", ""]
    lines += [
        f"Metrics: {metrics}. Options: {', '.join(f'`{o}`' for o in method.options)}. {call_of(method)}."
    ]
    return "\n".join([*lines, f"Version {method.version}.", ""])


def function_section(name: str, function: Callable[..., object]) -> str:
    """One function's part of its page."""
    doc = parse(function)
    parameters = ", ".join(inspect.signature(function).parameters)
    lines = [f"### {name}({parameters})", "", doc.summary, "", *([doc.body, ""] if doc.body else [])]
    for section in SECTIONS[:4]:
        if section in doc.sections:
            lines += [f"**{section}.** {' '.join(doc.sections[section].split())}", ""]
    lines += [f"**Answers.** {' '.join(doc.sections.get('Returns', '').split())}", ""]
    source = parse(sys.modules[function.__module__]).sections.get("References")
    return "\n".join([*lines, *([f"**Source.** {' '.join(source.split())}", ""] if source else [])])


def page(family: ModuleType) -> str:
    """The page of one package."""
    short = family.__name__.rpartition(".")[2]
    doc = parse(family)
    parts = [f"{MADE}# {short}\n\n{doc.summary}\n", *([doc.body + "\n"] if doc.body else [])]
    parts += [method_section(method) for method in methods_of(family)]
    functions = [function_section(name, function) for name, function in functions_of(family)]
    return "\n".join([*parts, *(["## Functions\n", *functions] if functions else [])]).rstrip() + "\n"


def index() -> str:
    """The list of all methods, by package."""
    lines = [
        f"{MADE}# Methods\n",
        f"{len(METHODS)} ways to compare two arms, and what surrounds a comparison.",
    ]
    lines += [
        "How far each lies from its references: [accuracy](accuracy.md). How fast it is: [speed](speed.md).",
        "",
    ]
    for family in families():
        short = family.__name__.rpartition(".")[2]
        lines += [f"## [{short}]({short}.md)", "", parse(family).summary, ""]
        found = methods_of(family)
        if found:
            lines += ["| method | what it does | reads |", "|---|---|---|"]
            lines += [f"| `{m.name}` | {m.summary} | {m.data.__name__} |" for m in found]
            lines += [""]
        functions = [f"`{name}`" for name, _ in functions_of(family)]
        lines += [*([f"Functions: {', '.join(functions)}.", ""] if functions else [])]
    return "\n".join(lines).rstrip() + "\n"


def pages() -> dict[str, str]:
    """Every page that docstrings alone make: file name to text."""
    made = {f"{family.__name__.rpartition('.')[2]}.md": page(family) for family in families()}
    return {"README.md": index(), **made}


def accuracy() -> str:
    """The worst deviation of each method and function from its references."""
    sys.path.insert(0, str(HERE.parent / "tests" / "reference"))
    golden = importlib.import_module("golden")
    by_call = defaultdict(list)
    for book in golden.books():
        for check in golden.checks(book):
            by_call[check.call].append(check)
    lines = [f"{MADE}# Accuracy\n", ACCURACY, ""]
    lines += ["| what | numbers | worst deviation | of | tolerance | from printed figures | references |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, found in sorted(by_call.items()):
        computed = [check for check in found if check.tolerance < PRINTED]
        worst = max(computed, key=lambda check: check.error, default=None)
        figures = (
            f"{worst.error:.0e} | {worst.field or 'answer'} | {worst.tolerance:.0e}" if worst else "| | "
        )
        printed = max((check.error for check in found if check.tolerance >= PRINTED), default=None)
        sources = "; ".join(sorted({check.source for check in found}))
        rounded = "" if printed is None else f"{printed:.0e}"
        lines += [f"| `{name}` | {len(found)} | {figures} | {rounded} | {sources} |"]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages; remove those that nothing makes any more."""
    PAGES.mkdir(exist_ok=True)
    made = {**pages(), "accuracy.md": accuracy()}
    for stale in {path.name for path in PAGES.glob("*.md")} - set(made) - {"speed.md"}:  # by `make bench`
        (PAGES / stale).unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text)
    sys.stdout.write(f"docs/methods: {len(made)} pages\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
