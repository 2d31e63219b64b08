"""PyYAML's safe loader, by libyaml where PyYAML was built with it: it takes an eighth of the time.

For files of one's own. What strangers send is for the parser in Python (`spec.reading`): libyaml's recurses
in C, and a text of some hundred thousand open brackets ends the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

__all__ = ["SafeLoader"]

if TYPE_CHECKING:
    from yaml import SafeLoader
else:
    SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
