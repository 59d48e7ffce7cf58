"""What a comparison needs of a store: a store of another version is compared in what both hold, or refused in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from atlas.config import Index, Indicator, Text
from atlas.errors import StoreError
from atlas.store import Store

NEEDED = {
    "neighbourhoods": ("code", "name", "parent", "residents", "area_km2"),
    "parents": ("code", "name"),
    "places": ("place_id", "name", "class_", "classes", "lon", "lat", "parent", "geometry"),
    "members": ("place_id", "source_id", "record_id"),
    "records": ("source_id", "record_id", "name", "classes", "tags", "geometry"),
    "indicators": ("level", "code", "indicator", "value", "coverage"),
    "scores": ("index", "code", "score", "rank"),
}
"""Tables and columns without which places cannot be followed, nor scores split."""
SAID = ("name", "kind", "tags", "marks")
"""Columns that hold what a record says; those that both stores have are compared."""
APPLIED = "applied"
"""Whether a build applied a decision; a store that does not say so is taken to have applied them all."""
_OF_MANIFEST = ("atlas", "data_version", "hashes", "sources")
_OF_SOURCE = ("id", "title", "licence", "date", "sha256")


def refuse_unreadable(a: Store, b: Store) -> None:
    """Raise :class:`StoreError` for a store that lacks what a comparison needs, all that is lacking named."""
    for store in (a, b):
        missing = list(_missing(store))
        if missing:
            raise _of_another_version(store, ", ".join(missing))
    if "method" not in b.manifest:
        raise StoreError(
            "A construção é de um programa anterior e não guarda o método. Execute `atlas build --force`.",
            "The store was made by an older program and does not hold its method. Run `atlas build --force`.",
            where=str(b.folder),
        )


def _missing(store: Store) -> Iterator[str]:
    manifest = store.manifest
    yield from (f"manifest.{key}" for key in _OF_MANIFEST if key not in manifest)
    sources: list[Mapping[str, Any]] = manifest.get("sources", [])
    yield from (f"manifest.sources.{key}" for key in _OF_SOURCE if any(key not in one for one in sources))
    for table, columns in NEEDED.items():
        held = store.read(table).columns
        yield from (f"{table}.{column}" for column in columns if column not in held)


def _of_another_version(store: Store, what: str) -> StoreError:
    program = store.manifest.get("program", "?")
    return StoreError(
        f"A construção foi feita por outra versão do programa ({program}) e não se compara com esta: {what}. Refaça-a "
        "com este programa (`atlas build --force`), ou compare com o programa que a fez.",
        f"The store was made by another version of the program ({program}) and cannot be compared with this one: "
        f"{what}. Make it anew with this program (`atlas build --force`), or compare with the program that made it.",
        where=str(store.folder),
    )


def method_of(store: Store) -> tuple[dict[str, Indicator], list[Index]]:
    """Indicators by code and indices of a store's method; :class:`StoreError` where this program knows them not."""
    held = store.manifest["method"]
    try:
        known = {str(one["code"]): Indicator.model_validate(one) for one in held["indicator"]}
        return known, [Index.model_validate(one) for one in held["index"]]
    except ValidationError as fault:
        keys = (".".join(str(part) for part in one["loc"]) for one in fault.errors())
        raise _of_another_version(store, f"manifest.method ({', '.join(dict.fromkeys(keys))})") from fault
    except KeyError as fault:
        raise _of_another_version(store, f"manifest.method.{fault.args[0]}") from fault


def shared_columns(a: Store, b: Store) -> list[str]:
    """Columns of :data:`SAID` that both stores have."""
    held = [store.read("records").columns for store in (a, b)]
    return [column for column in SAID if all(column in columns for columns in held)]


def left_out(a: Store, b: Store) -> Iterator[Text]:
    """What one store does not hold and the comparison goes without, in sentences."""
    shared = shared_columns(a, b)
    lacking = [column for column in SAID if column not in shared]
    if lacking:
        names = ", ".join(f"records.{column}" for column in lacking)
        yield Text(
            pt=f"Uma das construções é de outra versão e não tem {names}: os registos comparam-se sem isso.",
            en=f"One of the stores is of another version and lacks {names}: records are compared without it.",
        )
    for store in (a, b):
        if "decisions" in store.tables() and APPLIED not in store.read("decisions").columns:
            edition = f"{store.manifest['atlas']} {store.manifest['data_version']}"
            yield Text(
                pt=f"A construção {edition} é de outra versão e não diz que decisões aplicou: contam-se todas.",
                en=f"The store {edition} is of another version and does not say which decisions it applied: all count.",
            )
