"""Registers of points in Norte: Wikidata, archaeology, theatres, schools, stations, World Heritage."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from tables import DATA, DEGREES, joined, metric_points, read_csv, slug, write_csv

MARGIN_M = 3000.0  # a record this far outside the region still counts for reach
MOVED_M = 500.0  # a point that moved further between two editions is doubtful in both
OUTSIDE_M = 1000.0
WEB_MERCATOR = "EPSG:3857"
HIGHER_EDUCATION_NOTES = {"WRONG": "position_wrong_removed", "doubtful": "position_doubtful"}


def compile_registers(raw: Path, parishes: gpd.GeoDataFrame) -> None:
    """Write Norte's tables of points."""
    outlines = parishes[["parent", "parent_name", "geometry"]].dissolve("parent", method="coverage").reset_index()
    region = outlines.union_all(method="coverage")
    _wikidata(raw, region)
    write_csv(_archaeology(raw, outlines, region), DATA / "norte/archaeology.csv")
    codes = outlines.set_index("parent_name")["parent"]
    _theatres(raw, codes)
    write_csv(_higher_education(raw, outlines), DATA / "norte/higher_education.csv")
    write_csv(_stations(raw, outlines), DATA / "norte/rail_stations.csv")
    write_csv(_world_heritage(raw, region), DATA / "norte/world_heritage.csv")


def _away(table: pd.DataFrame, region: shapely.Geometry) -> pd.Series:
    """Metres outside the region's outline; 0 inside."""
    shapely.prepare(region)
    points = metric_points(table)
    return pd.Series(shapely.distance(points.to_numpy(), region), index=table.index)


def _off(table: pd.DataFrame, outlines: gpd.GeoDataFrame) -> pd.Series:
    """Metres from the municipality that a row states; missing where that is not on the map."""
    at = outlines.set_index("parent_name").index.get_indexer(table["municipality"])
    away = shapely.distance(metric_points(table).to_numpy(), outlines.geometry.to_numpy()[at])
    return pd.Series(away, index=table.index).where(at >= 0)


def _six(table: pd.DataFrame) -> pd.DataFrame:
    """Coordinates as numbers with six decimals, a tenth of a metre."""
    return table.assign(**{name: table[name].astype(float).round(6) for name in ("lon", "lat")})


def _kept(table: pd.DataFrame, away: pd.Series, limit: float, what: str) -> pd.DataFrame:
    """The rows within ``limit`` of the region; says how many are left out."""
    far = away > limit
    if far.any():
        print(f"{what}: {int(far.sum())} points more than {limit:,.0f} m outside the region are left out")
    return table[~far]


def _wikidata(raw: Path, region: shapely.Geometry) -> None:
    """Both editions, one row a QID and kind; what moved between or within them is doubtful."""
    editions = {}
    for year in ("2021", "2026"):
        table = read_csv(raw / f"places/wikidata_norte_{year}.csv")
        editions[year] = table.rename(columns={"label": "name", "label_lang": "name_lang"})
    both = pd.concat(editions, names=["year", "row"]).reset_index("year")
    points = metric_points(both)
    spans = pd.DataFrame({"qid": both["qid"], "x": points.x, "y": points.y}).groupby("qid").agg(["min", "max"])
    span = ((spans["x", "max"] - spans["x", "min"]) ** 2 + (spans["y", "max"] - spans["y", "min"]) ** 2) ** 0.5
    for year, edition in editions.items():
        table = edition.copy()
        if "name_lang" not in table:
            table["name_lang"] = None
        table["name"] = table["name"].where(table["name"] != table["qid"])
        away = _away(table, region)
        table["marks"] = joined(
            {
                "position_doubtful": table["qid"].map(span) > MOVED_M,
                "outside_region": away > 0,
                "name_missing": table["name"].isna(),
            }
        )
        table = _kept(table, away, MARGIN_M, f"Wikidata {year}")
        table = table.sort_values(["qid", "kind", "lon", "lat"], key=_as_sorted)
        twice = table["qid"].duplicated(keep=False)
        nth = table.groupby(["qid", "kind"]).cumcount()
        by_kind = table["qid"] + "/" + table["kind"] + nth.map(lambda n: f"/{n + 1}" if n else "")
        table["record_id"] = by_kind.where(twice, table["qid"])
        columns = ["record_id", "qid", "name", "name_lang", "kind", "lon", "lat", "marks"]
        assert table["record_id"].is_unique, "a Wikidata record stands twice"
        write_csv(_six(table)[columns], DATA / f"norte/wikidata_{year}.csv")


def _as_sorted(column: pd.Series) -> pd.Series:
    """QIDs by their number, coordinates by value, words as they are."""
    if column.name == "qid":
        return column.str[1:].astype(int)
    return column.astype(float) if column.name in ("lon", "lat") else column


def _archaeology(raw: Path, outlines: gpd.GeoDataFrame, region: shapely.Geometry) -> pd.DataFrame:
    """Sites of Endovélico. Some coordinates are in metres of Web Mercator; those far outside are taken out."""
    table = read_csv(raw / "places/archaeology_norte_2023.csv").rename(
        columns={"CNS": "record_id", "DESIGNACAO": "name", "Tipo_Principal": "kind", "CONCELHO": "municipality",
                 "LONGITUDE": "lon", "LATITUDE": "lat"}
    )  # fmt: skip
    table["name"] = table["name"].str.replace(r"\s+", " ", regex=True)
    table["municipality"] = table["municipality"].replace("Póvoa do Varzim", "Póvoa de Varzim")
    periods = table["PERIODOS"].str.split(";").explode().str.strip()
    periods = periods.replace({"": None, "Idade do ferro": "Idade do Ferro"}).dropna()
    table["periods"] = periods.groupby(level=0).agg(lambda one: "|".join(dict.fromkeys(one)))
    table[["lon", "lat"]] = table[["lon", "lat"]].astype(float)
    in_metres = (table["lon"].abs() > 180) | (table["lat"].abs() > 90)
    mercator = gpd.points_from_xy(table["lon"], table["lat"], crs=WEB_MERCATOR)[in_metres].to_crs(DEGREES)
    table.loc[in_metres, "lon"], table.loc[in_metres, "lat"] = mercator.x, mercator.y
    wrong = _away(table, region) > OUTSIDE_M
    off = _off(table, outlines)
    table["marks"] = joined(
        {
            "position_converted": in_metres,
            "position_wrong_removed": wrong,
            "position_doubtful": (off > OUTSIDE_M) & ~wrong,
            "municipality_missing": table["municipality"].isna(),
        }
    )
    print(f"archaeology: {int(in_metres.sum())} points converted from Web Mercator, {int(wrong.sum())} taken out")
    table.loc[wrong, ["lon", "lat"]] = None
    columns = ["record_id", "name", "kind", "periods", "municipality", "lon", "lat", "marks"]
    return _six(table).sort_values("record_id", key=lambda ids: ids.astype(int))[columns]


def _theatres(raw: Path, codes: pd.Series) -> None:
    """The national network's venues and the festivals: no coordinates, municipality read off the name."""
    venues = read_csv(raw / "places/theatre_network_norte_2026.csv").rename(
        columns={"entity": "owner", "municipality_derived": "municipality"}
    )
    venues["record_id"] = venues["rtcp_url"].str.rstrip("/").str.rsplit("/", n=1).str[-1]
    venues["kind"] = "theatre_network"
    festivals = read_csv(raw / "places/theatre_festivals_norte.csv")
    festivals["record_id"], festivals["kind"] = festivals["name"].map(slug), "theatre_festival"
    for table, owner, path in (
        (venues, ["owner"], "norte/theatre_network.csv"),
        (festivals, [], "norte/theatre_festivals.csv"),
    ):
        table["name"] = table["name"].str.replace(r"\s+", " ", regex=True)
        table["dtmn"] = table["municipality"].map(codes)
        table["marks"] = "municipality_derived"
        assert table["dtmn"].notna().all(), f"{path}: a municipality is not on the map"
        assert table["record_id"].is_unique, f"{path}: a record stands twice"
        columns = ["record_id", "name", "kind", *owner, "municipality", "dtmn", "website", "marks"]
        write_csv(table.sort_values("record_id")[columns], DATA / path)


def _higher_education(raw: Path, outlines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Schools of higher education; coordinates known to be wrong are taken out.

    The municipality is the one that the note states ("school is in Maia", "Felgueiras"), else the point's.
    """
    table = read_csv(raw / "places/higher_education_norte.csv").rename(
        columns={"dges_number": "record_id", "type": "kind", "longitude": "lon", "latitude": "lat"}
    )
    table["kind"], table["note"] = table["kind"].str.lower(), table["coordinate_check"]
    first = table["note"].str.extract(r"^(WRONG|doubtful)", expand=False)
    wrong = first == "WRONG"
    shared = table.duplicated(["lon", "lat"], keep=False) & ~wrong
    at = outlines.sindex.query(metric_points(table).to_numpy(), predicate="intersects")
    by_point = pd.Series(outlines["parent_name"].to_numpy()[at[1]], index=at[0]).reindex(table.index)
    stated = table["note"].str.extract(r"\bis in ([^;(]+)", expand=False).str.strip()
    stated = stated.where(stated.notna(), table["note"].where(table["note"].isin(outlines["parent_name"])))
    table["municipality"] = stated.where(stated.notna(), by_point.mask(wrong))
    table["dtmn"] = table["municipality"].map(outlines.set_index("parent_name")["parent"])
    table.loc[wrong, ["lon", "lat"]] = None
    table["marks"] = joined(
        {
            "unconfirmed": pd.Series(True, index=table.index),
            **{mark: first == word for word, mark in HIGHER_EDUCATION_NOTES.items()},
            "position_shared": shared,
        }
    )
    columns = ["record_id", "name", "kind", "municipality", "dtmn", "lon", "lat", "marks", "note"]
    return _six(table).sort_values("record_id")[columns]


def _stations(raw: Path, outlines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Railway stations, doubtful where the point is not near the municipality that the table states."""
    table = read_csv(raw / "transit/rail_stations_norte.csv").rename(columns={"code": "record_id"})
    table["marks"] = joined({"position_doubtful": _off(table, outlines) > OUTSIDE_M})
    table["kind"] = "rail_station"
    table["dtmn"] = table["municipality"].map(outlines.set_index("parent_name")["parent"])
    columns = ["record_id", "name", "kind", "municipality", "dtmn", "lon", "lat", "marks"]
    return _six(table).sort_values("record_id")[columns]


def _world_heritage(raw: Path, region: shapely.Geometry) -> pd.DataFrame:
    """The World Heritage properties; a point far outside the region is taken out (Côa's lies in Spain)."""
    table = read_csv(raw / "places/world_heritage_norte.csv").rename(columns={"whc_id": "record_id", "place": "name"})
    wrong = _away(table, region) > MARGIN_M
    table.loc[wrong, ["lon", "lat"]] = None
    table["kind"] = "world_heritage"
    table["marks"] = joined({"position_wrong_removed": wrong, "area_missing": table["area_ha"].isna()})
    columns = ["record_id", "name", "official_name", "kind", "inscribed", "criteria", "area_ha", "lon", "lat", "marks"]
    return _six(table).sort_values("record_id", key=lambda ids: ids.astype(int))[columns]
