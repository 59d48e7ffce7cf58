"""Records of one real thing become one place, with the probability of each match kept.

block → compare → decide → merge. Records are never changed; every attribute of a place is one record's.
"""

from atlas.fusion.fuse import Fused, fuse

__all__ = ["Fused", "fuse"]
