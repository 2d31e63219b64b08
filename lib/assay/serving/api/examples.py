"""Examples of answers for the API's own description; a test reads each as what it is an example of."""

from __future__ import annotations

from typing import Final

_RUN: Final = "wr_20260302T031500_1a2b3c4d"
_CERTIFICATE: Final = "c-5f2a9d1e7b30"
EXPERIMENT: Final[dict[str, object]] = {
    "experiment": "checkout", "as_of": "2026-03-02", "first_as_of": "2026-01-12", "looks": 8, "final": True,
    "srm": False, "metrics": ["active_traders", "traded_value"], "contrasts": 1,
}  # fmt: skip
RESULT: Final[dict[str, object]] = {
    "experiment": "checkout", "as_of": "2026-03-02", "metric": "traded_value", "segment": "all",
    "contrast": "treatment vs control", "method": "welch", "control": "control", "treatment": "treatment",
    "n_control": 4981, "n_treatment": 5019, "mean_control": 812.4, "mean_treatment": 893.1, "estimate": 80.7,
    "std_error": 24.9, "lower": 31.9, "upper": 129.5, "statistic": 3.24, "df": 9874.2, "p_value": 0.0012,
    "relative_estimate": 0.0993, "relative_lower": 0.0378, "relative_upper": 0.1642, "alpha": 0.05,
    "alpha_corrected": 0.025, "mde": 69.8, "probability_greater": None, "decision": "better",
    "decided": "2026-03-02", "srm": False, "final": True, "certificate_id": _CERTIFICATE,
    "type_i_error": 0.0515, "type_i_lower": 0.0422, "type_i_upper": 0.0621, "truth": 81.2,
    "relative_truth": 0.1, "covered": True, "error_kind": "none", "run": _RUN,
}  # fmt: skip
CERTIFICATE: Final[dict[str, object]] = {
    "certificate_id": _CERTIFICATE, "method": "welch", "method_version": "1",
    "scenario": "units of checkout, split at random", "metric": "traded_value", "as_of": "2026-03-02",
    "n_control": 4981, "n_treatment": 5019, "replicates": 2000, "alpha": 0.05, "type_i_error": 0.0515,
    "lower": 0.0422, "upper": 0.0621, "tolerance": 0.01, "verdict": "holds", "seed": 7, "lift": 0.1,
    "power": 0.874, "power_lower": 0.8587, "power_upper": 0.8882, "coverage": 0.9485,
    "coverage_lower": 0.9379, "coverage_upper": 0.9578, "miss_left": 0.0265, "miss_right": 0.025,
    "bias": -0.3, "rmse": 25.1, "se_ratio": 0.99, "type_s": 0.0, "type_m": 1.05,
    "recommendation": "keeps its promises on these units", "kind": "re-randomised", "run": _RUN,
}  # fmt: skip
ASSET: Final[dict[str, object]] = {
    "asset": "BTC", "exchange": None, "currency": None, "first_day": "2026-01-05", "last_day": "2026-03-01",
    "days": 56, "close": "43120.5000", "traded_value": "918273645.10",
}  # fmt: skip
PRICE: Final[dict[str, object]] = {
    "asset": "BTC", "day": "2026-01-05", "open": "42000.0000", "high": "42310.2500", "low": "41890.0000",
    "close": "42105.7500", "trades": 1204, "volume": "311.402000", "traded_value": "13110842.07",
    "customers": 803, "close_account": "42105.750000", "exchange": None, "is_session": None,
    "currency": None, "adjusted_close": None, "log_return": None, "volatility_20": None, "sources": [],
    "dissenting": [], "spread": None, "run": _RUN,
}  # fmt: skip
RUN: Final[dict[str, object]] = {
    "run": _RUN, "week": "2026-02-23", "state": "SUCCEEDED", "started_at": "2026-03-02T03:15:00Z",
    "ended_at": "2026-03-02T03:31:12Z", "jobs": 5, "failed": 0, "rows_quarantined": 12, "seconds": 948.2,
    "dollars": 0.31,
}  # fmt: skip
PROGRESS: Final[dict[str, object]] = {
    "run": _RUN, "week": "2026-02-23", "state": "RUNNING", "started_at": "2026-03-02T03:15:00Z",
    "ended_at": None,
    "jobs": [
        {
            "job": "assay-ingest", "state": "RUNNING", "started_at": "2026-03-02T03:15:02Z", "ended_at": None,
            "seconds": 41.0, "error": None,
        },
    ],
}  # fmt: skip
WANTED: Final[dict[str, str]] = {"week": "2026-02-23"}
