"""Which pairs of records are worth a comparison."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

RADIUS_M = 200.0  # 96 % of the pairs known by a shared identifier lie within it
IDENTIFIER_RADIUS_M = 1000.0  # beyond it a shared identifier is more likely a slip than a match


def candidate_pairs(records: gpd.GeoDataFrame, *, radius_m: float = RADIUS_M) -> pd.DataFrame:
    """Pairs of named records of different sources that lie near each other and may be one thing.

    Parameters
    ----------
    records
        In a metric CRS, with ``source_id``, ``plain`` (normalised name), ``layer_bits`` (bit mask of layers) and
        ``identifier``; the index is 0 … n − 1.
    radius_m
        Between the nearest points of the two geometries.

    Returns
    -------
    Columns ``a``, ``b`` (positions, a < b), ``distance_m``, ``same_identifier``, ``shared_layer``.

    A pair needs a layer in common or the same normalised name, so that a city block of thousands of records without
    a name makes no pairs at all.
    """
    geometry = records.geometry.to_numpy()
    placed = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    named = np.flatnonzero(placed & (records["plain"].to_numpy() != ""))
    near = shapely.STRtree(geometry[named]).query(geometry[named], predicate="dwithin", distance=radius_m)
    a, b = named[near[0]], named[near[1]]
    once = a < b
    a, b = a[once], b[once]
    source = records["source_id"].astype("category").cat.codes.to_numpy()
    bits = records["layer_bits"].to_numpy()
    plain = records["plain"].astype("category").cat.codes.to_numpy()
    keep = (source[a] != source[b]) & (((bits[a] & bits[b]) != 0) | (plain[a] == plain[b]))
    by_place = pd.DataFrame({"a": a[keep], "b": b[keep]})
    pairs = pd.concat([by_place, _by_identifier(records, placed)]).drop_duplicates(["a", "b"], ignore_index=True)
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    pairs["distance_m"] = shapely.distance(geometry[a], geometry[b])
    identifier = records["identifier"].to_numpy()
    same = [x is not None and x == y for x, y in zip(identifier[a], identifier[b], strict=True)]
    other = [x is not None and y is not None and x != y for x, y in zip(identifier[a], identifier[b], strict=True)]
    pairs["same_identifier"], pairs["other_identifier"] = np.array(same, bool), np.array(other, bool)
    pairs["shared_layer"] = (bits[a] & bits[b]) != 0
    return pairs


def _by_identifier(records: gpd.GeoDataFrame, placed: np.ndarray) -> pd.DataFrame:
    """Pairs that state the same identifier, wherever they lie."""
    held = records.loc[placed & records["identifier"].notna().to_numpy(), ["identifier", "source_id"]]
    held = held.assign(row=held.index)
    both = held.merge(held, on="identifier", suffixes=("_a", "_b"))
    both = both[(both["row_a"] < both["row_b"]) & (both["source_id_a"] != both["source_id_b"])]
    return pd.DataFrame({"a": both["row_a"].to_numpy(), "b": both["row_b"].to_numpy()}, dtype=np.int64)


def one_entity(records: gpd.GeoDataFrame) -> pd.DataFrame:
    """Records of one source that are one entity under two kinds: pairs ``a`` (the first), ``b``.

    Only ``own`` identifiers count: that a record of OpenStreetMap states a Wikidata id does not make it the entity.
    """
    own = records.loc[records["own"] & records["identifier"].notna(), ["source_id", "identifier"]]
    first = pd.Series(own.index, own.index).groupby([own["source_id"], own["identifier"]]).transform("first")
    return pd.DataFrame({"a": first.to_numpy(), "b": own.index.to_numpy()})[lambda pairs: pairs["a"] != pairs["b"]]


def inside_outlines(records: gpd.GeoDataFrame) -> pd.DataFrame:
    """Points that lie in an outline of their own source and class: a node in its own building.

    Returns columns ``a`` (the outline), ``b`` (the point). Where several outlines hold a point, the smallest is its
    own. The names must be alike or one of them missing.
    """
    geometry = records.geometry.to_numpy()
    dimension = shapely.get_dimensions(geometry)
    outlines, points = np.flatnonzero(dimension == 2), np.flatnonzero(dimension == 0)
    if not len(outlines) or not len(points):
        return pd.DataFrame({"a": [], "b": []}, dtype=np.int64)
    found = shapely.STRtree(geometry[outlines]).query(geometry[points], predicate="within")
    pairs = pd.DataFrame({"a": outlines[found[1]], "b": points[found[0]]})
    source, class_, plain = (records[column].to_numpy() for column in ("source_id", "class_", "plain"))
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    same = (source[a] == source[b]) & (class_[a] == class_[b])
    alike = (plain[a] == plain[b]) | (plain[a] == "") | (plain[b] == "")
    pairs = pairs[same & alike]
    return (
        pairs.assign(area=shapely.area(geometry[pairs["a"].to_numpy()]))
        .sort_values(["b", "area", "a"], kind="stable")
        .drop_duplicates("b")[["a", "b"]]
    )


def rooms(records: gpd.GeoDataFrame, *, together: set[str], apart_m: float = 25.0) -> pd.DataFrame:
    """Nameless records of one class at one spot: the rooms of one place, chained by distances up to ``apart_m``.

    Only for the classes in ``together``. Returns pairs ``a`` (the first of its room), ``b``.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    geometry = records.geometry.to_numpy()
    nameless = (records["plain"] == "").to_numpy() & records["class_"].isin(together).to_numpy()
    rows = np.flatnonzero(nameless & ~shapely.is_missing(geometry))
    if len(rows) < 2:
        return pd.DataFrame({"a": [], "b": []}, dtype=np.int64)
    near = shapely.STRtree(geometry[rows]).query(geometry[rows], predicate="dwithin", distance=apart_m)
    class_ = records["class_"].to_numpy()[rows]
    source = records["source_id"].to_numpy()[rows]
    same = (class_[near[0]] == class_[near[1]]) & (source[near[0]] == source[near[1]])
    links = coo_array((np.ones(int(same.sum())), (near[0][same], near[1][same])), shape=(len(rows), len(rows)))
    room = connected_components(links, directed=False)[1]
    first = pd.Series(rows).groupby(room).transform("first").to_numpy()
    return pd.DataFrame({"a": first, "b": rows})[first != rows]
