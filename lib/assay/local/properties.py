"""The properties of workflow runs, as the jobs read them from Glue: kept in the runner's history files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.local.state import Document, read_json, write_json

_GET, _PUT = "AWSGlue.GetWorkflowRunProperties", "AWSGlue.PutWorkflowRunProperties"
_RUN_ID = re.compile(r"[A-Za-z0-9_.-]{1,255}")


@dataclass(frozen=True, slots=True)
class RunProperties:
    """Answers Glue's two calls about run properties from `<folder>/<run id>.json`.

    A file holds `{"Name": workflow, "RunId": id, "RunProperties": {name: value}}`, and maybe more.

    Attributes:
        folder: Where the runner writes these files.
    """

    folder: Path

    def answers(self, target: str) -> bool:
        """Whether a request with this `x-amz-target` is one of the two calls."""
        return target in {_GET, _PUT}

    def answer(self, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the document that Glue would answer with.

        Args:
            target: The `x-amz-target`.
            body: The request's JSON document.
        """
        try:
            request = json.loads(body or b"{}")
            workflow, run_id = str(request["Name"]), str(request["RunId"])
        except (ValueError, KeyError, TypeError):
            return _refusal("InvalidInputException", "Name and RunId are required")
        run = self._run(workflow, run_id)
        if run is None:
            return _refusal("EntityNotFoundException", f"workflow {workflow} has no run {run_id}")
        if target == _PUT:
            properties = run["RunProperties"] | request.get("RunProperties", {})
            write_json(self._path(run_id), run | {"RunProperties": properties})
            return 200, {}
        return 200, {"RunProperties": run["RunProperties"]}

    def _run(self, workflow: str, run_id: str) -> Document | None:
        if not _RUN_ID.fullmatch(run_id):
            return None
        run = read_json(self._path(run_id))
        return run if run.get("Name") == workflow and "RunProperties" in run else None

    def _path(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.json"


def _refusal(code: str, message: str) -> tuple[int, dict[str, Any]]:
    return 400, {"__type": code, "Message": message}
