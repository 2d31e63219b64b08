"""What the page *Calibration* asks: planted experiments beside their truth, and the measured methods.

The other questions of this page ship for everybody: `coverage`, `power` and `methods` of `assay query`.
"""

from __future__ import annotations

from typing import Final

P_VALUES: Final = """
SELECT metric, method, p_value
FROM gold.experiment_results
WHERE experiment LIKE 'canary%' AND final AND segment = 'all' AND truth = 0e0 AND p_value IS NOT NULL
ORDER BY metric, method, p_value
"""
"""The p-values of all canaries that have ended, in metrics that nothing is planted in."""
RATES: Final = """
SELECT metric, method, nulls, false_alarms, type_i_error, type_i_lower, type_i_upper,
       1e0 - coverage_promised AS promised
FROM gold.canary_rates
WHERE nulls > 0
ORDER BY metric, method
"""
"""How often each method called canaries different that are not, with the band of so many results."""
GATE: Final = """
SELECT week, run_id, state, rows_in, seconds, error
FROM gold.runs
WHERE job LIKE '%-calibrate'
ORDER BY week, started_at
"""
"""What the gate said of every week."""
