"""Heritage and rehabilitation law as a lens on a place: grades, zones, and what may be said of a point or an area.

The rules stand in :mod:`atlas.legal.rules`, each with its citation; nothing here replaces a certificate.
"""

from __future__ import annotations

from atlas.legal.grades import GRADES, Grade, grade_of
from atlas.legal.lens import lens
from atlas.legal.sites import counts, sites, zone_layer

__all__ = ["GRADES", "Grade", "counts", "grade_of", "lens", "sites", "zone_layer"]
