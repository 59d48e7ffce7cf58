"""Wikidata by SPARQL, tile by tile: places of the layers' classes and whatever has a heritage grade."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from atlas.config import Layer
from atlas.fetch.faults import Passing, TooMuch
from atlas.fetch.job import Asked, Box, Job, said
from atlas.fetch.overpass import by_quarters

COLUMNS = ("item", "itemLabel", "class", "coord", "grade", "gradeLabel", "sipa", "dgpc")
ASK: Asked = {"languages": str, "margin_m": 0, "tile_km": 0.5}
WRITES = (".json",)


def fetch(job: Job) -> None:
    """Write the answers of all tiles as one SPARQL result in JSON, each row once."""
    tiles = [box for tile in job.tiles(float(job.option("tile_km", 50)) * 1000) for box in tile]
    rows: dict[str, Any] = {}
    variables: list[str] = []
    for number, box in enumerate(tiles):
        for path in by_quarters(job, box, partial(_answer, job)):
            answer = json.loads(path.read_bytes())
            variables = answer["head"]["vars"]
            rows |= {json.dumps(row, sort_keys=True): row for row in answer["results"]["bindings"]}
        job.progress((number + 1) / len(tiles))
    merged = {"head": {"vars": variables}, "results": {"bindings": [row for _, row in sorted(rows.items())]}}
    with job.written() as target:
        target.write_text(json.dumps(merged, ensure_ascii=False), "utf-8", newline="\n")


def query_of(box: Box, layers: tuple[Layer, ...], languages: str) -> str:
    """Items inside a box: of a class that fills a layer, or of a subclass of one, or with a heritage grade (P1435).

    P1700 is the number in the inventory SIPA, P1702 that of the national heritage service.
    """
    west, south, east, north = box
    classes = sorted({one for layer in layers for rule in layer.class_ for one in rule.wikidata})
    return f"""SELECT DISTINCT {" ".join(f"?{one}" for one in COLUMNS)} WHERE {{
  SERVICE wikibase:box {{
    ?item wdt:P625 ?coord .
    bd:serviceParam wikibase:cornerSouthWest "Point({west:.6f} {south:.6f})"^^geo:wktLiteral ;
                    wikibase:cornerNorthEast "Point({east:.6f} {north:.6f})"^^geo:wktLiteral .
  }}
  {{ VALUES ?class {{ {" ".join(f"wd:{one}" for one in classes)} }} ?item wdt:P31/wdt:P279* ?class . }}
  UNION {{ ?item wdt:P1435 [] . }}
  OPTIONAL {{ ?item wdt:P1435 ?grade . }}
  OPTIONAL {{ ?item wdt:P1700 ?sipa . }}
  OPTIONAL {{ ?item wdt:P1702 ?dgpc . }}
  FILTER NOT EXISTS {{ ?item wdt:P576 [] . }}
  SERVICE wikibase:label {{ bd:serviceParam wikibase:language "{languages}". }}
}}"""


def _answer(job: Job, box: Box) -> Path:
    query = query_of(box, job.atlas.layers, str(job.option("languages", "pt,en,es,fr")))
    form, accept = {"query": query}, "application/sparql-results+json"
    ask = partial(job.client.get, job.entry.address, form=form, accept=accept, check=check)
    return job.piece(f"{said(box)}|{query}", ask)


def check(content: bytes) -> None:
    """A whole result: a service that runs out of time may break off inside it, or write its fault behind it."""
    try:
        answer = json.loads(content)
    except ValueError:
        if b"TimeoutException" in content[-20_000:]:
            raise TooMuch from None
        raise Passing("a resposta está cortada ou não é JSON", "the answer is cut short or no JSON") from None
    if not isinstance(answer, dict) or not {"head", "results"} <= answer.keys():
        raise Passing("a resposta não é de SPARQL", "the answer is none of SPARQL")
