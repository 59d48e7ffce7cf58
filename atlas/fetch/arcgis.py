"""ArcGIS FeatureServer or MapServer: all features of a layer, page by page, or by their ids where it cannot page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from atlas.errors import FetchError
from atlas.fetch.faults import Passing
from atlas.fetch.job import Box, Job, said

PAGE = 1000


def fetch(job: Job) -> None:
    """Write the layer's features in the region as one answer in JSON; ``address`` is a layer (``…/MapServer/1``)."""
    about = _ask(job, "about", job.entry.address, {"f": "json"})
    size = min(int(about.get("maxRecordCount") or PAGE), int(job.option("page", PAGE)))
    pages = bool(about.get("advancedQueryCapabilities", {}).get("supportsPagination", about.get("supportsPagination")))
    key = about.get("objectIdField") or _oid(about.get("fields", [])) or "OBJECTID"
    merged: dict[str, Any] = {"objectIdFieldName": key, "spatialReference": {"wkid": 4326}}
    features: dict[str, Any] = {}
    for box in job.boxes():
        for answer in _by_offset(job, box, key, size) if pages else _by_id(job, box, size):
            merged |= {name: answer[name] for name in ("geometryType", "spatialReference") if name in answer}
            for one in answer["features"]:
                features.setdefault(str(one.get("attributes", {}).get(key, json.dumps(one, sort_keys=True))), one)
            job.progress(0.9 * len(features) / (len(features) + size))
    with job.written() as path:
        text = json.dumps({**merged, "features": [features[one] for one in sorted(features)]}, ensure_ascii=False)
        path.write_text(text, "utf-8", newline="\n")


def _by_offset(job: Job, box: Box, key: str, size: int) -> Iterator[dict[str, Any]]:
    """Pages by ``resultOffset`` until the service says that nothing is left; one that repeats is asked by ids."""
    start, seen = 0, set[str]()
    while True:
        query = _query(job, box) | {"resultOffset": start, "resultRecordCount": size, "orderByFields": key}
        answer = _ask(job, f"{said(box)}|{start}", f"{job.entry.address}/query", query)
        ids = {str(one.get("attributes", {}).get(key)) for one in answer["features"]}
        if ids and ids <= seen:
            yield from _by_id(job, box, size)
            return
        yield answer
        seen |= ids
        start += len(answer["features"])
        if not answer.get("exceededTransferLimit") or not answer["features"]:
            return


def _by_id(job: Job, box: Box, size: int) -> Iterator[dict[str, Any]]:
    """All ids first, which no limit applies to, then the features of so many at a time."""
    query = _query(job, box)
    held = _ask(job, f"{said(box)}|ids", f"{job.entry.address}/query", {**query, "returnIdsOnly": "true"})
    ids = sorted(held.get("objectIds") or [])
    bare = {name: query[name] for name in ("outFields", "outSR", "f")}
    waiting = [ids[start : start + size] for start in range(0, len(ids), size)]
    while waiting:
        some = waiting.pop(0)
        text = ",".join(map(str, some))
        answer = _ask(job, f"ids|{text}", f"{job.entry.address}/query", {**bare, "objectIds": text})
        if answer.get("exceededTransferLimit") and len(some) > 1:
            waiting[:0] = [some[: len(some) // 2], some[len(some) // 2 :]]
            continue
        yield answer


def _query(job: Job, box: Box) -> dict[str, Any]:
    return {
        "where": job.option("where", "1=1"),
        "geometry": said(box),
        "geometryType": "esriGeometryEnvelope",
        "inSR": 4326,
        "spatialRel": "esriSpatialRelIntersects",
        "outFields": "*",
        "outSR": 4326,
        "f": "json",
    }


def _ask(job: Job, key: str, address: str, form: dict[str, Any]) -> dict[str, Any]:
    path = job.piece(f"{key}|{form.get('where', '')}", lambda: job.client.get(address, form=form, check=whole))
    answer: dict[str, Any] = json.loads(path.read_bytes())
    return answer


def whole(content: bytes) -> None:
    """An answer in JSON that is no fault: the service writes its faults with status 200."""
    try:
        answer = json.loads(content)
    except ValueError:
        raise Passing("a resposta está cortada ou não é JSON", "the answer is cut short or no JSON") from None
    fault = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(fault, dict):
        code, text = fault.get("code"), str(fault.get("message", ""))
        if isinstance(code, int) and (code >= 500 or code == 429):
            raise Passing(f"o serviço falhou ({code} {text})", f"the service failed ({code} {text})")
        raise FetchError(
            f"O serviço recusou o pedido ({code} {text}). Verifique `address` e `ask`.",
            f"The service refused the request ({code} {text}). Check `address` and `ask`.",
        )


def _oid(fields: list[dict[str, Any]]) -> str | None:
    return next((str(one["name"]) for one in fields if one.get("type") == "esriFieldTypeOID"), None)
