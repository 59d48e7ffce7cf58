"""Long work of the app, each in a process of its own: ``python -m atlas.app.tasks``, started by :mod:`.working`.

It reads one line of JSON, what to do, and tells on its standard output how far it is; what came of it goes to a file.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas.build import Progress
from atlas.errors import AtlasError, from_system

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built
    from atlas.language import Lang
    from atlas.ties import Chance


def opened(folder: str, store: str) -> Built:
    """An atlas and its store as they stand."""
    from atlas.atlasfile import load_atlas
    from atlas.built import Built
    from atlas.store import Store

    return Built(load_atlas(Path(folder)), Store(Path(store)))


def build(tell: Progress, folder: str, store: str) -> None:
    """Build what is stale."""
    from atlas.atlasfile import load_atlas
    from atlas.build import build as build_atlas

    build_atlas(load_atlas(Path(folder)), Path(store), progress=tell)


def null(tell: Progress, folder: str, store: str) -> None:
    """Draw the null atlas of a build, and keep it with the build."""
    from atlas.atlasfile import load_atlas
    from atlas.build import NULL_SPAN
    from atlas.build import build as build_atlas
    from atlas.strategy.null_atlas import DRAWS

    def drawn(share: float, stage: str) -> None:
        begin, end = NULL_SPAN
        tell((share - begin) / (end - begin) if stage == "null" else 0.0, stage)

    build_atlas(load_atlas(Path(folder)), Path(store), null=DRAWS, progress=drawn)


def export(tell: Progress, folder: str, store: str, layer: str, suffix: str, lang: str, within: str) -> bytes:
    """One file of one format."""
    return file_of(opened(folder, store), layer, suffix, lang, within, tell)


def file_of(built: Built, layer: str, suffix: str, lang: str, within: str, progress: Progress | None = None) -> bytes:
    """What the command line writes for the same words."""
    from tempfile import TemporaryDirectory

    from atlas.exports import stem_of, write
    from atlas.exports.from_store import exportable

    with TemporaryDirectory(prefix="atlas-") as beside:
        held = exportable(built.atlas, built.store, layer, lang, within or None)
        path = Path(beside) / (stem_of(built.atlas.atlas.id, layer, within) + suffix)
        return write(held, path, lang=lang, progress=progress)[0].read_bytes()


def sheet(tell: Progress, folder: str, store: str, code: str, lang: Lang) -> bytes:
    """The printed sheet of a neighbourhood, or the dossier of a municipality."""
    from atlas.sheets import sheets

    return sheets(opened(folder, store), code, lang=lang, progress=tell)


def package(tell: Progress, folder: str, store: str, lang: Lang) -> bytes:
    """Everything in one ZIP."""
    from tempfile import TemporaryDirectory

    from atlas.package import write_package

    with TemporaryDirectory(prefix="atlas-") as beside:
        path = Path(beside) / "package.zip"
        write_package(opened(folder, store), path, lang=lang, progress=tell)
        return path.read_bytes()


def draw(tell: Progress, folder: str, store: str, index: str, weights: dict[str, float]) -> pd.DataFrame:
    """Scores and intervals of an index with other weights."""
    from atlas.ranking import drawn_scores

    built = opened(folder, store)
    return drawn_scores(built, index, weights, _share_of_draws(tell, built))


def _share_of_draws(tell: Progress, built: Built) -> Callable[[int], None]:
    """Hears how many draws were made, of the method and then as many of the data, and tells the share of all."""
    made, every = 0, 2 * int(built.store.manifest["draws"])

    def drawn(count: int) -> None:
        nonlocal made
        made += count
        tell(made / every, "draws")

    return drawn


def above(
    tell: Progress, folder: str, store: str, index: str, within: str, weights: dict[str, float] | None
) -> pd.Series:
    """The chance that each unit of an area stands above the next one there."""
    import pandas as pd

    from atlas.ranking import checked_weights, index_holding, rank_table
    from atlas.ties import above_next

    built = opened(folder, store)
    none = pd.Series(dtype=float)
    table = rank_table(built, index, weights=weights, within=within, intervals=False, above=none)
    held = index_holding(built, index)
    mine = checked_weights(held, weights) if weights else None
    return above_next(built, held, table["code"][table["rank"].notna()].tolist(), mine,
                      _share_of_draws(tell, built))  # fmt: skip


def chance(
    tell: Progress, folder: str, store: str, index: str, one: str, other: str, weights: dict[str, float] | None
) -> Chance | None:
    """The chance that one unit stands above another."""
    from atlas.ranking import checked_weights, index_holding
    from atlas.ties import chances_above

    built = opened(folder, store)
    held = index_holding(built, index)
    mine = checked_weights(held, weights) if weights else None
    return chances_above(built, held, [(one, other)], mine, _share_of_draws(tell, built))[0]


def standalone(_tell: Progress, folder: str, store: str, index: str, lang: Lang) -> bytes:
    """The whole atlas as one HTML file that needs no network."""
    from atlas.maps import standalone as whole

    built = opened(folder, store)
    return whole(built.atlas, built.store, lang=lang, index=index).encode()


def venues(
    _tell: Progress, folder: str, store: str, index: str, code: str, weights: dict[str, float] | None, lang: Lang
) -> str:
    """The sentence on how many venues would be enough; nothing where none of one class would."""
    from atlas.explaining import with_venues

    return with_venues(opened(folder, store), {"index": index, "code": code, "sentence": ""}, lang, weights)


TASKS: dict[str, Callable[..., Any]] = {
    "above": above, "build": build, "chance": chance, "draw": draw, "export": export, "null": null,
    "package": package, "sheet": sheet, "standalone": standalone, "venues": venues,
}  # fmt: skip


def main() -> None:
    """Do what the one line says; end at once when who asked is gone."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no progress
    if hasattr(os, "nice"):
        os.nice(5)  # a weight that somebody moves meanwhile goes first
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(share: float, stage: str) -> None:
        out.write(json.dumps([share, stage]) + "\n")
        out.flush()

    told = _done(lambda: TASKS[asked["task"]](tell, **asked["arguments"]))
    result = Path(asked["result"])
    half = result.with_name("half")  # on a full disk there is no result rather than a part of one
    half.write_bytes(pickle.dumps(told))
    half.rename(result)


def _done(task: Callable[[], Any]) -> tuple[Any, ...]:
    """``made`` and what the task gave, or ``fault`` with its words in both languages and its place."""
    try:
        return "made", task()
    except AtlasError as fault:
        said = fault
    except OSError as fault:
        known = from_system(fault)
        if known is None:
            raise
        said = known
    return "fault", said.pt, said.en, said.where


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
