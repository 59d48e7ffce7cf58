"""ArcGIS FeatureServer or MapServer: all features of a layer, page by page, or by their ids where it cannot page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from atlas.errors import FetchError
from atlas.fetch.faults import Passing
from atlas.fetch.job import Asked, Box, Job, said

PAGE = 1000
ASK: Asked = {"margin_m": 0, "page": 1, "where": str}
WRITES = (".json",)


def fetch(job: Job) -> None:
    """Write the layer's features in the region as one answer in JSON; ``address`` is a layer (``…/MapServer/1``)."""
    about = _ask(job, "about", job.entry.address, {"f": "json"})
    size = min(int(about.get("maxRecordCount") or PAGE), int(job.option("page", PAGE)))
    pages = bool((about.get("advancedQueryCapabilities") or about).get("supportsPagination"))
    key = about.get("objectIdField") or _oid(about.get("fields", [])) or "OBJECTID"
    merged: dict[str, Any] = {"objectIdFieldName": key, "spatialReference": {"wkid": 4326}}
    features: dict[str, Any] = {}
    for box in job.boxes():
        for answer in _answers(job, box, key, size, pages):
            merged |= {name: answer[name] for name in ("geometryType", "spatialReference") if name in answer}
            for one in answer["features"]:
                features.setdefault(str((one.get("attributes") or {}).get(key, json.dumps(one, sort_keys=True))), one)
            job.progress(0.9 * len(features) / (len(features) + size))
    with job.written() as path:
        text = json.dumps({**merged, "features": [features[one] for one in sorted(features)]}, ensure_ascii=False)
        path.write_text(text, "utf-8", newline="\n")


def _answers(job: Job, box: Box, key: str, size: int, pages: bool) -> Iterator[dict[str, Any]]:
    """All features of a box: their ids first, which no limit applies to; pages, if it has them; then what they lacked.

    Whether a service repeats a page, skips some, stops early or never ends, what it lists is what comes.
    """
    query = _query(job, box)
    held = _ask(job, f"{said(box)}|ids", f"{job.entry.address}/query", {**query, "returnIdsOnly": "true"})
    listed = {str(one): one for one in held["objectIds"] or []}
    seen = set[str]()
    start = 0
    while pages and start < len(listed):
        asked = query | {"resultOffset": start, "resultRecordCount": size, "orderByFields": key}
        answer = _ask(job, f"{said(box)}|{start}", f"{job.entry.address}/query", asked)
        ids = _ids(answer, key)
        if ids <= seen:
            break
        yield answer
        seen |= ids
        start += len(answer["features"])
    for answer in _by_id(job, query, size, sorted(listed[one] for one in listed.keys() - seen)):
        yield answer
        seen |= _ids(answer, key)
    if lacking := len(listed.keys() - seen):
        raise FetchError(
            f"O serviço enumera {len(listed)} elementos e não entrega {lacking}. Repita mais tarde, ou limite-os com "
            "`where` em `ask`.",
            f"The service lists {len(listed)} features and does not hand out {lacking}. Try again later, or limit them "
            "by `where` in `ask`.",
            where=job.entry.address,
        )


def _ids(answer: dict[str, Any], key: str) -> set[str]:
    return {str((one.get("attributes") or {}).get(key)) for one in answer["features"]}


def _by_id(job: Job, query: dict[str, Any], size: int, ids: list[Any]) -> Iterator[dict[str, Any]]:
    """The features of so many ids at a time, fewer where that is too much."""
    bare = {name: query[name] for name in ("outFields", "outSR", "f")}
    waiting = [ids[start : start + size] for start in range(0, len(ids), size)]
    while waiting:
        some = waiting.pop(0)
        text = ",".join(map(str, some))
        answer = _ask(job, f"ids|{text}", f"{job.entry.address}/query", {**bare, "objectIds": text})
        if len(answer["features"]) < len(some) and len(some) > 1:
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
