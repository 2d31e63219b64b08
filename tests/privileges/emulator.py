"""The local stack's emulator with the recorder around it, and on request refusing what policies do not allow.

`python -m privileges.emulator LOG --home FOLDER --port PORT`; with AUTH=true in its environment, ministack
checks signatures and policies.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import hypercorn.asyncio

from assay.local import emulator
from privileges.recorder import Recorder


def main(log: str, *arguments: str) -> None:
    """Serve until SIGTERM.

    Args:
        log: File that calls are appended to.
        arguments: As the emulator takes them.
    """
    serve = hypercorn.asyncio.serve

    async def recorded(application: Any, *rest: Any, **options: Any) -> None:
        if os.environ.get("AUTH") == "true":
            from privileges import enforcing

            application = enforcing.install(application)
        await serve(Recorder(application, Path(log)), *rest, **options)  # type: ignore[arg-type]  # hypercorn's own types

    hypercorn.asyncio.serve = recorded  # type: ignore[assignment]
    emulator.main(arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
