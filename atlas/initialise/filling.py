"""Sources of places that a planner gives: how each file is read, and which classes of which layers it fills."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas import sources
from atlas.config import Layer, Source, Text
from atlas.errors import SourceError, Spot, in_lang
from atlas.initialise import columns as find
from atlas.initialise.coordinates import coordinate_columns
from atlas.initialise.noting import UNSTATED, Note, figure
from atlas.language import LANGUAGES
from atlas.layers import classify, kind_words
from atlas.sources.table import read_table
from atlas.sources.vector import read_vector

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
OSM_KEYS = frozenset({"amenity", "tourism", "historic", "shop", "leisure", "office", "craft", "building", "heritage"})
SHOWN_WORDS = 12
OSM, ODBL = "OpenStreetMap contributors", "ODbL 1.0"


@dataclass(frozen=True)
class Filling:
    """A source with its records, their classes, and the area that it covers (in degrees), where it is known."""

    source: Source
    records: gpd.GeoDataFrame
    cover: shapely.Geometry | None = None
    notes: list[Note] = field(default_factory=list)


def places_source(
    path: Path, folder: Path, layers: Sequence[Layer], taken: set[str], region: gpd.GeoDataFrame | None = None
) -> Filling:
    """A file of places, copied into the atlas's folder: columns of name, class and coordinates found.

    ``region`` are the outlines, where there are any: they tell coordinates that are swapped or in metres.

    Raises
    ------
    SourceError
        The file cannot be read, or it is not certain which column is which; the error names them.
    """
    id_ = _free_id(path, taken)
    file = _copied(path, folder, id_)
    notes: list[Note] = []
    if path.suffix.lower() in TABLES:
        table = read_table(path)
        coordinates, notes = coordinate_columns(table, path, region)
        kind, read = "table", _shared_columns(table, [str(one) for one in table.columns], path, layers) | coordinates
    else:
        table, crs = _in_some_crs(path, region)
        kind, read = "vector", _vector_columns(table, path, layers) | crs
        notes += [Note("init.note.crs_of_units", file=path.name, crs=crs["crs"])] if crs else []
    source = Source.model_validate({
        "id": id_,
        "kind": kind,
        "file": file,
        "title": path.stem,
        "publisher": OSM if read.get("columns_are_tags") else UNSTATED,
        "licence": ODBL if read.get("columns_are_tags") else UNSTATED,
        "date": day_of(path),
        "read": read,
    })  # fmt: skip
    with said_of(path, folder / file):
        records = sources.load(source, folder)
    if not len(records):
        raise SourceError(
            "O ficheiro não tem nenhuma linha de dados. Exporte-o de novo.",
            "The file holds no row of data. Export it again.",
            where=str(path),
        )
    records["classes"] = classify(records, layers)
    notes += _unknown_words(records, layers, path)
    if not records["classes"].notna().any():
        said = ", ".join(f"«{one}»" for one in records["kind"].dropna().unique()[:SHOWN_WORDS])
        known = ", ".join(layer.id for layer in layers)
        raise SourceError(
            f"Nenhuma linha cai numa classe das camadas. Palavras do ficheiro: {said or '—'}. Use os nomes das camadas "
            f"({known}), das suas classes, ou junte as palavras a `kind` em layers/ID.toml.",
            f"No row falls into a class of the layers. Words of the file: {said or '—'}. Use the names of the layers "
            f"({known}) or of their classes, or add the words to `kind` in layers/ID.toml.",
            where=str(path),
        )
    return Filling(source, records, None, notes)


def _in_some_crs(path: Path, region: gpd.GeoDataFrame | None) -> tuple[gpd.GeoDataFrame, dict[str, str]]:
    """A vector file; one that states no CRS (a plan from CAD) is in that of the outlines, if it lies over them."""
    try:
        return read_vector(path), {}
    except SourceError:
        if region is None or region.crs is None or not region.crs.is_projected:
            raise
        table = read_vector(path, crs=region.crs.to_string())
        if not shapely.box(*region.total_bounds).intersects(shapely.box(*table.total_bounds)):
            raise
        return table, {"crs": region.crs.to_string()}


def osm_source(path: Path, folder: Path, layers: Sequence[Layer], taken: set[str]) -> Filling:
    """An extract of OpenStreetMap (PBF, XML) or a saved answer of Overpass, copied into the atlas's folder."""
    id_ = _free_id(Path("osm"), taken)
    file = _copied(path, folder, id_)
    kind = "overpass" if _is_json(path) else "pbf"
    source = Source.model_validate({
        "id": id_,
        "kind": kind,
        "file": file,
        "title": f"OpenStreetMap: {path.name}",
        "publisher": OSM,
        "licence": ODBL,
        "date": day_of(path),
        "address": "https://www.openstreetmap.org",
    })  # fmt: skip
    with said_of(path, folder / file):
        records = sources.load(source, folder)
    day = str(records.attrs.get("date", ""))[:10] or (_stamp(path) if kind == "pbf" else "")
    source = source.model_copy(update={"date": day or source.date})
    records["classes"] = classify(records, layers)
    return Filling(source, records, _box(path) if kind == "pbf" else None)


def elsewhere(units: gpd.GeoDataFrame, fillings: Sequence[Filling]) -> SourceError:
    """The error where no place lies in the region: where both are."""
    region = units.geometry.to_crs(4326).total_bounds
    records = pd.concat([one.records.geometry for one in fillings if len(one.records)])
    found = records[records.notna()].total_bounds
    (region_pt, places_pt), (region_en, places_en) = (
        ["; ".join(figure(v, 2).in_(lang) for v in box if np.isfinite(v)) or "—" for box in (region, found)]
        for lang in LANGUAGES
    )
    return SourceError(
        f"Nenhum lugar cai na região. Em graus (oeste, sul, este, norte), a região é {region_pt}; os lugares, "
        f"{places_pt}. Veja se os ficheiros são da mesma região e se as coordenadas não estão trocadas.",
        f"No place lies in the region. In degrees (west, south, east, north) the region is {region_en}; the places, "
        f"{places_en}. See whether the files are of the same region and the coordinates not swapped.",
        where=", ".join(one.source.title for one in fillings),
    )


def filled(places: pd.DataFrame, layers: tuple[Layer, ...]) -> list[Note]:
    """Which layers hold places of the region, and which hold none."""
    inside = places[places["neighbourhood"].notna()]
    held = inside["layers"].str.split("|").explode().value_counts()
    counts = {layer.id: int(held.get(layer.id, 0)) for layer in layers}
    names = {layer.id: layer.layer.name for layer in layers}

    def listed(wanted: bool, lang: str) -> str:
        chosen = [(id_, count) for id_, count in counts.items() if bool(count) == wanted]
        return ", ".join(
            f"{names[id_].in_(lang)} ({count})" if wanted else names[id_].in_(lang) for id_, count in chosen
        )

    full, empty = (Text(pt=listed(wanted, "pt") or "—", en=listed(wanted, "en") or "—") for wanted in (True, False))
    return [Note("init.note.layers", layers=full), Note("init.note.empty_layers", layers=empty)]


def _copied(path: Path, folder: Path, id_: str) -> str:
    """The file inside the atlas's folder: an atlas that is moved or handed over takes its inputs along."""
    if not path.is_file():
        raise SourceError.absent(path)
    suffix = (
        "".join(path.suffixes[-2:]) if path.name.lower().endswith((".osm.pbf", ".osm.gz", ".json.gz")) else path.suffix
    )
    parts = [path] if path.suffix.lower() != ".shp" else sorted(path.parent.glob(f"{path.stem}.*"))
    target = folder / "sources"
    target.mkdir(parents=True, exist_ok=True)
    for part in parts:
        shutil.copyfile(part, target / f"{id_}{suffix if part == path else part.suffix}")
    return f"sources/{id_}{suffix}"


@contextmanager
def said_of(given: Path, copy: Path) -> Iterator[None]:
    """What is wrong with the copy is said of the file that the planner gave, which is the one to mend."""
    names = re.compile(rf"{re.escape(str(copy))}|(?<![\w./-]){re.escape(copy.name)}")
    try:
        yield
    except SourceError as fault:
        pt, en, there, where = (
            names.sub(lambda _: str(given), text)
            for text in (fault.pt, fault.en, fault.where, in_lang(fault.where, "en"))
        )
        spot = Spot(there)
        spot.en = where
        raise SourceError(pt, en, where=spot) from fault


def _free_id(path: Path, taken: set[str]) -> str:
    bare = find.plain(path.name.split(".")[0])
    base = re.sub(r"[^a-z0-9_]+", "_", bare) or "places"
    base = base if base[0].isalpha() else f"places_{base}"
    id_, number = base, 2
    while id_ in taken:
        id_, number = f"{base}_{number}", number + 1
    taken.add(id_)
    return id_


def day_of(path: Path) -> str:
    """The day on which a file was last written."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date().isoformat()


def _is_json(path: Path) -> bool:
    return path.name.lower().endswith((".json", ".json.gz"))


def is_osm(columns: Sequence[str]) -> bool:
    """Whether columns are the tags of OpenStreetMap, as overpass-turbo and QGIS save them.

    >>> is_osm(["@id", "amenity", "name"]), is_osm(["tourism", "historic"]), is_osm(["name", "kind", "building"])
    (True, True, False)
    """
    return "@id" in columns or len(OSM_KEYS & set(columns)) > 1


def _vector_columns(table: gpd.GeoDataFrame, path: Path, layers: Sequence[Layer]) -> dict[str, Any]:
    columns = [str(one) for one in table.columns if one != table.geometry.name]
    if is_osm(columns):
        record = [one for one in ("@id", "osm_id", "id") if one in columns and find.text(table[one]).is_unique]
        return {"columns_are_tags": True} | ({"record": record[0]} if record else {})
    return _shared_columns(pd.DataFrame(table[columns]), columns, path, layers)


def _shared_columns(table: pd.DataFrame, columns: list[str], path: Path, layers: Sequence[Layer]) -> dict[str, Any]:
    """Columns of id, name and class: of several that might hold the class, the one whose words say most."""
    read: dict[str, Any] = {}
    kind, matched = _kind_column(table, columns, layers)
    by_name = kind_words(layers).get(path.stem.casefold().replace("_", " "), ()) or kind_words(layers).get(
        find.plain(path.stem), ()
    )
    if kind is not None and (matched > 0 or not by_name):
        read["kind"] = kind
    elif by_name:
        read["kind_is"] = by_name[0]
    else:
        raise SourceError(
            f"Não se encontra a coluna da classe (museu, teatro, …). Há: {', '.join(columns)}. Chame-lhe `kind`, ou dê "
            "ao ficheiro o nome de uma camada (museums.csv).",
            f"The column of the class (museum, theatre, …) is not found. There are: {', '.join(columns)}. Call it "
            "`kind`, or name the file after a layer (museums.csv).",
            where=str(path),
        )
    names = [one for one in find.named(columns, (*find.NAMES, "museu", "museum"), find.NAME_PATTERN) if one != kind]
    if not names:
        raise SourceError(
            f"Não se encontra a coluna do nome. Há: {', '.join(columns)}. Chame-lhe `name`.",
            f"The column of the name is not found. There are: {', '.join(columns)}. Call it `name`.",
            where=str(path),
        )
    read["name"] = names[0]
    for one in find.named(columns, find.RECORDS):
        ids = find.text(table[one])
        if ids.notna().all() and not pd.DataFrame({"id": ids, "kind": table[kind] if kind else ""}).duplicated().any():
            read["record"] = one
            break
    return read


def _kind_column(table: pd.DataFrame, columns: list[str], layers: Sequence[Layer]) -> tuple[str | None, float]:
    """The column whose words are classes, among those that are called so, else among all; and the share that is."""
    known = find.named(columns, find.KINDS)
    best, share = None, 0.0
    for candidate in [*known, *(one for one in columns if one not in known)]:
        words = find.text(table[candidate]).dropna().astype(object)
        wordy = words.nunique() > max(200, len(words) // 2)  # a column of names, not of classes
        if candidate not in known and (wordy or not len(words)):
            continue
        own = words.drop_duplicates()
        frame = pd.DataFrame({"record_id": own.to_numpy(), "kind": own.to_numpy()})
        fitting = set(own[classify(frame, layers).notna().to_numpy()])
        matched = float(words.isin(fitting).mean()) if len(words) else 0.0
        if matched > share and (candidate in known or matched >= 0.5):
            best, share = candidate, matched
    return (best, share) if best is not None else (known[0] if known else None, 0.0)


def _unknown_words(records: gpd.GeoDataFrame, layers: Sequence[Layer], path: Path) -> list[Note]:
    """Words of the class column that no layer knows, the commonest first, each with the nearest one known."""
    vague = {word.casefold() for layer in layers for rule in layer.class_ for word in rule.kind_label}
    words = records.loc[records["classes"].isna() & records["kind"].notna(), "kind"]
    unknown = words[~words.str.casefold().isin(vague)].value_counts()
    if not len(unknown):
        return []
    known = list(kind_words(layers))
    shown = []
    for word, count in unknown.head(SHOWN_WORDS).items():
        near = get_close_matches(str(word).casefold(), known, n=1, cutoff=0.75)
        shown.append(f"«{word}» ({count}{f', {near[0]}?' if near else ''})")
    listed = ", ".join(shown) + (" …" if len(unknown) > SHOWN_WORDS else "")
    return [Note("init.note.unknown_words", int(unknown.sum()), file=path.name, words=listed)]


def _box(path: Path) -> shapely.Geometry | None:
    """The area that an extract states in its header."""
    import osmium

    box = osmium.io.Reader(str(path), osmium.osm.NOTHING).header().box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return shapely.box(low.lon, low.lat, high.lon, high.lat)


def _stamp(path: Path) -> str:
    """The day of the newest object of a small extract whose header does not say; empty for a large one."""
    import osmium

    if path.stat().st_size > 64 * 1024**2:
        return ""
    newest = max((one.timestamp for one in osmium.FileProcessor(str(path))), default=None)
    return newest.date().isoformat() if newest is not None and newest.year > 2000 else ""
