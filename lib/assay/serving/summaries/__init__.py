"""The analysis of summary statistics that another tool has computed: a row per metric and arm, no units.

>>> from assay.serving.summaries import compare
>>> table = {
...     "variation": ["a", "b"], "users": [100, 100], "main_sum": [10, 25], "main_sum_squares": [10, 25]
... }
>>> compare(table, control="a").analysis.comparisons[0].method
'proportions_score'
"""

from __future__ import annotations

from assay.serving.summaries.comparing import Compared, compare

__all__ = ["Compared", "compare"]
