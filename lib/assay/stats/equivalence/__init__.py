"""Is the treatment as good, or at least not worse than a margin?"""

from __future__ import annotations

from assay.stats.equivalence.margins import Within, equivalence, non_inferiority

__all__ = ["Within", "equivalence", "non_inferiority"]
