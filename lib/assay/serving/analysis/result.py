"""What does an analysis say? Frozen, flat rows in the words of gold.experiment_results, and their faces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from assay.serving.analysis import document, frames, page

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd
    import pyarrow as pa

    from assay.certify.diagnosis.diagnose import Diagnosis

SCHEMA = "assay.analysis/1"


@dataclass(frozen=True, slots=True)
class ArmCount:
    """How many rows an arm has, and how many were planned.

    Attributes:
        arm: Label.
        units: Rows of the arm, whatever is missing in them.
        share: Share of all rows that have an arm, in [0, 1].
        planned_share: Allocation, when it was given.
    """

    arm: str
    units: int
    share: float
    planned_share: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric in one arm.

    Attributes:
        metric: Name of the metric.
        type: `mean`, `proportion` or `ratio`.
        arm: Label.
        n: Units with a value.
        missing: Units of the arm without one.
        mean: Mean, share, or Σnumerator / Σdenominator over the units with a value.
        std_dev: Standard deviation of the value per unit (n - 1); None for a ratio.
    """

    metric: str
    type: str
    arm: str
    n: int
    missing: int
    mean: float
    std_dev: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One treatment against control on one metric.

    Attributes:
        metric: Name of the metric.
        type: `mean`, `proportion` or `ratio`.
        method: Name of the method in the registry.
        method_version: Its version.
        contrast: `<treatment> vs <control>`.
        control: Label of the control.
        treatment: Label of the treatment.
        n_control: Units with a value in control.
        n_treatment: Units with a value in treatment.
        mean_control: Mean, share or ratio of control.
        mean_treatment: The same of treatment.
        estimate: Treatment minus control, in the metric's unit.
        std_error: Its standard error.
        lower: Lower end of the interval at level 1 - `alpha`.
        upper: Upper end.
        statistic: The test's statistic.
        df: Its degrees of freedom; infinite for a normal reference.
        p_value: Two-sided; below `alpha` exactly when the interval leaves out 0.
        relative_estimate: Treatment / control - 1.
        relative_lower: Lower end of its interval at level 1 - `alpha`; -inf or NaN when it has none.
        relative_upper: Upper end.
        alpha: Level of this interval and test.
        alpha_corrected: Holm's level of this comparison among all of the analysis.
        lower_corrected: Lower end of the interval at level 1 - `alpha_corrected`.
        upper_corrected: Upper end.
        p_holm: p-value adjusted by Holm for all comparisons; below `alpha` where a difference is shown, which
            is where the corrected interval leaves out 0.
        reason: Why a number is missing, in words; empty if none is.
        decision: `higher`, `lower`, `no difference shown`, `cannot be judged`, or `invalid: ...`.
        sentence: The result in words.
    """

    metric: str
    type: str
    method: str
    method_version: str
    contrast: str
    control: str
    treatment: str
    n_control: int
    n_treatment: int
    mean_control: float
    mean_treatment: float
    estimate: float
    std_error: float
    lower: float
    upper: float
    statistic: float
    df: float
    p_value: float
    relative_estimate: float
    relative_lower: float
    relative_upper: float
    alpha: float
    alpha_corrected: float
    lower_corrected: float
    upper_corrected: float
    p_holm: float
    reason: str
    decision: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check on the data behind the results.

    Attributes:
        check: `srm`, or `missing` with the metric's name.
        status: `ok`, `warn`, `fail`, or `not checked`.
        p_value: Of the check's test; None when it was not checked.
        detail: The finding in words.
    """

    check: str
    status: str
    p_value: float | None
    detail: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysed experiment.

    Attributes:
        source: What was analysed, for people: a file's name or "a table".
        arm_column: Column that names the arms.
        control: Label of the control.
        rows: All rows of the table; of summary statistics, the units that they describe.
        rows_without_arm: Rows left out because they name no arm.
        alpha: Level asked for.
        alpha_bonferroni: alpha over the number of comparisons: each one's level without Holm's steps.
        arms: One per arm, control first.
        summaries: One per metric and arm.
        comparisons: One per metric and treatment.
        checks: Sample ratio, then missing values per metric.
        diagnoses: The measured error rates of each comparison, in the same order; none if not asked for.
        summarised: The table held summary statistics, not units.
    """

    source: str
    arm_column: str
    control: str
    rows: int
    rows_without_arm: int
    alpha: float
    alpha_bonferroni: float
    arms: tuple[ArmCount, ...]
    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    checks: tuple[Check, ...]
    diagnoses: tuple[Diagnosis, ...] = ()
    summarised: bool = False

    def to_dict(self) -> dict[str, object]:
        """Plain values with the schema's name first; numbers at full precision, NaN and infinity as None."""
        return {"schema": SCHEMA, **document.plain(asdict(self))}

    def to_json(self) -> str:
        """`to_dict` as indented JSON."""
        return document.dumps(self.to_dict())

    def to_html(self) -> str:
        """A page on its own: no script, no outside resource; light and dark."""
        return page.document(self)

    def to_arrow(self) -> pa.Table:
        """An Arrow table with a row per comparison, in the words of gold.experiment_results."""
        return frames.table(self, Comparison)

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow` as a pandas DataFrame."""
        found: pd.DataFrame = self.to_arrow().to_pandas()
        return found

    def chart(self) -> alt.VConcatChart:
        """The differences with their intervals as an Altair chart.

        Raises:
            InputError: Altair is not installed.
        """
        from assay.serving.analysis.chart import forest

        return forest(self.comparisons)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return page.fragment(self)
