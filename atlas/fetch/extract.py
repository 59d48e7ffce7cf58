"""An extract of OpenStreetMap (Geofabrik and others), downloaded whole and cut to what the layers ask for there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from atlas.errors import FetchError
from atlas.fetch.job import Asked, Job, fresh
from atlas.fetch.overpass import records_in
from atlas.layers import wanted_tags
from atlas.sources.pbf import read_osm

DOWNLOAD = 0.9  # share of the work
ASK: Asked = {"layers": list, "margin_m": 0, "md5": bool}
WRITES = (".parquet",)


def fetch(job: Job) -> None:
    """Write the region's objects as GeoParquet, in the form of records."""
    job.pieces.mkdir(parents=True, exist_ok=True)
    path = job.pieces / "extract.osm.pbf"
    if not fresh(path):
        job.client.download(job.entry.address, path, progress=lambda share: job.progress(DOWNLOAD * share))
    if job.option("md5", False):
        _check_sum(job, path)
    chosen = set(job.option("layers", [layer.id for layer in job.atlas.layers]))
    records = read_osm(path, tags_filter=wanted_tags(one for one in job.atlas.layers if one.id in chosen))
    with job.written() as target:
        records_in(job, [records]).to_parquet(target, index=False)


def _check_sum(job: Job, path: Path) -> None:
    """The sum that the service publishes beside the file must be the file's."""
    said = job.client.get(f"{job.entry.address}.md5").decode("ascii", "replace").split()
    with path.open("rb") as file:
        own = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if not said or said[0].lower() != own:
        path.unlink()
        raise FetchError(
            "O extrato não tem a soma MD5 que o serviço publica: chegou danificado ou mudou a meio. Repita.",
            "The extract has not the MD5 sum that the service publishes: it came damaged or changed half way. Try "
            "again.",
            where=job.entry.address,
        )
