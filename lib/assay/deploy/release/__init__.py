"""A release: everything that code in AWS needs, under a name that is the hash of its content.

The same sources give the same bytes, so that a release which is there already is not sent again, and a
template that names one names exactly that code.
"""

from assay.deploy.release.builder import Release, build

__all__ = ["Release", "build"]
