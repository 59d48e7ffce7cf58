"""What changed in a municipality since another build: a page of its dossier."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Any

import pandas as pd

from atlas.comparing import KINDS, Comparison, compare
from atlas.sheets.facts import Facts, Reading
from atlas.sheets.typeface import printable
from atlas.store import Store

SHOWN = 40
"""Rows of one kind on paper, the largest changes first; `atlas compare` lists them all."""
_PLACES = tuple(kind for kind in KINDS if kind.startswith("place_"))
_UNITS = ("unit_came", "unit_went")
_STEPS = ("before", "method", "data", "after")
Row = dict[str, Any]


class Changes:
    """A comparison with an earlier build, by municipality."""

    def __init__(self, reading: Reading, since: Store) -> None:
        self.reading, self.since = reading, since
        self.found: Comparison = compare(since, reading.built.store)

    @cached_property
    def _by_parent(self) -> dict[str, list[Row]]:
        """Municipality → its rows: where a place or a unit was, or where it is now."""
        stores = (self.since, self.reading.built.store)
        homes: dict[str, set[str]] = defaultdict(set)
        for store in stores:
            for table, column in (("places", "place_id"), ("neighbourhoods", "code")):
                held = store.read(table)[[column, "parent"]].dropna()
                for id_, parent in held.itertuples(index=False):
                    homes[str(id_)].add(str(parent))
            for code in store.read("parents")["code"]:
                homes[str(code)].add(str(code))
        rows: dict[str, list[Row]] = defaultdict(list)
        for row in self.found.rows.to_dict("records"):
            id_ = str(row["id"])
            code = id_.partition(":")[2] if row["kind"] in ("score", "rank") else id_
            for parent in homes.get(code, ()):
                rows[parent].append(row | {"code": code})
        return rows

    @cached_property
    def _today(self) -> pd.DataFrame:
        """Score and rank by index and unit, for what did not move."""
        return self.reading.built.store.read("scores").set_index(["index", "code"])[["score", "rank"]].sort_index()

    def of(self, parent: str) -> Facts:
        """Everything on the page of one municipality."""
        t, rows = self.reading.t, self._by_parent.get(parent, [])
        return {
            "title": t("sheet.changes.title"),
            "about": t("sheet.changes.about", before=self._edition(self.since),
                       after=self._edition(self.reading.built.store)),
            "caveats": [printable(one.in_(t.lang)) for one in self.found.caveats],
            "sources": self._sources(),
            "anew": t("field.compare.measured_anew", codes=self._figures()) if self.found.measured_anew else "",
            "nothing": "" if rows else t("sheet.changes.nothing"),
            "counts": self._counts(rows),
            "indices": [one for index in self._indices(rows) if (one := self._moved(rows, index))["rows"]],
            "places": [self._listed(rows, kind) for kind in (*_UNITS, *_PLACES) if _of(rows, kind)],
        }  # fmt: skip

    def _edition(self, store: Store) -> str:
        """A build in words: its atlas, its edition and the first digits of its two hashes."""
        t, manifest = self.reading.t, store.manifest
        hashes = manifest["hashes"]
        return t(
            "sheet.changes.edition", version=printable(manifest["data_version"]), data=hashes["data"][:8],
            method=hashes["method"][:8],
        )  # fmt: skip

    def _figures(self) -> str:
        names = [self.reading.known[code].name.in_(self.reading.t.lang) for code in self.found.measured_anew]
        return printable(", ".join(names))

    def _sources(self) -> list[Facts]:
        rows = self.found.rows[self.found.rows["kind"] == "source"]
        declared = {one.id: one.title_in(self.reading.t.lang) for one in self.reading.built.atlas.source}
        return [
            {
                "name": printable(declared.get(row["id"], row["name"])),
                "before": self._said(row["before"]),
                "after": self._said(row["after"]),
            }
            for row in rows.to_dict("records")
        ]

    def _counts(self, rows: list[Row]) -> list[Facts]:
        """How many changes of each kind, and what moved them."""
        t = self.reading.t
        counted = []
        for kind in KINDS:
            own = _of(rows, kind)
            if own:
                causes = {cause: t.number(sum(row["cause"] == cause for row in own)) for cause in ("data", "method")}
                counted.append({"what": t(f"field.compare.kind.{kind}"), "count": t.number(len(own)), **causes})
        return counted

    def _indices(self, rows: list[Row]) -> list[str]:
        """Indices with a score or a rank that moved, in the order of the configuration."""
        there = {str(row["id"]).partition(":")[0] for row in rows if row["kind"] in ("score", "rank")}
        return [index.id for index in self.reading.built.atlas.index if index.id in there]

    def _moved(self, rows: list[Row], index: str) -> Facts:
        """Units whose score or rank in one index moved: before, what the method did, what the data did, after."""
        t = self.reading.t
        moved: dict[str, Facts] = {}
        sizes: dict[str, float] = defaultdict(float)
        for row in rows:
            if row["kind"] not in ("score", "rank") or row["id"] != f"{index}:{row['code']}":
                continue
            held = moved.setdefault(row["code"], {"name": self._name(row["name"]), "score": {}, "rank": {}})
            chain = held[row["kind"]]
            digits = 1 if row["kind"] == "score" else 0
            chain.setdefault("before", self._said(row["before"], digits))
            chain["after"] = self._said(row["after"], digits)
            chain[row["cause"]] = signed(t, row["change"], digits)
            if row["kind"] == "score":
                sizes[row["code"]] += abs(row["change"] or 0.0)
        order = sorted(moved, key=lambda code: (-sizes[code], code))
        today = self._today.loc[index]
        for code in order[:SHOWN]:
            for what, digits in (("score", 1), ("rank", 0)):
                now = self._said(today.loc[code, what], digits) if code in today.index else "—"
                moved[code][what] = {step: now if step in ("before", "after") else "—" for step in _STEPS} | moved[
                    code
                ][what]
        return {
            "title": self.reading.built.atlas.index_of(index).name.in_(t.lang),
            "rows": [moved[code] for code in order[:SHOWN]],
            "more": self._more(len(order)),
        }

    def _listed(self, rows: list[Row], kind: str) -> Facts:
        """Places of one kind of change, by name; those that moved, the farthest first."""
        t = self.reading.t
        own = sorted(_of(rows, kind), key=lambda row: (-(row["change"] or 0.0), str(row["name"] or "~"), row["id"]))
        return {
            "title": t(f"sheet.changes.{kind}"),
            "rows": [
                {
                    "name": self._name(row["name"]),
                    "said": self._what(row),
                    "cause": t(f"field.compare.cause.{row['cause']}"),
                }
                for row in own[:SHOWN]
            ],
            "more": self._more(len(own)),
        }

    def _what(self, row: Row) -> str:
        """What happened to a place, in the words of its kind."""
        t, kind = self.reading.t, row["kind"]
        if kind == "place_moved":
            return t("sheet.m", length=t.number(row["change"]))
        if kind == "place_reclassified":
            return f"{self._classes(row['before'])} → {self._classes(row['after'])}"
        if kind in ("place_came", "place_went", "place_closed"):
            return self._classes(row["before"] or row["after"])
        if kind in ("place_merged", "place_split"):
            store = self.reading.built.store if kind == "place_merged" else self.since
            names = store.read("places").set_index("place_id")["name"]
            other = row["after"] if kind == "place_merged" else row["before"]
            return self._name(names.get(other))
        return printable(row["code"])

    def _classes(self, ids: object) -> str:
        words = self.reading.words
        known = [printable(words.get(one, one)) for one in str(ids or "").split("|") if one]
        return ", ".join(known) or self.reading.t("sheet.changes.no_class")

    def _name(self, name: object) -> str:
        there = isinstance(name, str) and name.strip()
        return printable(name) if there else self.reading.t("sheet.changes.nameless")

    def _said(self, value: Any, digits: int = 0) -> str:
        if value is None or pd.isna(value):
            return "—"
        return printable(value) if isinstance(value, str) else self.reading.t.number(value, digits)

    def _more(self, count: int) -> str:
        return self.reading.t.n("sheet.changes.more", count - SHOWN) if count > SHOWN else ""


def _of(rows: list[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind]


def signed(t: Any, value: float | None, digits: int) -> str:
    """A change with its sign.

    >>> from atlas.language import Translator
    >>> [signed(Translator("pt"), one, 1) for one in (1.25, -0.4, None)]
    ['+1,2', '−0,4', '—']
    """
    if value is None or pd.isna(value):
        return "—"
    said: str = t.number(abs(value), digits)
    return f"{'+' if value > 0 else '−'}{said}"
