"""Heritage and law of each neighbourhood, counted from what the legal lens reads of the whole atlas at once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.language import Translator
from atlas.legal import sites
from atlas.legal.lens import closing, reads_law
from atlas.legal.zones import OPERATIONS, read_zones

_SHOWN_NAMES = 3
_SHOWN_GRADES = 4
_TOUCHED_M2 = 1.0
"""An overlap below this is two outlines meeting."""


class Law:
    """Sites with a legal status and zones, read once for many sheets."""

    def __init__(self, built: Built, t: Translator) -> None:
        self._built, self._t = built, t

    @cached_property
    def _sites(self) -> Any:
        return sites(self._built)

    @cached_property
    def _zones(self) -> dict[str, Any]:
        """Rule → the zones that it asks for."""
        found = read_zones(self._built)
        return {
            "special_zone": found.of("special", "general", "drawn", "other"),
            "rehabilitation_area": found.of("area", *OPERATIONS),
            "world_heritage": found.of("world"),
        }

    @cached_property
    def _own_sites(self) -> dict[str, Any]:
        """Unit → the sites inside it."""
        columns = self._sites[["neighbourhood", "grade", "code", "official"]]
        return {str(code): part for code, part in pd.DataFrame(columns).groupby("neighbourhood", sort=False)}

    @cached_property
    def _general_zones(self) -> tuple[Any, Any]:
        """Circles that a grade brings, and whether each is the legal limit."""
        held = self._sites[self._sites["zone_kind"].isin(["general", "general_approximate"])]
        return held["zone"].to_numpy(), held["official"].to_numpy(dtype=bool)

    def of(self, code: str) -> dict[str, Any]:
        """What the loaded data tell of a neighbourhood: one row a rule with answer and words, or none abroad."""
        if not reads_law(self._built):
            return {"rows": [], "closing": self._t("sheet.law.elsewhere")}
        unit = self._built.units.loc[code, "geometry"]
        rows = [self._classified(code), self._general(unit)]
        rows += [self._touching(rule, zones, unit) for rule, zones in self._zones.items()]
        return {"rows": rows, "closing": closing(self._t)}

    def _row(self, rule: str, answer: str, detail: str, *, found: bool) -> dict[str, Any]:
        return {
            "rule": self._t(f"legal.rule.{rule}"),
            "answer": self._t(f"legal.answer.{answer}"),
            "found": found,
            "detail": detail,
        }

    def _classified(self, code: str) -> dict[str, Any]:
        """Sites inside, by grade: the outlines are not those of the file, so that nothing is more than possible."""
        t, own = self._t, self._own_sites.get(code)
        if own is None:
            none = t.n("sheet.law.none_of", len(self._sites)) if len(self._sites) else t("sheet.law.no_data")
            return self._row("classified", "no_indication", none, found=False)
        labels = own["code"].where(own["code"].notna(), own["grade"])
        counted = pd.Series(labels.to_numpy(dtype=object)).value_counts(sort=False)
        counted = counted.sort_index(key=lambda ids: -counted.reindex(ids).to_numpy(), kind="stable")
        words = [f"{t(f'legal.grade.{grade}')} {t.number(int(n))}" for grade, n in counted.items()]
        more = [t.n("sheet.law.other_grades", len(words) - _SHOWN_GRADES)] if len(words) > _SHOWN_GRADES else []
        detail = " · ".join([*words[:_SHOWN_GRADES], *more])
        answer = "inside" if bool(own["official"].all()) else "possibly"
        return self._row("classified", answer, f"{t.n('sheet.law.sites', len(own))} {detail}.", found=True)

    def _general(self, unit: shapely.Geometry) -> dict[str, Any]:
        zones, by_office = self._general_zones
        touched = shapely.intersects(zones, unit)
        if not touched.any():
            detail = self._t.n("sheet.law.no_zone_of", len(zones)) if len(zones) else self._t("sheet.law.no_data")
            return self._row("general_zone", "no_indication", detail, found=False)
        official = bool(by_office[touched].all())
        detail = self._t.n("sheet.law.zones", int(touched.sum()))
        return self._row("general_zone", "inside" if official else "possibly", detail, found=True)

    def _touching(self, rule: str, zones: Any, unit: shapely.Geometry) -> dict[str, Any]:
        t = self._t
        if zones.empty:
            return self._row(rule, "no_indication", t("sheet.law.no_data"), found=False)
        shapes = zones.geometry.to_numpy()
        drawn = shapely.get_dimensions(shapes) == 2
        touched = np.where(
            drawn,
            shapely.area(shapely.intersection(np.where(drawn, shapes, shapely.Polygon()), unit)) > _TOUCHED_M2,
            shapely.intersects(shapes, unit),
        )
        if not touched.any():
            return self._row(rule, "no_indication", t.n("sheet.law.none_of", len(zones)), found=False)
        own = zones[touched]
        names = list(dict.fromkeys(str(name) for name in own["name"].dropna()))
        more = [t.n("sheet.law.other_names", len(names) - _SHOWN_NAMES)] if len(names) > _SHOWN_NAMES else []
        certain = bool((own["official"].to_numpy(dtype=bool) & drawn[touched]).all())
        said = " · ".join([*names[:_SHOWN_NAMES], *more])
        return self._row(rule, "inside" if certain else "possibly", said, found=True)
