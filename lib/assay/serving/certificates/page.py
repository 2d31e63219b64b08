"""The page of certificates: the rule first, then the maps, then what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.certify.certificate import LIBERAL, Certificate
from assay.certify.lab.catalogue import OUTCOMES
from assay.certify.lab.choice import best, default_of, rivals
from assay.certify.lab.grid import LOOKS, SIZES, TREATED
from assay.certify.lab.scenario import Scenario
from assay.serving.certificates.heatmap import COVERAGE, TYPE_I, Scale, svg
from assay.stats import METHODS

MADE = "<!-- Made by `make certificates` from the shipped certificates; change nothing here by hand. -->"
_HEAD = """# Certificates

How often is each method wrong? Measured by simulation, on {outcomes} kinds of data whose truth is known, with {sizes}
units an arm, in equal arms and with nine in ten units in the control: {cells:,} certificates.
A method that reads moments has 20,000 replicates in every cell (standard error of a type I error of 5 %: 0.15 points),
slower ones fewer and in fewer cells; each certificate states its Monte-Carlo interval.

- `assay certify` prints a summary; `assay certify --scenario gamma-0.1` measures again what you like.
- [The file](../../lib/assay/certify/lab/certificates.csv) has everything: power at a planted lift, coverage with the
  misses on either side, bias, root mean squared error, stated over true standard error, errors of type S and M.
- [Publications made again](published.md), and [the gate](gate.md) that watches the planted experiments of every week.
"""  # noqa: E501 - lines of the page
_KINDS = """
## The kinds of data

| name | what a unit looks like |
|---|---|
"""


def page(certificates: Sequence[Certificate]) -> str:
    """The page in Markdown; its maps are `maps`.

    Args:
        certificates: Those that ship.
    """
    parts = [
        MADE,
        "",
        _HEAD.format(outcomes=len(OUTCOMES), sizes=_listed(SIZES), cells=len(certificates)),
        "## The rule: which method for which data\n",
        "The most powerful method for a difference of means, shares or ratios that does not err more often",
        "than in 5.5 % beyond Monte-Carlo error, with its type I error; **bold** if it is not the default.",
        "A dash: no method holds its level. Methods with fewer than 1,000 replicates are left out.\n",
        *(_rule(certificates, treated) for treated in TREATED),
        "In unequal arms tests with one variance for both (`student`, `quasi_poisson`) hold because without",
        "an effect the variances are equal here; a treatment that changes only the variance is not among",
        "these data.\n",
        "## What the defaults do\n",
        _defaults(certificates),
        "## Maps\n",
        *(f"![{title}]({name})\n" for name, title in _titles()),
        "## Looked at again and again\n",
        f"{LOOKS} looks, stopping at the first significant one. A test for a single look errs far too often;",
        "one that is valid at any time does not, and its price is power.\n",
        _peeking(certificates),
        _KINDS + "\n".join(f"| `{name}` | {_words(name)} |" for name in OUTCOMES),
    ]
    return "\n".join(parts) + "\n"


def maps(certificates: Iterable[Certificate]) -> dict[str, str]:
    """File name → SVG of every map of the page."""
    kept = list(certificates)
    return {
        f"{name}-{_share(treated)}.svg": _map(scale, kept, treated)
        for treated in TREATED
        for name, scale in (("type-i", TYPE_I), ("coverage", COVERAGE))
    }


def _titles() -> list[tuple[str, str]]:
    arms = {0.5: "equal arms", 0.1: "nine in ten units in the control"}
    return [
        (f"{name}-{_share(treated)}.svg", f"{scale.title}, {arms[treated]}")
        for treated in TREATED
        for name, scale in (("type-i", TYPE_I), ("coverage", COVERAGE))
    ]


def _map(scale: Scale, certificates: Sequence[Certificate], treated: float) -> str:
    values: dict[tuple[str, str, str], float] = {}
    for one in certificates:
        scenario = Scenario.parse(one.scenario)
        figure = one.type_i_error if scale is TYPE_I else _missed(one)
        if scenario.looks == 1 and abs(scenario.treated - treated) < 0.01 and figure is not None:  # noqa: PLR2004
            values[one.method, scenario.outcome, _size(scenario.n)] = figure
    methods = [name for name in sorted(METHODS, key=_by_family) if any(key[0] == name for key in values)]
    sizes = [_size(n) for n in SIZES]
    columns = {o: [s for s in sizes if any(k[1:] == (o, s) for k in values)] for o in OUTCOMES}
    return svg(scale, methods, {o: s for o, s in columns.items() if s}, values)


def _missed(one: Certificate) -> float | None:
    return None if one.coverage is None else 1 - one.coverage


def _by_family(name: str) -> tuple[str, str]:
    return METHODS[name].family, name


def _rule(certificates: Sequence[Certificate], treated: float) -> str:
    arms = "Equal arms" if treated == 0.5 else "Nine in ten units in the control"  # noqa: PLR2004
    lines = [
        f"{arms}:\n",
        f"| data | {' | '.join(f'{n:,}' for n in SIZES)} |",
        "|---" * (len(SIZES) + 1) + "|",
    ]
    for outcome in OUTCOMES:
        cells = [_advice(certificates, f"{outcome}:{n}:{_share(treated).replace('-', '/')}") for n in SIZES]
        if any(cells):
            lines.append(f"| `{outcome}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _advice(certificates: Sequence[Certificate], scenario: str) -> str:
    if not rivals(certificates, scenario):
        return ""
    chosen = best(certificates, scenario)
    if chosen is None:
        return "–"
    plain = chosen.method == default_of(scenario)
    text = f"`{chosen.method}` {100 * chosen.type_i_error:.1f} %"
    return text if plain else f"**{text}**"


def _defaults(certificates: Sequence[Certificate]) -> str:
    lines = [
        "| default | data | units an arm | type I error | power | power of the best fit method |",
        "|---" * 6 + "|",
    ]
    for one in certificates:
        scenario = Scenario.parse(one.scenario)
        if one.method != default_of(one.scenario) or scenario.looks > 1 or one.verdict != LIBERAL:
            continue
        other = best(certificates, one.scenario)
        rate = f"{100 * one.type_i_error:.1f} % ({100 * one.lower:.1f} to {100 * one.upper:.1f})"
        power = f"{100 * (one.power or 0):.0f} %"
        beside = "none" if other is None else f"`{other.method}` {100 * (other.power or 0):.0f} %"
        units = f"{scenario.n_control:,} and {scenario.n_treatment:,}"
        lines.append(f"| `{one.method}` | `{scenario.outcome}` | {units} | {rate} | {power} | {beside} |")
    head = "Every cell in which a default errs too often; in all others it holds its level or is careful.\n"
    return head + "\n" + "\n".join(lines) + "\n"


def _peeking(certificates: Sequence[Certificate]) -> str:
    lines = ["| data | units an arm | method | type I error | power |", "|---" * 5 + "|"]
    for one in certificates:
        scenario = Scenario.parse(one.scenario)
        if scenario.looks > 1:
            rate, power = f"{100 * one.type_i_error:.1f} %", f"{100 * (one.power or 0):.0f} %"
            lines.append(f"| `{scenario.outcome}` | {scenario.n:,} | `{one.method}` | {rate} | {power} |")
    return "\n".join(lines) + "\n"


def _words(name: str) -> str:
    law = OUTCOMES[name]()
    spread = law.variance**0.5
    return f"{type(law).__name__.lower()}: {_of(law)}; truth {law.truth:.4g}, deviation {spread:.4g}"


def _of(law: object) -> str:
    text = repr(getattr(law, "law", law))
    late = getattr(law, "late", 0.0)
    return f"`{text}`" + (f", {100 * late:.0f} % of the units counted as 0 still" if late else "")


def _listed(values: Sequence[int]) -> str:
    texts = [f"{value:,}" for value in values]
    return ", ".join(texts[:-1]) + " and " + texts[-1]


def _share(treated: float) -> str:
    percent = round(100 * treated)
    return f"{100 - percent}-{percent}"


def _size(n: int) -> str:
    return f"{n // 1000}k" if n >= 1000 else str(n)  # noqa: PLR2004 - thousands
