"""The stages in order, from sources to a store; which of them are stale; one build at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from atlas import __version__, strategy
from atlas import store as stores
from atlas.config import Atlas
from atlas.cuts import cut_tables, refuse_without_points
from atlas.errors import StoreError, refusal
from atlas.fetched import located_file
from atlas.judging import log_of_weights
from atlas.measuring import measure_all
from atlas.placing import Places, place_all
from atlas.scores import score_all
from atlas.sources import file_hash
from atlas.store import Store

Progress = Callable[[float, str], None]
LOCK_SECONDS = 600
DATA_TABLES = (
    "records", "places", "completeness", "members", "unplaced", "disputes", "decisions", "neighbourhoods", "parents",
    "crosswalk",
)  # fmt: skip
FIGURE_TABLES = ("indicators", "evidence", "doubts")
STRATEGY_TABLES = ("agglomerations", "rides", "network", "links")
SCORE_TABLES = ("scores", "stages", "opportunities", "monte_carlo")
ASKED_TABLES = ("cuts", "cut_units", "null_atlas")  # only where somebody asked for them
NULL_SPAN = (0.8, 0.95)
"""From which share of a build to which the null atlas is drawn."""


def silent(_share: float, _stage: str) -> None:
    """No progress."""


@dataclass(frozen=True)
class Hashes:
    """What each stage stands on; a stage is stale where its hash, or one before it, has changed."""

    data: str
    figures: str
    method: str


def hashes_of(atlas: Atlas, *, draws: int, seed: int) -> Hashes:
    """Hashes of inputs and program (``data``), with the indicators (``figures``), with the indices (``method``)."""
    files = {source.id: file_hash(located_file(atlas.folder, source.file)) for source in atlas.source}
    files |= {
        f"{source.id}.nodes": file_hash(atlas.folder / str(source.read["nodes"]))
        for source in atlas.source
        if "nodes" in source.read
    }
    units = atlas.neighbourhoods
    files |= {name: file_hash(atlas.folder / name) for name in (units.file, units.parents) if name}
    whole = atlas.model_dump(mode="json", by_alias=True, exclude={"fetch", "tiles"})
    layers = [layer.model_dump(mode="json", by_alias=True) for layer in atlas.layers]
    head = {**whole["atlas"], "draws": None, "seed": None}
    data = _digest(code_hash(), files, head, whole["neighbourhoods"], whole["source"], layers)
    figures = _digest(data, whole["walking"], [_measured_part(one) for one in whole["indicator"]])
    opinions = [one.model_dump(mode="json") for index in atlas.index for one in index.opinions]
    method = _digest(figures, whole, draws, seed, *([opinions] if opinions else []))
    return Hashes(data, figures, method)


def _measured_part(indicator: Mapping[str, Any]) -> dict[str, Any]:
    """What of an indicator decides its figures: not its name, nor how it is scored."""
    return {
        key: indicator[key] for key in ("code", "level", "measure", "sources", "layers", "with", "base", "base_least")
    }


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@cache
def code_hash() -> str:
    """Hash of the program's own source text: another program is another build."""
    package = Path(__file__).parent
    rooms = ("", "sources", "fusion", "indicators", "scoring", "strategy")
    paths = sorted(path for room in rooms for path in (package / room).glob("*.py"))
    paths.append(package / "strategy" / "complements.toml")
    skipped = {
        "cli.py",
        "maps.py",
        "palette.py",
        "classes.py",
        "listing.py",
        "diagnosing.py",
        "ranking.py",
        "explaining.py",
        "ties.py",
        "venues.py",
        "language.py",
        "null_atlas.py",
        "opportunities.py",
        "peers.py",
        "reading.py",
        "reusable.py",
        "scorecard.py",
        "validate.py",
    }
    texts = [path.read_bytes().replace(b"\r\n", b"\n") for path in paths if path.name not in skipped]
    return hashlib.sha256(__version__.encode() + b"".join(texts)).hexdigest()[:16]


def is_current(
    atlas: Atlas,
    folder: Path,
    *,
    draws: int | None = None,
    seed: int | None = None,
    cuts: bool = False,
    null: int = 0,
) -> bool:
    """Whether the store in ``folder`` was made from exactly these inputs by this program.

    Draws, seed, other zonings and null atlases that are not asked for are the store's own: a build for a report is
    kept.
    """
    try:
        found = Store(folder).manifest
    except StoreError:
        return False
    if not all((Path(folder) / f"{name}.parquet").is_file() for name in found["counts"]):
        return False  # copied in part
    if (cuts and "cuts" not in found["counts"]) or (null and found.get("null") != null):
        return False
    draws = found["draws"] if draws is None else draws
    seed = found["seed"] if seed is None else seed
    wanted = hashes_of(atlas, draws=draws, seed=seed)
    return bool(found["hashes"] == {"data": wanted.data, "figures": wanted.figures, "method": wanted.method})


def build(
    atlas: Atlas,
    folder: Path,
    *,
    draws: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    force: bool = False,
    cuts: bool = False,
    null: int = 0,
    progress: Progress = silent,
) -> Store:
    """Build what is stale and swap the new store in; a current one is left as it is.

    With ``cuts`` the indices are also built on other zonings (:mod:`atlas.cuts`), with ``null`` so many atlases with
    their venues dealt out anew (:mod:`atlas.strategy.null_atlas`).

    Raises
    ------
    StoreError
        Another build holds the lock for ten minutes, or the folder cannot be written.
    ConfigError
        Other zonings are asked for, and the atlas has no population points.
    """
    folder = Path(folder).resolve()  # where a link leads: a swap renames the folder, and would lose the link
    if cuts:
        refuse_without_points(atlas)
    wanted_draws = atlas.atlas.draws if draws is None else draws
    wanted_seed = atlas.atlas.seed if seed is None else seed
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        with lock.acquire(timeout=LOCK_SECONDS):
            stores.recover(folder)
            if force or not is_current(atlas, folder, draws=draws, seed=seed, cuts=cuts, null=null):
                _build(
                    atlas,
                    folder,
                    draws=wanted_draws,
                    seed=wanted_seed,
                    workers=workers,
                    force=force,
                    cuts=cuts,
                    null=null,
                    progress=progress,
                )
    except Timeout:
        raise StoreError(
            "Outra construção está a decorrer há mais de dez minutos. Termine-a e repita.",
            "Another build has been running for over ten minutes. End it and try again.",
            where=str(folder),
        ) from None
    except OSError as fault:
        if not force and is_current(atlas, folder, draws=draws, seed=seed, cuts=cuts, null=null):
            return Store(folder)  # others keep it up to date: a shared folder that one may only read from
        pt, en = refusal(fault)
        raise StoreError(
            f"Não se pode escrever aqui ({pt}). Escolha outra pasta com `--store` ou ATLAS_HOME.",
            f"Cannot write here ({en}). Choose another folder with `--store` or ATLAS_HOME.",
            where=str(folder),
        ) from fault
    return Store(folder)


def _build(
    atlas: Atlas,
    folder: Path,
    *,
    draws: int,
    seed: int,
    workers: int,
    force: bool,
    cuts: bool,
    null: int,
    progress: Progress,
) -> None:
    hashes = hashes_of(atlas, draws=draws, seed=seed)
    asked_before = _asked_before(folder)
    earlier = None if force else _earlier(folder)
    known: Mapping[str, str] = earlier.manifest["hashes"] if earlier else {}
    clock = _Clock()

    progress(0.02, "places")
    placed: Places | None = None
    if earlier is not None and known.get("data") == hashes.data:
        tables = {name: earlier.read(name) for name in DATA_TABLES}
        about = {key: earlier.manifest[key] for key in ("sources", "repairs", "warnings")}
    else:
        share = _share_of(progress, 0.02, 0.5)
        placed = place_all(atlas, progress=lambda done: share(done, "places"))
        tables = dict(placed.tables)
        about = {"sources": placed.sources, "repairs": placed.repairs, "warnings": placed.warnings}
    clock.done("places")
    progress(0.5, "indicators")
    if earlier is not None and known.get("figures") == hashes.figures:
        tables |= {name: earlier.read(name) for name in (*FIGURE_TABLES, *STRATEGY_TABLES)}
    else:
        placed = placed or Places.of(atlas, tables, about)
        tables |= measure_all(atlas, placed).tables
        clock.done("indicators")
        progress(0.65, "strategy")
        tables |= strategy.tables(atlas, tables, streets=placed.streets)
        clock.done("strategy")
    progress(0.7, "scores")
    if earlier is not None and known.get("method") == hashes.method:
        kept = [name for name in (*SCORE_TABLES, *ASKED_TABLES) if name in earlier.manifest["counts"]]
        tables |= {name: earlier.read(name) for name in kept}
        null = null or earlier.manifest.get("null", 0)
    else:
        earlier = None
        tables |= score_all(atlas, tables, draws=draws, seed=seed, workers=workers)
    clock.done("scores")
    if cuts and "cuts" not in tables:
        progress(0.8, "cuts")
        tables |= cut_tables(atlas, placed or Places.of(atlas, tables, about), tables)
        clock.done("cuts")
    if null and (earlier is None or earlier.manifest.get("null") != null):
        from atlas.strategy.null_atlas import null_atlas

        placed = placed or Places.of(atlas, tables, about)
        share = _share_of(progress, *NULL_SPAN)
        drawn = null_atlas(atlas, tables, placed, draws=null, seed=seed, workers=workers, progress=share)
        tables["null_atlas"] = drawn
        clock.done("null")
    progress(0.95, "store")
    manifest = {
        "atlas": atlas.atlas.id,
        "data_version": atlas.atlas.data_version,
        "program": __version__,
        "crs": atlas.atlas.crs,
        "draws": draws,
        "seed": seed,
        "null": null,
        "hashes": {"data": hashes.data, "figures": hashes.figures, "method": hashes.method},
        "walking": _walking(atlas),
        "method": atlas.model_dump(mode="json", by_alias=True, include={"indicator", "index", "opportunity"}),
        "counts": {name: len(table) for name, table in sorted(tables.items())},
        "without_spread": without_spread(atlas, tables["indicators"]),
        **about,
    }
    day = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    log = {"built": day, "seconds": clock.seconds, "weights": list(log_of_weights(atlas))}
    log["gone"] = sorted(asked_before - tables.keys())
    stores.write(folder, tables, manifest, log)
    progress(1.0, "store")


def without_spread(atlas: Atlas, figures: pd.DataFrame) -> list[str]:
    """Codes of the indicators in an index that have one value in all units and so tell none from another."""
    weighing = {code for index in atlas.index for pillar in index.pillar for code in pillar.indicators}
    known = figures[figures["indicator"].isin(weighing)].groupby(["indicator", "level"], observed=True)["value"]
    return sorted({str(code) for (code, _), values in known if values.count() > 1 and values.min() == values.max()})


class _Clock:
    """Seconds that each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.perf_counter()

    def done(self, stage: str) -> None:
        """A stage is over."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._at, 3)
        self._at = now


def _share_of(progress: Progress, low: float, high: float) -> Progress:
    """Progress of a stage as that of the whole."""
    return lambda share, stage: progress(low + (high - low) * share, stage)


def _walking(atlas: Atlas) -> str:
    """How reach was measured: ``streets``, ``streets and slope``, ``straight distance × detour``, or not at all."""
    if atlas.walking.network is not None:
        return "streets and slope" if atlas.walking.relief else "streets"
    if atlas.neighbourhoods.within_source is None:
        return "straight distance from the outline"
    return f"straight distance × {atlas.atlas.detour:g}"


def _asked_before(folder: Path) -> set[str]:
    """The tables that somebody asked for, of the store that stands or lost with one before it."""
    try:
        return {name for name in ASKED_TABLES if name in Store(folder).manifest["counts"]} | set(Store(folder).gone)
    except (StoreError, KeyError):
        return set()


def _earlier(folder: Path) -> Store | None:
    """The store that stands, where it can be read; its tables may serve again."""
    found = Store(folder)
    try:
        found.manifest["hashes"]
    except (StoreError, KeyError):
        return None
    needed = (*DATA_TABLES, *FIGURE_TABLES, *STRATEGY_TABLES, *SCORE_TABLES)
    return found if all((folder / f"{name}.parquet").is_file() for name in needed) else None
