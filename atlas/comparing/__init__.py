"""What changed between two builds, and whether the data or the method moved it.

Places are followed from one store to the other by their records, then by the identifier that a record states, then
by name at the spot. Scores and ranks are split by computing B's method on A's figures: up to there the method moved
them, from there on the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from atlas.comparing.followed import follow
from atlas.comparing.readable import left_out, refuse_unreadable
from atlas.comparing.rescored import moved_scores
from atlas.config import Text
from atlas.errors import StoreError
from atlas.store import Store

COLUMNS = ("kind", "id", "name", "before", "after", "change", "cause")
KINDS = (
    "caveat", "source", "unit_came", "unit_went", "place_came", "place_went", "place_closed", "place_moved",
    "place_reclassified", "place_merged", "place_split", "index_came", "index_went", "score", "rank",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Every change as a row of :data:`COLUMNS`; caveats that must be read with them.

    Attributes
    ----------
    caveats
        Whole sentences in both languages.
    measured_anew
        Indicators whose figures B measures in another way: what that moved counts as method.

    """

    rows: pd.DataFrame
    caveats: list[Text] = field(default_factory=list)
    measured_anew: list[str] = field(default_factory=list)

    def count(self, kind: str, cause: str | None = None) -> int:
        """Number of rows of a kind, or of those that one cause moved."""
        own = self.rows["kind"] == kind
        return int((own if cause is None else own & (self.rows["cause"] == cause)).sum())


def compare(a: Store, b: Store) -> Comparison:
    """Every change from ``a`` to ``b``.

    Raises
    ------
    StoreError
        A store cannot be read or lacks what a comparison needs, ``b`` does not hold the method it was scored with, or
        the two have no unit in common.

    """
    refuse_unreadable(a, b)
    _comparable(a, b)
    sources = list(_sources(a, b))
    caveats = [*_caveats(a, b), *left_out(a, b)]
    scores, measured_anew = moved_scores(a, b, {row["id"] for row in sources})
    places = follow(a, b)
    if (places["kind"] == "place_went").any():
        caveats.append(LEFT_IS_NOT_CLOSED)
    head = [
        {"kind": "caveat", "id": str(number), "name": text, "cause": "data"} for number, text in enumerate(caveats, 1)
    ]
    parts = [pd.DataFrame([*head, *sources, *_units(a, b)]), places, scores]
    rows = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    rows = rows.reindex(columns=list(COLUMNS)).astype(object)
    rows = rows.where(rows.notna(), None)
    order = {kind: position for position, kind in enumerate(KINDS)}
    rows = rows.sort_values("kind", key=lambda kinds: kinds.map(order), kind="stable").reset_index(drop=True)
    return Comparison(rows, caveats, measured_anew)


LEFT_IS_NOT_CLOSED = Text(
    pt="Um lugar que saiu das fontes não fechou por isso: pode ter mudado de classe, de nome ou de lista. "
    "Só uma decisão no terreno diz que fechou.",
    en="A place that left the sources has not closed by that: it may have changed class, name or list. "
    "Only a decision in the field says that it closed.",
)


def _comparable(a: Store, b: Store) -> None:
    units = set(a.read("neighbourhoods")["code"]), set(b.read("neighbourhoods")["code"])
    if not units[0] & units[1]:
        raise StoreError(
            "As duas construções não têm nenhuma unidade em comum: não há nada que comparar. Indique duas construções "
            "da mesma região.",
            "The two stores have no unit in common: there is nothing to compare. Name two stores of one region.",
            where=f"{a.folder} · {b.folder}",
        )


def _state(source: dict[str, Any] | None) -> str | None:
    """A source as one reads it: its date and the first digits of its checksum."""
    return None if source is None else f"{source['date']} ({source['sha256'][:8]})"


def _by_id(store: Store) -> dict[str, dict[str, Any]]:
    return {source["id"]: source for source in store.manifest["sources"]}


def _sources(a: Store, b: Store) -> Iterator[dict[str, Any]]:
    """Sources that came, went, or are another file than before."""
    before, after = _by_id(a), _by_id(b)
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old is None or new is None or (old["sha256"], old["date"]) != (new["sha256"], new["date"]):
            title = (new or old or {})["title"]
            yield {
                "kind": "source",
                "id": name,
                "name": title,
                "before": _state(old),
                "after": _state(new),
                "cause": "data",
            }


def _caveats(a: Store, b: Store) -> Iterator[Text]:
    """OpenStreetMap grows by being mapped: a change between two extracts may be a change of the map alone."""
    before, after = ({s["id"]: s for s in _by_id(one).values() if "odbl" in s["licence"].lower()} for one in (a, b))
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old and new and (old["sha256"], old["date"]) == (new["sha256"], new["date"]):
            continue
        held = [
            f"{one['date']}, {'?' if one.get('records') is None else one['records']}" if one else "—"
            for one in (old, new)
        ]
        yield Text(
            pt=f"A fonte do OpenStreetMap «{name}» mudou ({held[0]} registos → {held[1]}): parte da diferença pode ser "
            "mapeamento novo e não mudança no terreno.",
            en=f"The OpenStreetMap source “{name}” changed ({held[0]} records → {held[1]}): part of the difference may "
            "be new mapping and no change on the ground.",
        )


def _units(a: Store, b: Store) -> Iterator[dict[str, Any]]:
    before, after = (one.read("neighbourhoods").set_index("code")["name"] for one in (a, b))
    for code in before.index.difference(after.index):
        yield {"kind": "unit_went", "id": code, "name": before[code], "before": code, "cause": "data"}
    for code in after.index.difference(before.index):
        yield {"kind": "unit_came", "id": code, "name": after[code], "after": code, "cause": "data"}
