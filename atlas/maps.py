"""Maps: outlines that a browser fetches once, and one offline HTML file that needs no server and no network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from atlas.classes import class_colours, class_edges, class_of
from atlas.config import Atlas, Indicator
from atlas.errors import UnknownName
from atlas.exports.exportable import OSM_ATTRIBUTION, Exportable
from atlas.exports.from_store import exportable
from atlas.exports.neighbourhoods import level_of, scores_of
from atlas.language import Translator
from atlas.map_layers import made_layers
from atlas.palette import READINGS, place_colour, ramp
from atlas.steps import DECIMALS, crosses_180, differences, eastward, encoded, steps

if TYPE_CHECKING:
    from atlas.store import Store

MOST_VERTICES = 120_000
"""Outlines with more are simplified together, so that neighbours keep sharing their border."""
_FIRST_TOLERANCE_M = 2.0
_ASSETS = Path(__file__).parent / "assets"
_PARTS = ("title", "policy", "styles", "library", "before", "after", "data")
_RANKS = ("rank", "rank_low", "rank_high", "rank_data_low", "rank_data_high")
_FACTS = ("residents", "area_km2", "decline", "decline_level", "pressure", "opportunity", "p_opportunity", "flags")


def outlines(store: Store) -> dict[str, Any]:
    """Outlines of the units and borders between their parents, as small as a browser can read without a library.

    A ring is ``[x, y, dx, dy, …]`` in whole steps of 10⁻⁵ degrees, not closed; ``shapes`` holds one list of polygons
    a unit, in the order of ``codes``; ``id`` is a hash of all the rest.
    """
    units = store.read("neighbourhoods")
    shapes = _light(np.asarray(units.geometry.array, dtype=object))
    parents = list(dict.fromkeys(units["parent"]))
    position = {code: number for number, code in enumerate(parents)}
    names = dict(zip(units["parent"], units["parent_name"], strict=True))
    stepped = steps(shapes, units.crs)
    held: dict[str, Any] = {
        "decimals": DECIMALS,
        "codes": units["code"].tolist(),
        "names": [str(name) for name in units["name"]],
        "parent_codes": parents,
        "parents": [str(names[code]) for code in parents],
        "parent": [position[code] for code in units["parent"]],
        "shapes": [encoded(one) for one in stepped],
        "borders": _borders(shapes, units["parent"].to_numpy(), units.crs),
    }
    return {"id": hashlib.sha256(compact_json(held).encode()).hexdigest()[:16], **held}


def write_outlines(store: Store, folder: Path) -> Path:
    """Write :func:`outlines` as ``outlines-ID.json`` into ``folder``, unless it is there; returns the path."""
    held = outlines(store)
    path = Path(folder) / f"outlines-{held['id']}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(compact_json(held), "utf-8")
        part.replace(path)
    return path


def compact_json(value: Any) -> str:
    r"""JSON without blanks that may stand inside a page: no ``<``, so that nothing in it can end a script.

    >>> compact_json({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def standalone(atlas: Atlas, store: Store, *, lang: str = "pt", index: str = "potential") -> str:
    """One HTML file with map, search, ranked table, card, layers, legend and sources; it makes no request.

    The page carries a policy that lets nothing load and only its own scripts run; data enter as JSON and are shown
    as text. Same inputs, same bytes.
    """
    known = sorted(set(store.read("scores")["index"]))
    if index not in known:
        raise UnknownName.among(index, known, pt="Índice", en="Index")
    t = Translator("en" if lang == "en" else "pt")
    data = _page_data(atlas, store, t, index)
    parts = {
        "title": html.escape(t("map.title", atlas=atlas.atlas.name.in_(lang))),
        "styles": "\n".join(_asset(name) for name in ("leaflet/leaflet.css", "atlas-map.css", "standalone.css")),
        "library": _asset("leaflet/leaflet.js"),
        "before": _filled("standalone-before.html", _page_texts(atlas, t, index)),
        "after": _filled("standalone-after.html", _foot_texts(atlas, t, index, data)),
        "data": compact_json(data),
    }
    page = _skeleton(atlas, lang, data["outlines"])
    # One pass, so that nothing inside a part is taken for the mark of another.
    page = re.sub(r"<!--atlas:(\w+)-->", lambda mark: parts.get(mark[1], mark[0]), page)
    return page.replace("<!--atlas:policy-->", _policy(page), 1)


# ── outlines ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _light(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Outlines with no more vertices than a page can bear, simplified as a coverage where they have more."""
    light, tolerance = shapely.force_2d(shapes), _FIRST_TOLERANCE_M
    while shapely.get_num_coordinates(light).sum() > MOST_VERTICES and tolerance < 1000:
        light = shapely.coverage_simplify(shapes, tolerance)
        tolerance *= 2
    return np.asarray(light, dtype=object)


def _borders(shapes: npt.NDArray[np.object_], parents: npt.NDArray[np.object_], crs: Any) -> list[list[int]]:
    """Lines between and around the parents, each drawn once."""
    edges = [shapely.boundary(shapely.union_all(shapes[parents == code])) for code in pd.unique(parents)]
    lines = shapely.get_parts(shapely.line_merge(shapely.union_all(np.array(edges, dtype=object))))
    return [differences(shapely.get_coordinates(line)) for line in steps(np.asarray(lines, dtype=object), crs)]


# ── what the page holds ─────────────────────────────────────────────────────────────────────────────────────────────


def _page_data(atlas: Atlas, store: Store, t: Translator, index: str) -> dict[str, Any]:
    """Everything that the page shows, as plain values in the outlines' order."""
    layer = exportable(atlas, store, "neighbourhoods", t.lang).tidy
    table = layer.frame
    scored = scores_of(atlas, store.read("scores"), table, index)
    edges = class_edges(scored["score"])
    found = class_of(scored["score"], edges)
    doubtful = scored["flags"].fillna("").str.contains("uncertain_class").astype(int)
    ranks = scored["rank"].to_numpy(dtype=float, na_value=np.inf)
    order = np.lexsort((table["code"], ranks))
    municipal = level_of(atlas, index) == "municipality"
    units = {name: _plain(scored[name]) for name in _RANKS}
    units |= {"score": _plain(scored["score"].round(1)), "coverage": _plain(scored["coverage"].round(2))}
    units |= {name: layer.values(name) for name in _FACTS}
    units["flags"] = [flags or "" for flags in units["flags"]]
    return {
        "lang": t.lang,
        "outlines": outlines(store),
        "units": units,
        "order": order.tolist(),
        "municipal": municipal,
        "ranked": int(table["parent" if municipal else "code"][scored["rank"].notna()].nunique()),
        "classes": found.tolist(),
        "uncertain": doubtful.tolist(),
        "palette": list(class_colours(ramp(index), max(len(edges) - 1, 1))),
        "legend": _legend(atlas, t, index, edges, doubtful=bool(doubtful.any())),
        "readings": READINGS,
        "indicators": [_indicator(one, layer.values(one.code), t.lang) for one in _built(atlas, table)],
        "places": _places(atlas, store, table, t.lang) + _made(store, table, t),
        "sources": [{**one, "date": t.date(one["date"])} for one in layer.sources_in(t.lang)],
        "attribution": layer.attribution(t.lang),
        "attribution_short": _short_attribution(atlas, layer, t),
        "origin": layer.generated_from,
        "texts": _texts_of_script(t, index_name(atlas, index, t.lang)),
    }  # fmt: skip


def index_name(atlas: Atlas, index: str, lang: str) -> str:
    """The name of an index or of a pillar."""
    for one in atlas.index:
        if one.id == index:
            return one.name.in_(lang)
        for pillar in one.pillar:
            if pillar.id == index:
                return pillar.name.in_(lang)
    return index


def _short_attribution(atlas: Atlas, layer: Exportable, t: Translator) -> str:
    """Who drew the outlines, OpenStreetMap where it applies, and where the rest stands."""
    outlines = atlas.source_of(atlas.neighbourhoods.source)
    named = [OSM_ATTRIBUTION] if layer.open_database else []
    return " · ".join([*named, f"{outlines.publisher}, {t.date(outlines.date)}", t("map.more_sources")])


def _legend(atlas: Atlas, t: Translator, index: str, edges: tuple[float, ...], *, doubtful: bool) -> dict[str, Any]:
    notes = [t("map.quantiles")] if len(edges) > 2 else []
    if level_of(atlas, index) == "municipality":
        notes.append(t("map.level_municipality"))
    return {
        "title": index_name(atlas, index, t.lang),
        "labels": [f"{t.number(low, 1)} – {t.number(high, 1)}" for low, high in pairwise(edges)],
        "missing": t("export.insufficient"),
        "uncertain": t("map.uncertain") if doubtful else "",
        "notes": notes,
    }


def _built(atlas: Atlas, table: pd.DataFrame) -> list[Indicator]:
    return [one for one in atlas.indicator if one.code in table]


def _indicator(one: Indicator, values: list[Any], lang: str) -> dict[str, Any]:
    return {
        "name": one.name.in_(lang),
        "unit": one.unit.in_(lang),
        "unit_one": (one.unit_one or one.unit).in_(lang),
        "decimals": one.decimals,
        "municipal": one.level == "municipality",
        "values": [None if value is None else round(value, one.decimals) for value in values],
    }


def _places(atlas: Atlas, store: Store, table: pd.DataFrame, lang: str) -> list[dict[str, Any]]:
    """Points of each layer that has any, as differences of whole steps, in the order of their identifiers."""
    places = store.read("places").sort_values("place_id")
    position = {code: number for number, code in enumerate(table["code"])}
    names = {rule_id: rule.name.in_(lang) for rule_id, (_, rule) in atlas.classes.items()}
    beyond = crosses_180(store)
    held = []
    for layer in sorted(atlas.layers, key=lambda one: one.layer.order):
        here = places[places["layer"] == layer.id]
        if here.empty:
            continue
        classes = sorted(here["class_"].unique())
        lon = eastward(here["lon"].to_numpy()) if beyond else here["lon"].to_numpy()
        spots = np.rint(np.column_stack([lon, here["lat"]]) * 10**DECIMALS).astype(int)
        moves = np.diff(spots, axis=0, prepend=[[0, 0]])
        held.append(
            {
                "id": layer.id,
                "name": layer.layer.name.in_(lang),
                "symbol": layer.layer.symbol,
                "colour": place_colour(layer.id),
                "shown": False,
                "classes": [names.get(one, one) for one in classes],
                "kind": here["class_"].map(classes.index).tolist(),
                "dx": moves[:, 0].tolist(),
                "dy": moves[:, 1].tolist(),
                "names": here["name"].fillna("").astype(str).tolist(),
                "unit": here["neighbourhood"].map(position).fillna(-1).astype(int).tolist(),
            }
        )
    return held


def _made(store: Store, table: pd.DataFrame, t: Translator) -> list[dict[str, Any]]:
    """The layers that the atlas makes itself: hulls of agglomerations, lines of the programming network."""
    position = {code: number for number, code in enumerate(table["code"])}
    held = []
    for layer in made_layers(store):
        spots = np.rint(np.column_stack([layer.lon, layer.lat]) * 10**DECIMALS).astype(int)
        moves = np.diff(spots, axis=0, prepend=[[0, 0]])
        said = layer.about[t.lang]
        held.append(
            {
                "id": layer.id,
                "name": layer.name.in_(t.lang),
                "symbol": layer.symbol,
                "colour": place_colour(layer.id),
                "shown": False,
                "classes": sorted(set(said)),
                "kind": [sorted(set(said)).index(one) for one in said],
                "dx": moves[:, 0].tolist(),
                "dy": moves[:, 1].tolist(),
                "names": layer.names,
                "unit": [position.get(code, -1) for code in layer.units],
                "lines": layer.lines,
            }
        )
    return held


def _plain(column: pd.Series) -> list[Any]:
    """Values for JSON, whole numbers where they are whole, null where there is nothing."""
    present = column.notna().tolist()
    return [
        (int(value) if value == int(value) else float(value)) if there else None
        for value, there in zip(column.tolist(), present, strict=True)
    ]


# ── the page itself ─────────────────────────────────────────────────────────────────────────────────────────────────


def _texts_of_script(t: Translator, index: str) -> dict[str, str]:
    from atlas.language import catalogue

    start = "map.page."
    held = {key.removeprefix(start): forms[0] for key, forms in catalogue(t.lang).items() if key.startswith(start)}
    separators = {"group": "\u00a0", "point": ","} if t.lang == "pt" else {"group": ",", "point": "."}
    return {**held, **separators, "index": index}


def _page_texts(atlas: Atlas, t: Translator, index: str) -> dict[str, str]:
    lang, units = t.lang, atlas.neighbourhoods
    name, unit = index_name(atlas, index, lang), units.unit.in_(lang)
    plain = ("skip_table", "find_title", "parent_all", "table_title", "card_empty_title", "card_empty", "map_title")
    return {
        **{key: t(f"map.{key}") for key in plain},
        "title": t("map.title", atlas=atlas.atlas.name.in_(lang)),
        "subtitle": t("map.subtitle", index=name, unit=unit, version=atlas.atlas.data_version),
        "search_label": t("map.search_label", unit=unit),
        "parent_label": units.parent_unit.in_(lang).capitalize(),
        "table_caption": t("map.table_caption", index=name),
        "noscript": t("map.noscript"),
    }


def _foot_texts(atlas: Atlas, t: Translator, index: str, data: Mapping[str, Any]) -> dict[str, str]:
    about = next((one.about.in_(t.lang) for one in atlas.index if one.id == index), index_name(atlas, index, t.lang))
    return {
        **{key: t(f"map.{key}") for key in ("about_title", "candidate_note", "sources_title", "software_title")},
        "about": about,
        "attribution": data["attribution"],
        "generated_from": data["origin"],
        "software": "Leaflet\n" + (_ASSETS / "leaflet" / "LICENSE").read_text("utf-8"),
    }


def _filled(name: str, texts: Mapping[str, str]) -> str:
    """An HTML asset with its ``{{keys}}`` replaced by escaped texts."""
    return re.sub(r"\{\{(\w+)\}\}", lambda key: html.escape(texts[key[1]]), _asset(name))


def _asset(name: str) -> str:
    """A file to be put into a page: without addresses that a browser would ask for."""
    text = (_ASSETS / name).read_text("utf-8")
    if name.endswith(".css"):
        return re.sub(r"url\(images/[^)]*\)", "none", text)
    return re.sub(r"\n//# sourceMappingURL=\S+", "", text)


def _skeleton(atlas: Atlas, lang: str, drawn: Mapping[str, Any]) -> str:
    """The page as folium makes it, with marks where the parts go.

    Data never pass through folium: it reads what it is given as a template, in which ``{{…}}`` in a name would run.
    """
    from atlas.folium_offline import offline_page

    first = next((ring for shape in drawn["shapes"] for polygon in shape for ring in polygon), [0, 0])
    spot = (first[1] / 10**DECIMALS, first[0] / 10**DECIMALS)
    scripts = "\n".join(_asset(name) for name in ("atlas-map.js", "standalone.js"))
    return offline_page(map_id=atlas.atlas.id, lang=lang, location=spot, scripts=scripts)


def _policy(page: str) -> str:
    """A policy that lets the page load nothing and run only the scripts that it was written with."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'\">"
    )
