"""A built atlas on disk: GeoParquet tables and ``manifest.json``, written beside and swapped in.

Same inputs, same bytes. Timings and the day of the build stand apart in ``build.log.json``.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from atlas.errors import StoreError, refusal
from atlas.fetched import DECISIONS

SCHEMA = 1
MANIFEST = "manifest.json"
LOG = "build.log.json"


class Store:
    """Reads one built atlas; tables are read once and kept, and must not be changed by who reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._tables: dict[str, pd.DataFrame] = {}
        self._manifest: dict[str, Any] | None = None

    @property
    def manifest(self) -> dict[str, Any]:
        """What the store was made from; raises :class:`StoreError` where it is missing or of another schema."""
        if self._manifest is None:
            path = self.folder / MANIFEST
            try:
                found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            except FileNotFoundError:
                raise StoreError(
                    "O atlas ainda não foi construído. Execute `atlas build`.",
                    "The atlas is not built yet. Run `atlas build`.",
                    where=str(self.folder),
                ) from None
            except (OSError, ValueError) as fault:
                pt, en = refusal(fault)
                raise StoreError(
                    f"O manifesto não se lê ({pt}). Execute `atlas build --force`.",
                    f"The manifest cannot be read ({en}). Run `atlas build --force`.",
                    where=str(path),
                ) from fault
            schema = found.get("schema") if isinstance(found, dict) else None
            if schema != SCHEMA:
                raise StoreError(
                    f"A construção é do esquema {schema}, este programa lê o {SCHEMA}. Execute "
                    "`atlas build`, ou use o programa que a fez.",
                    f"The store is of schema {schema}, this program reads {SCHEMA}. Run `atlas build`, or "
                    "use the program that made it.",
                    where=str(path),
                )
            self._manifest = found
        return self._manifest

    @property
    def gone(self) -> list[str]:
        """Tables that somebody asked for once and that went with the figures they stood on (``--cuts``, ``--null``)."""
        try:
            found = json.loads((self.folder / LOG).read_text("utf-8")).get("gone", [])
        except (OSError, ValueError, AttributeError):
            return []
        return [str(name) for name in found]

    def tables(self) -> list[str]:
        """Names of the tables."""
        return sorted(path.stem for path in self.folder.glob("*.parquet"))

    def read(self, name: str) -> Any:
        """One table: a GeoDataFrame in the atlas's CRS where it has geometry, else a DataFrame."""
        if name not in self._tables:
            path = self.folder / f"{name}.parquet"
            try:
                spatial = b"geo" in (pq.read_schema(path).metadata or {})
                self._tables[name] = gpd.read_parquet(path) if spatial else pd.read_parquet(path)
            except (OSError, ValueError) as fault:
                raise StoreError(
                    f"A tabela «{name}» falta ou está danificada. Execute `atlas build --force`.",
                    f"The table “{name}” is missing or damaged. Run `atlas build --force`.",
                    where=str(path),
                ) from fault
        return self._tables[name]


def write(
    folder: Path, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], log: Mapping[str, Any]
) -> None:
    """Replace the store in ``folder``: everything is written beside it first, then swapped in.

    A build that is killed leaves the last good store, under its own name or, in the moment between two
    renames, as ``NAME.previous``, from which :func:`recover` brings it back.

    Raises
    ------
    StoreError
        The folder cannot be written to, or the disk is full.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        beside = aside / folder.name  # with the rights of any new folder: the temporary one is its maker's alone
        beside.mkdir()
    except OSError as fault:
        pt, en = refusal(fault)
        raise StoreError(
            f"Não se pode escrever aqui ({pt}). Escolha outra pasta com `--store`.",
            f"Cannot write here ({en}). Choose another folder with `--store`.",
            where=str(folder.parent),
        ) from fault
    try:
        for name, table in tables.items():
            _write_table(table, beside / f"{name}.parquet")
        text = json.dumps({"schema": SCHEMA, **manifest}, ensure_ascii=False, indent=1, sort_keys=True)
        (beside / MANIFEST).write_text(text + "\n", "utf-8", newline="\n")
        (beside / LOG).write_text(json.dumps(log, ensure_ascii=False, indent=1) + "\n", "utf-8", newline="\n")
        _carry_over(folder, beside)
        _swap(beside, folder)
    except OSError as fault:
        pt, en = refusal(fault)
        raise StoreError(
            f"A construção não pôde ser guardada ({pt}); a anterior mantém-se. Liberte espaço ou escolha outra pasta "
            "com `--store`.",
            f"The build could not be stored ({en}); the last one stands. Free some space or choose another folder "
            "with `--store`.",
            where=str(folder),
        ) from fault
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _carry_over(folder: Path, beside: Path) -> None:
    """Keep what a planner laid into the folder of an embedded atlas: a store is replaced, ``decisions.csv`` is not."""
    kept = folder / DECISIONS
    if kept.is_file():
        shutil.copy2(kept, beside / DECISIONS)


def recover(folder: Path) -> None:
    """Bring back the last good store if a swap was cut in the middle; drop what a killed build left."""
    folder = Path(folder)
    previous = _previous(folder)
    if previous.is_dir():
        if (folder / MANIFEST).is_file():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            _carry_over(folder, previous)
            shutil.rmtree(folder, ignore_errors=True)
            previous.replace(folder)
    begun = re.compile(rf"\.{re.escape(folder.name)}-[a-z0-9_]{{8}}")  # as `tempfile` names it, and no neighbour's
    for left in folder.parent.iterdir() if folder.parent.is_dir() else ():
        if begun.fullmatch(left.name):
            shutil.rmtree(left, ignore_errors=True)


def _previous(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.previous")


def _swap(beside: Path, folder: Path) -> None:
    """Rename in two steps, since no platform renames over a folder that is not empty."""
    previous = _previous(folder)
    shutil.rmtree(previous, ignore_errors=True)
    if folder.exists():
        folder.replace(previous)
    try:
        beside.replace(folder)
    except OSError:
        with suppress(OSError):
            previous.replace(folder)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _write_table(table: pd.DataFrame, path: Path) -> None:
    if isinstance(table, gpd.GeoDataFrame):
        table.to_parquet(path, index=False, compression="zstd", write_covering_bbox=True, schema_version="1.1.0")
    else:
        table.to_parquet(path, index=False, compression="zstd")
