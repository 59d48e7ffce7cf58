"""How much of what exists the sources hold: capture–recapture between families of sources.

Two lists made apart are taken as two catches. What both hold tells how much each misses, and what both miss. The lists
are not quite apart (mappers read Wikidata, Wikidata reads registers), so the true completeness is rather lower than
the estimate: every screen that shows the figure says so.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from atlas.config import Atlas, Source
from atlas.fusion.identifiers import own_key

DENSE_PER_KM2, MIDDLE_PER_KM2 = 1500.0, 300.0
DENSITY_CLASSES = ("dense", "middle", "sparse")
LEAST_SHARED = 7  # with fewer records in both lists Chapman's estimate is no more than a guess
Z_90 = 1.6449
VERIFIED = ("decided_class", "decided_move", "decided_add")
"""Marks of a place that somebody has been at, in the order of a walk's answers."""


def density_class(residents: pd.Series, area_km2: pd.Series) -> pd.Series:
    """``dense`` from 1,500 residents per km², ``middle`` from 300, else ``sparse``; missing where nobody is counted."""
    density = residents / area_km2
    words = np.select([density >= DENSE_PER_KM2, density >= MIDDLE_PER_KM2], DENSITY_CLASSES[:2], DENSITY_CLASSES[2])
    return pd.Series(words, index=residents.index, dtype=object).where(density.notna(), None)


def families(atlas: Atlas) -> dict[str, str]:
    """Source id → the list that it belongs to: ``osm``, ``wikidata`` (all its dates), ``register``, ``decisions``."""
    return {source.id: _family(source) for source in atlas.source}


def _family(source: Source) -> str:
    if source.kind == "decisions":
        return "decisions"  # what planners add was looked for where it was missed: no list made apart
    if source.of_openstreetmap:
        return "osm"
    return "wikidata" if own_key(source) == "wikidata" else "register"


def completeness_table(places: pd.DataFrame, classes: pd.Series, family_of: dict[str, str]) -> pd.DataFrame:
    """Completeness by layer and density class, and by layer in all (density class ``all``).

    Parameters
    ----------
    places
        With ``layer`` and ``sources`` (``|``-joined ids), inside the region.
    classes
        Density class of each place's neighbourhood, in the order of ``places``.

    Returns
    -------
    ``layer, density_class, list_a, list_b, in_a, in_b, in_both, observed, estimated, completeness, low, high``; the
    figures from ``estimated`` on are missing where two lists share fewer than seven places.
    """
    held = {text: frozenset(family_of[one] for one in text.split("|")) for text in places["sources"].unique()}
    lists = places["sources"].map(held)
    rows = []
    for layer in sorted(places["layer"].unique()):
        own = (places["layer"] == layer).to_numpy()
        a, b = _two_lists(lists[own])
        for density in (*DENSITY_CLASSES, "all"):
            chosen = own if density == "all" else own & (classes == density).to_numpy()
            rows.append({"layer": layer, "density_class": density, **estimate(lists[chosen], a, b)})
    return pd.DataFrame(rows, columns=["layer", "density_class", *estimate([], "osm", "osm")])  # also where no row is


def _two_lists(lists: pd.Series) -> tuple[str, str]:
    """The two families of which the smaller is largest."""
    pairs = [("osm", "wikidata"), ("osm", "register"), ("register", "wikidata")]
    size = {name: sum(name in one for one in lists) for name in ("osm", "wikidata", "register")}
    return max(pairs, key=lambda pair: min(size[pair[0]], size[pair[1]]))


def estimate(lists: Iterable[frozenset[str]], a: str, b: str) -> dict[str, object]:
    """Chapman's estimate from two lists, with a 90 % interval on the logarithm of what is unseen.

    ``N = (n₁ + 1)(n₂ + 1)/(m + 1) − 1``; completeness is the number of observed places over N.

    Source
    ------
    Chapman, D. G. (1951). Some properties of the hypergeometric distribution with applications to zoological sample
    censuses. Univ. California Publ. Stat. 1, 131-160. Interval: Chao, A. (1987). Biometrics 43, 783-791.

    Examples
    --------
    >>> both = [frozenset({"osm", "wikidata"})] * 20
    >>> one = [frozenset({"osm"})] * 20 + [frozenset({"wikidata"})] * 10
    >>> found = estimate(both + one, "osm", "wikidata")
    >>> round(found["estimated"], 2), round(found["completeness"], 3)   # 41 · 31 / 21 − 1
    (59.52, 0.84)
    """
    lists = list(lists)
    in_a, in_b = sum(a in one for one in lists), sum(b in one for one in lists)
    both = sum(a in one and b in one for one in lists)
    row: dict[str, object] = {
        "list_a": a, "list_b": b, "in_a": in_a, "in_b": in_b, "in_both": both, "observed": len(lists),
        "estimated": np.nan, "completeness": np.nan, "low": np.nan, "high": np.nan,
    }  # fmt: skip
    if both < LEAST_SHARED:
        return row
    seen = in_a + in_b - both
    total = (in_a + 1) * (in_b + 1) / (both + 1) - 1
    variance = (in_a + 1) * (in_b + 1) * (in_a - both) * (in_b - both) / ((both + 1) ** 2 * (both + 2))
    unseen = max(total - seen, 0.0)
    if unseen > 0:
        factor = float(np.exp(Z_90 * np.sqrt(np.log1p(variance / unseen**2))))
        fewest, most = seen + unseen / factor, seen + unseen * factor
    else:
        fewest = most = float(seen)
    row |= {
        "estimated": total,
        "completeness": seen / max(total, seen),
        "low": seen / most,
        "high": seen / fewest,
    }
    return row


def of_units(table: pd.DataFrame, layers: Iterable[str], unit_classes: pd.Series) -> tuple[pd.Series, bool]:
    """Completeness of some layers together for each unit, by its density class; and whether all were measured.

    Where a density class has too few shared places, the whole layer's figure stands in. Several layers weigh by the
    places that they are estimated to have; a layer that was never measured counts as complete.
    """
    chosen = table[table["layer"].isin(list(layers))]
    whole = chosen[chosen["density_class"] == "all"].set_index("layer")["completeness"]
    share = chosen["completeness"].fillna(chosen["layer"].map(whole)).fillna(1.0)
    sums = chosen.assign(all=chosen["observed"] / share).groupby("density_class")[["observed", "all"]].sum()
    by_class = (sums["observed"] / sums["all"]).where(sums["all"] > 0)
    found = unit_classes.map(by_class).astype(float).fillna(by_class.get("all", 1.0)).fillna(1.0)
    return found, bool(set(layers) <= set(whole.dropna().index))


def with_walks(
    completeness: pd.Series, places: pd.DataFrame, column: str, evidence: pd.DataFrame | None = None
) -> pd.Series:
    """Completeness of each unit's figure, raised by what was verified on foot.

    ``c + (1 − c) · v``, where ``v = verified / (verified + known from one source alone)`` among the places behind the
    figure: the unit's own, and those beyond its border that the figure counts. Who has been at the share ``v`` of what
    was in doubt has passed as much of what no list holds, and has written it down. A unit in which nothing was verified
    keeps its estimate, whatever was verified next door; one whose every doubt was answered is complete.

    Parameters
    ----------
    places
        Those that count, by id, with ``marks`` and the ``column`` that names their unit.
    evidence
        ``code, place_id``: which places the figure of which unit counts.

    Examples
    --------
    >>> ids = ["p1", "p2", "p3", "p4", "p5"]
    >>> marks = ["decided_class|single_source", "single_source", "single_source", "decided_add", ""]
    >>> places = pd.DataFrame({"marks": marks, "unit": ["a", "a", "b", "a", "a"]}, ids)
    >>> completeness = pd.Series({"a": 0.6, "b": 0.6})
    >>> with_walks(completeness, places, "unit").round(3).to_dict()   # v = 2 / 3
    {'a': 0.867, 'b': 0.6}
    >>> reached = pd.DataFrame({"code": ["a", "b"], "place_id": ["p3", "p1"]})
    >>> with_walks(completeness, places, "unit", reached).round(3).to_dict()   # v = 2 / 4; nobody walked b
    {'a': 0.8, 'b': 0.6}
    """
    marks = places["marks"].fillna("")
    verified = marks.str.contains("|".join(VERIFIED)).astype(bool)
    if not verified.any():
        return completeness
    waiting = marks.str.contains("single_source", regex=False).astype(bool) & ~verified
    behind = pd.DataFrame({"code": places[column].astype(object).to_numpy(), "place_id": places.index})
    walked = behind.loc[verified.to_numpy(), "code"].unique()
    if evidence is not None:
        behind = pd.concat([behind, evidence[["code", "place_id"]]], ignore_index=True)
    behind = behind[behind["code"].isin(walked)].drop_duplicates()
    seen, left = (
        behind[behind["place_id"].isin(places.index[held])].groupby("code").size().reindex(completeness.index)
        for held in (verified, waiting)
    )
    share = (seen / (seen + left.fillna(0))).fillna(0.0)
    raised: pd.Series = completeness + (1 - completeness) * share
    return raised
