"""A new atlas of any region from a planner's own files: ``atlas init``.

The inputs are copied into the folder, not referred to: an atlas is a folder that can be moved, zipped and handed over,
and that builds to the same figures wherever it lies.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.atlasfile import CONFIG, load_atlas, product_folder
from atlas.build import Progress, silent
from atlas.calibrating import Measure, estimated, write_references
from atlas.config import Atlas, Indicator, Layer, Source, Text
from atlas.errors import OutputError, SourceError, refusal
from atlas.indicators import Inputs, Measured, compute
from atlas.initialise import columns as find
from atlas.initialise.choosing import choose, distances
from atlas.initialise.columns import Ask
from atlas.initialise.composing import compose
from atlas.initialise.filling import Filling, elsewhere, filled, osm_source, places_source
from atlas.initialise.grid import hexagons, names_of
from atlas.initialise.noting import UNSTATED, Note, figure
from atlas.initialise.outlines import Wishes, read_outlines
from atlas.initialise.projecting import Chosen, choose_crs, in_portugal
from atlas.initialise.walking import walking_of
from atlas.language import Lang, Translator
from atlas.layers import load_layers
from atlas.measuring import inputs_of
from atlas.placing import place_all
from atlas.scoring.diagnostics import against_parent

UNITS = "neighbourhoods.gpkg"
FIGURES = "figures.csv"
PLACE_TAGS = tuple(f"place={one}" for one in ("suburb", "quarter", "neighbourhood", "village", "hamlet", "town"))


@dataclass(frozen=True)
class Request:
    """What ``atlas init`` was asked for; either a file of neighbourhoods or the width of a hexagon."""

    folder: Path
    name: str
    neighbourhoods: Path | None = None
    grid_m: float | None = None
    wishes: Wishes = field(default_factory=Wishes)
    places: tuple[Path, ...] = ()
    osm: tuple[Path, ...] = ()
    relief: Path | None = None


@dataclass(frozen=True)
class Made:
    """A new atlas, and what was found and decided on the way."""

    folder: Path
    units: int
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class _Units:
    """Neighbourhoods in the metric CRS, what they are called, and what was noted about them."""

    frame: gpd.GeoDataFrame
    crs: Chosen
    words: tuple[Text, Text, Text]
    figures: pd.DataFrame
    notes: list[Note]


def initialise(request: Request, *, lang: Lang = "pt", ask: Ask | None = None, progress: Progress = silent) -> Made:
    """Write a new atlas that ``atlas build`` builds at once, references included.

    It is made in a folder beside and moved into place when it is whole; what goes wrong leaves nothing behind.

    Parameters
    ----------
    lang
        The language of the comments in ``atlas.toml``.
    ask
        How to ask which column is which; without it what is not certain is an error that names the columns.
    progress
        Told the share of the work that is done, and what begins: after the outlines, of which something may be asked.

    Raises
    ------
    OutputError
        The folder is there already, or cannot be written.
    SourceError
        A file cannot be read or understood, or the name is empty.
    ConfigError
        The sources fill no layer that an indicator is made of.
    """
    target = request.folder
    if not request.name.strip():
        raise SourceError(
            "O atlas precisa de um nome: é o que está no título do mapa e das folhas. Escreva-o, por exemplo "
            '`--name "Alto Minho"`.',
            "The atlas needs a name: it stands in the title of the map and of the sheets. Write it, for instance "
            '`--name "Alto Minho"`.',
            where="--name",
        )
    if target.exists() or target.is_symlink():
        raise OutputError(
            "A pasta já existe e não é alterada. Escolha outra.",
            "The folder is there already and is not changed. Choose another one.",
            where=str(target),
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as fault:
        pt, en = refusal(fault)
        raise OutputError(
            f"Não se pode escrever aqui ({pt}). Escolha outra pasta.",
            f"Cannot write here ({en}). Choose another folder.",
            where=str(target),
        ) from fault
    try:
        made = _make(request, beside, lang, ask, progress)
        beside.chmod(0o755)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Made(target, made.units, made.notes)


def _make(request: Request, folder: Path, lang: Lang, ask: Ask | None, progress: Progress) -> Made:
    layers = load_layers([product_folder("layers")])
    taken = {"units", "figures"}
    if not request.places and not request.osm:
        raise SourceError(
            "Falta uma fonte de lugares: sem ela nenhum indicador se calcula. Junte `--places FICHEIRO` ou `--osm "
            "FICHEIRO.pbf`.",
            "A source of places is missing: without one no indicator can be computed. Add `--places FILE` or `--osm "
            "FILE.pbf`.",
        )
    given = _given(request, ask) if request.neighbourhoods else None
    region = given.frame if given else None
    progress(0.05, "places")
    fillings = [places_source(path, folder, layers, taken, region) for path in request.places]
    fillings += [osm_source(path, folder, layers, taken) for path in request.osm]
    units = given or _grid(request, fillings, folder)
    radii = distances(float(np.median(shapely.area(units.frame.geometry.to_numpy()))) / 1e6)
    filled_by = [_with_cover(one, units) for one in fillings]
    streets = walking_of(filled_by, folder, units.frame, request.relief, taken)
    draft = _draft(request, folder, layers, units, [*filled_by, *streets.sources], float(radii[1]), streets.walking)
    placed = place_all(draft, progress=lambda share: progress(0.3 + 0.3 * share, "places"))
    if placed.tables["places"]["neighbourhood"].isna().all():
        raise elsewhere(units.frame, fillings)
    _say_outside(fillings, placed.tables["records"])
    inputs = inputs_of(draft, placed)
    surveyed = frozenset(one.source.id for one in fillings if one.cover is not None)
    measure = _once()
    choice = choose(
        inputs, placed.tables["records"], radii, surveyed,
        measure=measure, progress=lambda share: progress(0.6 + 0.35 * share, "indicators"),
    )  # fmt: skip
    crs_note = Note(f"init.note.crs.{units.crs.why}", crs=units.crs.crs, off=figure(units.crs.off * 100, 2))
    notes = {"crs": [crs_note], "units": units.notes, "walking": streets.notes} | {
        one.source.id: one.notes for one in fillings
    }
    figures = [str(one) for one in units.figures.columns[1:]]
    while True:  # what turns out to move against the rest would stop the build: it is left out, the worst first
        text = compose(Translator(lang), draft, choice, notes, figures)
        (folder / CONFIG).write_text(text, "utf-8", newline="\n")
        written = load_atlas(folder, calibrated=False)
        moved, scored = estimated(written, replace(inputs, atlas=written), measure=measure)
        table = against_parent(scored[written.index[0].id], written.index[0])
        if not table["sure"].any():
            break
        choice = choice.without(*table[table["sure"]].nsmallest(1, "correlation")[["node", "correlation"]].iloc[0])
    write_references(written, moved)
    kept = Note("init.note.kept", len(choice.indicators), dropped=len(choice.dropped))
    told = [crs_note, *units.notes, *(note for one in fillings for note in one.notes), *streets.notes]
    told += [*filled(placed.tables["places"], layers), kept]
    told += [note for _, note in choice.dropped]
    if unstated := [one.id for one in draft.source if one.licence == UNSTATED]:
        told.append(Note("init.note.unstated", len(unstated), sources=", ".join(unstated)))
    return Made(folder, len(units.frame), told)


def _say_outside(fillings: Sequence[Filling], records: pd.DataFrame) -> None:
    """Note each source of which nothing lies in the region."""
    held = set(records["source_id"])
    for one in fillings:
        if one.source.id not in held:
            one.notes.append(Note("init.note.outside", file=one.source.title))


def _once() -> Measure:
    """Measuring that remembers: the same figures choose the indicators and set their references."""
    known: dict[str, Measured] = {}

    def measure(inputs: Inputs, indicator: Indicator) -> Measured:
        key = indicator.model_dump_json(exclude={"goalposts", "name", "about"})
        if key not in known:
            known[key] = compute(inputs, indicator)
        return known[key]

    return measure


def _draft(
    request: Request,
    folder: Path,
    layers: tuple[Layer, ...],
    units: _Units,
    filling: list[Source],
    margin_m: float,
    walking: dict[str, Any],
) -> Atlas:
    """The atlas without its indicators, and the files of its units beside it."""
    units.frame.to_file(folder / UNITS, layer="neighbourhoods", driver="GPKG")
    sources = [_units_source(request), *filling]
    if len(units.figures.columns) > 1:
        units.figures.to_csv(folder / FIGURES, index=False, lineterminator="\n")
        title = request.neighbourhoods.stem if request.neighbourhoods else request.name
        sources.append(_source("figures", "figures", FIGURES, title, UNSTATED, UNSTATED))
    unit, plural, parent_unit = units.words
    return Atlas.model_validate({
        "atlas": {
            "id": _id_of(request.name),
            "name": Text(pt=request.name, en=request.name),
            "crs": units.crs.crs,
            "margin_m": margin_m,
            "data_version": _today(),
            "law": "pt" if in_portugal(units.frame) else "none",
        },
        "neighbourhoods": {
            "file": UNITS,
            "parents": "",
            "source": "units",
            "unit": unit,
            "units": plural,
            "parent_unit": parent_unit,
        },
        "walking": walking,
        "source": tuple(sources),
        "indicator": (),
        "index": (),
    }).model_copy(update={"folder": folder, "layers": layers})  # fmt: skip


def _given(request: Request, ask: Ask | None) -> _Units:
    assert request.neighbourhoods is not None
    found = read_outlines(request.neighbourhoods, request.wishes, ask)
    frame = found.units
    if frame["parent"].isna().all():
        frame["parent"], frame["parent_name"] = _id_of(request.name), request.name
    frame["residents_method"] = frame["residents"].notna().map({True: "census", False: None})
    return _Units(frame, found.crs, _words(found.headers), found.figures, found.notes)


def _words(headers: Sequence[str]) -> tuple[Text, Text, Text]:
    """What the units are called: parishes where the file says so, else units."""
    if {find.plain(one) for one in headers} & {"dtmnfr", "dicofre", "freguesia"}:
        return (
            Text(pt="freguesia", en="parish"),
            Text(pt="freguesias", en="parishes"),
            Text(pt="município", en="municipality"),
        )
    return Text(pt="unidade", en="unit"), Text(pt="unidades", en="units"), Text(pt="área", en="area")


def _grid(request: Request, fillings: Sequence[Filling], folder: Path) -> _Units:
    """Hexagons that touch what the sources cover: an extract's own box, else the hull of a source's records."""
    width_m = float(request.grid_m or 0)
    if not 10 <= width_m <= 100_000:
        raise SourceError(
            f"A largura {width_m:g} não serve: indique metros, de 10 a 100 000.",
            f"The width {width_m:g} will not do: give metres, from 10 to 100,000.",
            where="--grid",
        )
    degrees = [one.cover for one in fillings if one.cover is not None]
    placed = [one.records.geometry[one.records.geometry.notna()] for one in fillings if one.cover is None]
    whole = gpd.GeoDataFrame(geometry=[*degrees, *(shape for held in placed for shape in held)], crs=4326)
    if not len(whole):
        raise SourceError(
            "Nenhum registo tem coordenadas: não há área para a grelha. Dê `--neighbourhoods`.",
            "No record has coordinates: there is no area for a grid. Give `--neighbourhoods`.",
            where="--grid",
        )
    crs = choose_crs(whole)
    covers = list(gpd.GeoSeries(degrees, crs=4326).to_crs(crs.crs)) if degrees else []
    covers += [shapely.convex_hull(shapely.union_all(held.to_crs(crs.crs).to_numpy())) for held in placed if len(held)]
    frame = hexagons(shapely.union_all(covers), width_m).set_crs(crs.crs)
    frame["name"] = names_of(frame, _named_places(fillings, folder, crs.crs), width_m)
    frame["parent"], frame["parent_name"] = _id_of(request.name), request.name
    frame["nuts3"], frame["residents"], frame["residents_method"] = None, np.nan, None
    notes = [Note("init.note.grid", len(frame), width=figure(width_m, 0 if width_m % 1 == 0 else 1))]
    words = (Text(pt="hexágono", en="hexagon"), Text(pt="hexágonos", en="hexagons"), Text(pt="área", en="area"))
    columns = ["code", "name", "parent", "parent_name", "nuts3", "residents", "residents_method", "geometry"]
    return _Units(frame[columns], crs, words, pd.DataFrame({"code": frame["code"]}), notes)


def _named_places(fillings: Sequence[Filling], folder: Path, crs: str) -> gpd.GeoDataFrame:
    """Quarters, suburbs and villages of the extracts, to name hexagons after."""
    from atlas.sources.pbf import read_osm

    found = [read_osm(folder / one.source.file, tags_filter=PLACE_TAGS) for one in fillings if one.source.kind == "pbf"]
    empty = gpd.GeoDataFrame({"name": []}, geometry=[], crs=4326)
    table = gpd.GeoDataFrame(pd.concat([empty, *found], ignore_index=True), crs=4326) if found else empty
    return table[table["name"].notna()].to_crs(crs)


def _with_cover(filling: Filling, units: _Units) -> Source:
    """The source with the share of the units that it covers, where its own area is known."""
    if filling.cover is None:
        return filling.source
    cover = gpd.GeoSeries([filling.cover], crs=4326).to_crs(units.crs.crs).iloc[0]
    inside = shapely.intersects(cover, units.frame.geometry.to_numpy())
    share = float(inside.mean())
    if share < 1:
        filling.notes.append(Note("init.note.cover", share=figure(100 * share)))
    return filling.source.model_copy(update={"covers": round(share, 3)})


def _units_source(request: Request) -> Source:
    if request.neighbourhoods is None:
        return _source("units", "areas", UNITS, f"{request.name}: {request.grid_m:g} m", "atlas init", "CC0 1.0")
    return _source("units", "areas", UNITS, request.neighbourhoods.stem, UNSTATED, UNSTATED)


def _source(id_: str, kind: str, file: str, title: str, publisher: str, licence: str) -> Source:
    values = {"id": id_, "kind": kind, "file": file, "title": title, "publisher": publisher, "licence": licence}
    return Source.model_validate({**values, "date": _today()})


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


def _id_of(name: str) -> str:
    bare = find.plain(name).replace("@", "")
    return bare if bare[:1].isalpha() else f"atlas_{bare}".rstrip("_")
