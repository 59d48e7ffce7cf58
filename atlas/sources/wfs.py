"""Saved answers of a WFS (GeoJSON or GML), and the files that ``atlas fetch`` makes of live ones.

``read`` takes what :mod:`atlas.sources.vector` takes; all further columns are attributes unless
``columns_are_tags = false`` says otherwise. An answer that is only a page of the whole is a warning, the report of a
fault an error.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from atlas.config import Source
from atlas.errors import SourceError, refusal
from atlas.language import counted
from atlas.sources import vector
from atlas.sources.vector import read_as_told, records_of, refuse_metres

READ = vector.READ

ANSWERS = (".json", ".geojson", ".xml", ".gml")
MARKED_UP = 65_536
MOST_DEGREES = 360
_COUNT = re.compile(rb'\bnumber(Matched|Returned|OfFeatures)\s*=\s*"(\d+|unknown)"')
_ENTITIES = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a saved answer."""
    path = folder / source.file
    source = with_attributes(source)
    if path.suffix.lower() not in ANSWERS:
        return records_of(read_as_told(source, folder), source, path)
    content = path.read_bytes()
    refuse_faults(content, path)
    table = read_answer(content, source.read.get("crs"), path)
    matched, returned = stated_counts(content)
    records = records_of(table, source, path)
    notes = records.attrs.get("warnings", [])
    if matched is not None and matched > (len(table) if returned is None else returned):
        notes = [*notes, page_only(len(table), matched)]
    elif b'"exceededTransferLimit"' in content and stopped(json.loads(content)):
        notes = [*notes, at_limit(len(table))]
    records.attrs["warnings"] = notes
    return records


def with_attributes(source: Source) -> Source:
    """The source with every further column as an attribute, unless it says otherwise."""
    if "tags" in source.read or "columns_are_tags" in source.read:
        return source
    return source.model_copy(update={"read": {**source.read, "columns_are_tags": True}})


def page_only(have: int, matched: int) -> tuple[str, str]:
    """The warning on an answer that is not all there is."""
    return (
        f"a resposta é só uma página: {have} de {matched} registos. Descarregue o resto (`atlas fetch`)",
        f"the answer is one page only: {have} of {matched} records. Fetch the rest (`atlas fetch`)",
    )


def stopped(answer: dict[str, Any]) -> bool:
    """Whether an answer of ArcGIS, in its own JSON or in GeoJSON, says that it stopped at the service's limit."""
    inner = answer.get("properties")
    return bool(answer.get("exceededTransferLimit") or (isinstance(inner, dict) and inner.get("exceededTransferLimit")))


def at_limit(have: int) -> tuple[str, str]:
    """The warning on an answer that stopped at the service's limit."""
    return (
        f"o serviço parou no seu limite, {counted('pt', have, '# registo|# registos')}, e há mais: "
        "descarregue o resto (`atlas fetch`)",
        f"the service stopped at its limit, {counted('en', have, '# record|# records')}, and there are more: "
        "use `atlas fetch`",
    )


def refuse_faults(content: bytes, path: Path) -> None:
    """An error where a service wrote what was wrong instead of features."""
    start = content[:4000]
    if b"ExceptionReport" in start or b"ServiceException" in start:
        text = " ".join(re.sub(rb"<[^>]+>", b" ", start).decode("utf-8", "replace").split())[:200]
        raise SourceError(
            f"O ficheiro é o relatório de um erro do serviço: «{text}». Repita o pedido.",
            f"The file is the service's report of a fault: “{text}”. Ask again.",
            where=str(path),
        )
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise SourceError(
            "O ficheiro é uma página HTML e não a resposta do serviço. Descarregue-o outra vez.",
            "The file is an HTML page and not the service's answer. Download it again.",
            where=str(path),
        )


def refuse_entities(content: bytes) -> None:
    """XML with a document type or entities of its own is never read: it can grow without end or read other files."""
    if content.lstrip()[:1] == b"<" and _ENTITIES.search(content[:MARKED_UP]):
        raise SourceError(
            "O XML traz declarações de entidades: não é lido. Guarde-o sem elas.",
            "The XML declares entities and is not read. Save it without them.",
        )


def stated_counts(content: bytes) -> tuple[int | None, int | None]:
    """How many features match and how many were returned, where the answer says so.

    >>> stated_counts(b'<wfs:FeatureCollection numberMatched="12" numberReturned="5">')
    (12, 5)
    >>> stated_counts(b'{"type": "FeatureCollection", "numberMatched": 3, "features": []}')
    (3, None)
    """
    if content.lstrip()[:1] == b"<":
        said = {name.decode(): value.decode() for name, value in _COUNT.findall(content[:MARKED_UP])}
        numbers = {name: int(value) for name, value in said.items() if value.isdigit()}
        return numbers.get("Matched"), numbers.get("Returned", numbers.get("OfFeatures"))
    answer = json.loads(content)
    matched = answer.get("numberMatched", answer.get("totalFeatures"))
    returned = answer.get("numberReturned")
    return matched if isinstance(matched, int) else None, returned if isinstance(returned, int) else None


def read_answer(content: bytes, crs: str | None = None, path: Path | None = None) -> gpd.GeoDataFrame:
    """The features of an answer in GeoJSON or GML.

    Parameters
    ----------
    crs
        Of features that state none; in GeoJSON it is WGS84 where nobody says otherwise.

    """
    refuse_entities(content)
    marked_up = content.lstrip()[:1] == b"<"
    if not marked_up and not _features_in(content, path):
        return gpd.GeoDataFrame(geometry=[], crs=crs or 4326)
    options = {"DOWNLOAD_SCHEMA": "NO", "GML_ATTRIBUTES_TO_OGR_FIELDS": "NO"} if marked_up else {}
    with tempfile.TemporaryDirectory(prefix="atlas-wfs-") as scratch:
        file = Path(scratch) / ("answer.gml" if marked_up else "answer.geojson")
        file.write_bytes(content)
        try:
            table = pyogrio.read_dataframe(file, force_2d=True, **options)
        except (OSError, ValueError, IndexError, *vector.UNREADABLE) as fault:
            if marked_up and re.search(rb'number(Returned|OfFeatures)="0"', content[:MARKED_UP]):
                return gpd.GeoDataFrame(geometry=[], crs=crs or 4326)
            pt, en = refusal(fault)
            raise SourceError(
                f"A resposta do serviço não se lê ({pt}). Descarregue-a outra vez.",
                f"The service's answer cannot be read ({en}). Download it again.",
                where=str(path or ""),
            ) from fault
    if not isinstance(table, gpd.GeoDataFrame):
        table = gpd.GeoDataFrame(table, geometry=[None] * len(table), crs=crs or 4326)
    in_degrees = (np.abs(table.total_bounds) <= MOST_DEGREES).all()
    if table.crs is None or (crs and not marked_up and not in_degrees and table.crs.is_geographic):
        table = table.set_crs(crs or 4326, allow_override=True)  # GeoJSON without a CRS, in the one that was asked for
    refuse_metres(table, path or Path("answer"))
    return table.set_geometry(shapely.force_2d(table.geometry.to_numpy()), crs=table.crs)


def _features_in(content: bytes, path: Path | None) -> int:
    """How many features a GeoJSON answer has; an error where it is none."""
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("features"), list):
        raise SourceError(
            "Não é uma resposta GeoJSON inteira (falta a lista «features»). Descarregue-a outra vez.",
            "Not a whole GeoJSON answer (the list “features” is missing). Download it again.",
            where=str(path or ""),
        )
    return len(answer["features"])
