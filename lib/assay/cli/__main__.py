"""`python -m assay.cli`: the command line without the installed script."""

from __future__ import annotations

from assay.cli.main import main

main()
