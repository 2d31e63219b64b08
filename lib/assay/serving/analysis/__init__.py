"""The analysis of an experiment that lies in one flat table: a result to use, print, store or show.

>>> from assay.serving.analysis import analyze
>>> table = {"arm": ["a"] * 3 + ["b"] * 3, "bought": [0, 1, 0, 1, 1, 0]}
>>> analyze(table, arm="arm", control="a", metrics=["bought"]).comparisons[0].method
'proportions_score'
"""

from __future__ import annotations

from assay.serving.analysis.experiment import analyze, analyze_file
from assay.serving.analysis.result import Analysis, ArmCount, Check, Comparison, Summary

__all__ = ["Analysis", "ArmCount", "Check", "Comparison", "Summary", "analyze", "analyze_file"]
