"""A DCAT-AP record of the data set, for open-data portals, as JSON-LD that needs no other file to be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas.config import Text
from atlas.exports import Format, formats
from atlas.exports.geometry import crs_address, in_wgs84
from atlas.language import LANGUAGES
from atlas.source_words import in_language

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_LICENCES = {
    "odbl": "https://opendatacommons.org/licenses/odbl/1-0/",
    "cc by-sa 4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc by 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
_THEMES = ("EDUC", "REGI", "SOCI")
_AUTHORITY = "http://publications.europa.eu/resource/authority/"


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write the record; the files of the same name that stand beside it are its distributions."""
    stem = target.name.removesuffix(FORMAT.suffix)
    beside = [(target.with_name(stem + suffix), form) for suffix, form in formats().items() if form.dictionary]
    found = [_distribution(file, form, layer) for file, form in beside if file.is_file()]
    whole = {"@context": _CONTEXT, **record(layer)}
    if found:
        whole["dcat:distribution"] = found
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8", newline="\n")


def record(layer: Exportable) -> dict[str, Any]:
    """The data set: what it is, from what, under which licence, where on earth."""
    _, box = in_wgs84(layer.frame)
    held: dict[str, Any] = {
        "@id": f"urn:atlas:{layer.atlas}:{layer.id}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{layer.atlas}:{layer.id}",
        "dct:title": [_in("pt", layer.title.pt), _in("en", layer.title.en)],
        "dct:description": [_in("pt", layer.description.pt), _in("en", layer.description.en)],
        "dct:language": [{"@id": f"{_AUTHORITY}language/POR"}, {"@id": f"{_AUTHORITY}language/ENG"}],
        "dct:modified": {"@value": layer.day.isoformat(), "@type": "xsd:date"},
        "dct:license": _licence(layer),
        "dct:rights": {
            "@type": "dct:RightsStatement",
            "rdfs:label": _told(layer.attribution("pt"), layer.attribution("en")),
        },
        "dct:conformsTo": {"@id": system} if (system := crs_address(layer.frame.crs)) else None,
        "dcat:theme": [{"@id": f"{_AUTHORITY}data-theme/{theme}"} for theme in _THEMES],
        "dct:source": [_source(one) for one in layer.sources],
        "dcat:version": layer.hashes.get("data", ""),
        "dct:provenance": {"@type": "dct:ProvenanceStatement", "rdfs:label": layer.generated_from},
    }
    if box:
        west, south, east, north = box
        if west <= east:
            polygon = f"POLYGON{_ring(*box)}"
        else:  # across ±180°: one box on either side
            polygon = f"MULTIPOLYGON({_ring(west, south, 180, north)},{_ring(-180, south, east, north)})"
        held["dct:spatial"] = {
            "@type": "dct:Location",
            "dcat:bbox": {"@value": polygon, "@type": "http://www.opengis.net/ont/geosparql#wktLiteral"},
        }
    return {key: value for key, value in held.items() if value not in ("", [], None)}


def _ring(west: float, south: float, east: float, north: float) -> str:
    return f"(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


def _in(lang: str, text: str) -> dict[str, str]:
    return {"@language": lang, "@value": text}


def _told(pt: str, en: str) -> Any:
    """One text where both languages say the same, else each with its language."""
    return pt if pt == en else [_in("pt", pt), _in("en", en)]


def _licence(layer: Exportable) -> dict[str, Any]:
    """The strictest of the sources' licences: share-alike before attribution before none."""
    words = " ".join(source.get("licence", "") for source in layer.sources).lower()
    address = next((address for name, address in _LICENCES.items() if name in words), None)
    if address:
        return {"@id": address}
    named = ("; ".join(layer.about(lang)["licences"]) for lang in LANGUAGES)
    return {"@type": "dct:LicenseDocument", "rdfs:label": _told(*named)}


def _source(source: dict[str, str]) -> dict[str, Any]:
    held: dict[str, Any] = {
        "@type": "dcat:Dataset",
        "dct:identifier": source.get("id", ""),
        "dct:title": _told(*(in_language(source, lang)["title"] for lang in LANGUAGES)),
    }
    if source.get("publisher"):
        held["dct:publisher"] = {"@type": "foaf:Agent", "foaf:name": source["publisher"]}
    if source.get("licence"):
        licence = _told(*(in_language(source, lang)["licence"] for lang in LANGUAGES))
        held["dct:rights"] = {"@type": "dct:RightsStatement", "rdfs:label": licence}
    if source.get("date"):
        held["dct:issued"] = source["date"]
    return held


def _distribution(file: Path, form: Format, layer: Exportable) -> dict[str, Any]:
    import hashlib

    return {
        "@type": "dcat:Distribution",
        "dct:title": form.label.pt,
        "dcat:accessURL": {"@id": file.name},
        "dcat:downloadURL": {"@id": file.name},
        "dcat:mediaType": {"@id": f"http://www.iana.org/assignments/media-types/{form.media_type}"},
        "dcat:byteSize": {"@value": str(file.stat().st_size), "@type": "xsd:nonNegativeInteger"},
        "dct:license": _licence(layer),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": hashlib.sha256(file.read_bytes()).hexdigest(),
        },
    }


FORMAT = Format(
    suffix=".dcat.jsonld",
    media_type="application/ld+json",
    label=Text(pt="Ficha DCAT-AP", en="DCAT-AP record"),
    write=write,
    spatial=False,
    dictionary=False,
)
