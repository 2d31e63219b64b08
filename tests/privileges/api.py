"""The parameters API with the recorder around it, for uvicorn: `privileges.api:app`."""

from __future__ import annotations

import os
from pathlib import Path

from assay.serving.api.app import app as inner
from privileges.recorder import LOG_VARIABLE, Recorder

app = Recorder(inner, Path(os.environ[LOG_VARIABLE]))
