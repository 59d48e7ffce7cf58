"""The planner's own files, for one browser session: read without trust, previewed, placed, counted, weighed.

Nothing here is written to a store. A file arrives as bytes, lies in a temporary folder no longer than it is read, and
what comes of it is tables in memory:

``reading``   bytes → :class:`Uploaded`: a table, shapes where the file has them, its CRS where it states one
``placing``   the CRS that the planner confirms, coordinates from columns, what lies in the atlas
``figures``   a value per neighbourhood: joined by code or name, counted, or the share of its area that is covered
``weighing``  what the value changes in the order if it weighed
``mapping``   the features as the map draws them
"""

from __future__ import annotations

from atlas.uploads.model import Uploaded
from atlas.uploads.reading import SUFFIXES, read

__all__ = ["SUFFIXES", "Uploaded", "read"]
