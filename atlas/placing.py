"""First stage: sources → records → places in their neighbourhoods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os.path import commonprefix
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas, Source
from atlas.crosswalk import COLUMNS
from atlas.errors import AtlasError, SourceError, raise_first
from atlas.fetched import facts_of, located_file
from atlas.fusion import fuse
from atlas.fusion.addresses import BY_ADDRESS, BY_UNIT, placed
from atlas.fusion.completeness import completeness_table, density_class, families
from atlas.layers import classify
from atlas.neighbourhoods import Units, load_units, locate
from atlas.sources import file_hash, listed
from atlas.sources._by_name import plain
from atlas.sources._coordinates import put_right
from atlas.sources._opened import Opened
from atlas.walking import Streets, streets_of


@dataclass(frozen=True)
class Places:
    """Everything that has a place, as tables of the store."""

    units: Units
    tables: dict[str, pd.DataFrame]
    opened: Opened
    sources: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[list[str]] = field(default_factory=list)
    warnings: list[list[str]] = field(default_factory=list)

    @cached_property
    def streets(self) -> Streets | None:
        """The walking network, read when a stage first asks."""
        return streets_of(self.opened.atlas, self.opened)

    @classmethod
    def of(cls, atlas: Atlas, tables: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> Places:
        """The stage as an earlier build stored it."""
        units = Units(
            *(tables[name].set_index("code", drop=False).rename_axis(None) for name in ("neighbourhoods", "parents"))
        )
        return cls(units, dict(tables), Opened(atlas, units), **about)


def place_all(atlas: Atlas, *, progress: Callable[[float], None] = lambda _share: None) -> Places:
    """Read the units and every source of records, classify, fuse, and say in which unit each place lies.

    All faults of all sources are collected before the first is raised. ``progress`` is told the share done, 0 to 1.
    """
    units = load_units(atlas)
    opened = Opened(atlas, units)
    records, sources, warnings = _records(atlas, opened, units)
    progress(0.3)
    fused = fuse(records, atlas, progress=lambda share: progress(0.3 + 0.6 * share))
    places = _along_a_curve(_attributes(fused.places, atlas, units))
    warnings += [[f"fusion: {pt}", f"fusion: {en}"] for pt, en in fused.warnings]
    warnings += _moved_away(fused.decisions, places)
    warnings += _idle_layers(atlas)
    tables = {
        "records": records.drop(columns=["parent_at"]),
        "places": places,
        "completeness": _completeness(atlas, places, units),
        "members": fused.members,
        "unplaced": fused.unplaced,
        "disputes": fused.disputes,
        "decisions": fused.decisions,
        "neighbourhoods": _unit_table(units.neighbourhoods),
        "parents": _unit_table(units.parents),
        "crosswalk": _crosswalk(opened.crosswalks),
    }
    return Places(units, tables, opened, sources, [list(one) for one in units.repairs], warnings)


def _moved_away(decisions: pd.DataFrame, places: gpd.GeoDataFrame) -> list[list[str]]:
    """Records that a decision puts outside the region: longitude and latitude may have changed places."""
    outside = places.loc[places["neighbourhood"].isna(), "place_id"]
    moved = (decisions["decision"] == "move") & decisions["applied"] & decisions["place_id"].isin(outside)
    notes = listed(
        decisions.loc[moved, "record_a"].tolist(),
        "# registo foi posto fora da região por uma decisão|# registos foram postos fora da região por decisões",
        "# record was put outside the region by a decision|# records were put outside the region by decisions",
    )
    return [list(one) for one in notes]


def _idle_layers(atlas: Atlas) -> list[list[str]]:
    """The atlas's own layers that no indicator reads."""
    own = {path.stem for path in (atlas.folder / "layers").glob("*.toml")}
    idle = sorted(own - {layer for indicator in atlas.indicator for layer in indicator.layers})
    if not idle:
        return []
    return [[
        f"camadas que nenhum indicador usa: {', '.join(idle)}; os seus lugares só se desenham",
        f"layers that no indicator uses: {', '.join(idle)}; their places are drawn only",
    ]]  # fmt: skip


def _crosswalk(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How the units of each census lie in the atlas's, with the doubt; no row where they are the same."""
    tables = [walk.assign(source_id=source_id) for source_id, walk in found.items()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["source_id", *COLUMNS])


def _completeness(atlas: Atlas, places: gpd.GeoDataFrame, units: Units) -> pd.DataFrame:
    """Measured for layers of venues; the others' lists were not made to hold the same things."""
    venues = [layer.id for layer in atlas.layers if layer.layer.role == "venue"]
    inside = places[places["neighbourhood"].notna() & places["layer"].isin(venues)]
    classes = density_class(units.neighbourhoods["residents"], units.neighbourhoods["area_km2"])
    return completeness_table(inside, inside["neighbourhood"].map(classes), families(atlas))


def _records(
    atlas: Atlas, opened: Opened, units: Units
) -> tuple[gpd.GeoDataFrame, list[dict[str, Any]], list[list[str]]]:
    """All records inside the region and its margin, classified, in the atlas's CRS; and what each source gave."""
    faults: list[AtlasError] = []
    frames: list[gpd.GeoDataFrame] = []
    about: list[dict[str, Any]] = []
    warnings: list[list[str]] = []
    around = shapely.buffer(units.region, atlas.atlas.margin_m) if atlas.atlas.margin_m else units.region
    shapely.prepare(around)
    for source in atlas.source:
        try:
            held = opened(source.id)
        except AtlasError as fault:
            faults.append(fault)
            continue
        entry = {
            **source.model_dump(include={"id", "title", "publisher", "licence", "date", "address", "file", "covers"}),
            "sha256": file_hash(located_file(atlas.folder, source.file)),
            "records": len(held) if hasattr(held, "__len__") else None,
            "warnings": [],
            **facts_of(atlas.folder, source.file),
        }
        if not opened.gives_records(source.id):
            entry["warnings"] = [list(one) for one in getattr(held, "attrs", {}).get("warnings", [])]
            warnings += [[f"{source.id}: {pt}", f"{source.id}: {en}"] for pt, en in entry["warnings"]]
        if source.kind in {"figures", "blocks"}:
            fault_of_codes = _unknown_codes(source, held, units, atlas.folder / source.file)
            faults += [fault_of_codes] if fault_of_codes else []
        if opened.gives_records(source.id):
            held = _with_parents(held, opened, atlas)
            held, swapped = put_right(held, around, atlas.atlas.crs)
            frame, outside = _within(held, around, atlas.atlas.crs, units)
            frame["classes"] = classify(frame, atlas.layers, source.layers)
            notes = [list(one) for one in held.attrs.get("warnings", [])]
            notes += map(
                list,
                listed(
                    swapped,
                    "# registo tinha longitude e latitude trocadas: posto no lugar e marcado"
                    "|# registos tinham longitude e latitude trocadas: postos no lugar e marcados",
                    "# record had longitude and latitude swapped: put right and marked"
                    "|# records had longitude and latitude swapped: put right and marked",
                ),
            )
            notes += map(
                list,
                listed(
                    outside,
                    "# registo fora da região e da sua margem|# registos fora da região e da sua margem",
                    "# record outside the region and its margin|# records outside the region and its margin",
                ),
            )
            entry["warnings"] = notes
            warnings += [[f"{source.id}: {pt}", f"{source.id}: {en}"] for pt, en in notes]
            frames.append(frame)
        about.append(entry)
    raise_first(faults)
    empty = gpd.GeoDataFrame(columns=["source_id", "record_id", "classes"], geometry=[], crs=atlas.atlas.crs)
    records = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=atlas.atlas.crs) if frames else empty
    records["parent_at"] = locate(shapely.point_on_surface(records.geometry.to_numpy()), units.parents)
    records, how_many = placed(records, units.neighbourhoods)
    if any(how_many.values()):
        warnings.append([
            f"registos sem coordenadas: {how_many[BY_ADDRESS]} colocados pela morada, {how_many[BY_UNIT]} pelo código",
            f"records without coordinates: {how_many[BY_ADDRESS]} placed by their address, {how_many[BY_UNIT]} by code",
        ])  # fmt: skip
    return records, about, warnings


def _with_parents(records: gpd.GeoDataFrame, opened: Opened, atlas: Atlas) -> gpd.GeoDataFrame:
    """The records with the code of the municipality where they state its name.

    The atlas of one municipality has its parishes for parents: the atlas's own name then means all of them.
    """
    stated = records["parent"].dropna().unique()
    if not len(stated):
        return records
    whole = {plain(name) for name in (atlas.atlas.name.pt, atlas.atlas.name.en)}
    common = commonprefix(sorted(opened.names.codes))  # noqa: RUF071  (of codes, not of paths)
    code = {said: opened.names.parent(said) or (common if common and plain(said) in whole else said) for said in stated}
    attrs = records.attrs
    records = records.assign(parent=records["parent"].map(code))
    records.attrs = attrs
    return records


def _unknown_codes(source: Source, figures: pd.DataFrame, units: Units, path: Path) -> SourceError | None:
    """A table's codes must be units or parents of the atlas; with ``read.elsewhere = true`` it may hold more."""
    known = units.neighbourhoods.index.union(units.parents.index)
    strange = figures.index[~figures.index.isin(known)]
    if len(strange) == len(figures) or (len(strange) and not source.read.get("elsewhere", False)):
        return SourceError(
            f"{len(strange)} de {len(figures)} códigos não existem entre as unidades do atlas, a começar por "
            f"«{strange[0] if len(strange) else ''}». Use os códigos do atlas (com zeros à esquerda), ou ponha "
            "`elsewhere = true` em `read` se a tabela cobre mais do que a região.",
            f"{len(strange)} of {len(figures)} codes do not exist among the atlas's units, “"
            f"{strange[0] if len(strange) else ''}” first. Use the atlas's codes (with leading zeros), or put "
            "`elsewhere = true` in `read` if the table covers more than the region.",
            where=str(path),
        )
    return None


def _within(
    records: gpd.GeoDataFrame, around: shapely.Geometry, crs: str, units: Units
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Records in the region, its margin, or without a place that may belong there; and the ids of those left out."""
    moved = records.to_crs(crs)
    geometry = moved.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    known = tuple(units.parents.index)
    elsewhere = {
        code for code in moved["parent"].dropna().unique() if not any(parent.startswith(code) for parent in known)
    }
    keep = np.where(missing, ~moved["parent"].isin(elsewhere), shapely.intersects(around, geometry))
    return moved[keep].reset_index(drop=True), moved["record_id"][~keep].tolist()


def _attributes(places: gpd.GeoDataFrame, atlas: Atlas, units: Units) -> gpd.GeoDataFrame:
    """Layer, actor, weight and unit of each place; a point for those with an outline."""
    layer_of = {id_: layer.id for id_, (layer, _) in atlas.classes.items()}
    actor_of = {id_: rule.actor for id_, (_, rule) in atlas.classes.items()}
    weight_of = {id_: rule.weight for id_, (_, rule) in atlas.classes.items()}
    open_sources = {source.id for source in atlas.source if source.of_openstreetmap}
    points = shapely.point_on_surface(places.geometry.to_numpy())
    degrees = gpd.GeoSeries(points, crs=places.crs).to_crs(4326)
    outline = shapely.get_dimensions(places.geometry.to_numpy()) == 2
    layers = {
        text: "|".join(dict.fromkeys(layer_of[one] for one in text.split("|"))) for text in places["classes"].unique()
    }
    from_osm = {text: not open_sources.isdisjoint(text.split("|")) for text in places["sources"].unique()}
    single = np.where(places["n_records"] == 1, "single_source", "")
    marks = places["marks"].where(places["marks"] != "", None)
    places["marks"] = [
        "|".join(part for part in (mark, one) if isinstance(part, str) and part)
        for mark, one in zip(marks, single, strict=True)
    ]
    table = gpd.GeoDataFrame(
        {
            "place_id": places["place_id"],
            "name": places["name"],
            "class_": places["class_"],
            "layer": places["class_"].map(layer_of),
            "classes": places["classes"],
            "layers": places["classes"].map(layers),
            "actor": places["class_"].map(actor_of),
            "weight": places["class_"].map(weight_of).astype(float),
            "lon": degrees.x.round(6).to_numpy(),
            "lat": degrees.y.round(6).to_numpy(),
            "neighbourhood": locate(points, units.neighbourhoods),
            "parent": locate(points, units.parents),
            "sources": places["sources"],
            "n_records": places["n_records"],
            "p_match": places["p_match"],
            "marks": places["marks"],
            "odbl": places["sources"].map(from_osm),
            "size_m2": np.where(outline, shapely.area(places.geometry.to_numpy()), np.nan).round(1),
            "tags": places["tags"],
        },
        geometry=places.geometry.to_numpy(),
        crs=places.crs,
    )
    if len(table):
        return table
    text = dict.fromkeys(("place_id", "class_", "layers", "marks"), object)  # what is mapped from nothing is a number
    return table.astype(text | {"odbl": bool})


def _along_a_curve(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Places in the order of a Hilbert curve, so that a reader of the file finds neighbours near each other."""
    if not len(places):
        return places
    along = places.hilbert_distance().to_numpy()
    return places.iloc[np.lexsort((places["place_id"].to_numpy(), along))].reset_index(drop=True)


def _unit_table(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return units.reset_index(drop=True)
