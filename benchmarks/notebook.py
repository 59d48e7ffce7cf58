"""The peer: the notebook that a competent analyst would write for the same figures, kept honest and readable.

Counts by parish and census for Norte; sections, venues, walking reach by class, slope and departures for Porto. No
repair, no fusion, no uncertainty, no store. ``python benchmarks/build.py`` runs it against the atlas's own build.
"""

import gzip
import json
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import rasterio
from exactextract import exact_extract
from scipy.spatial import cKDTree

RAW = Path(sys.argv[1])

# Norte: venues and heritage by parish, census beside
parishes = gpd.read_file(RAW / "boundaries/norte_freguesias_caop2025.geojson").to_crs(3763)
wikidata = pd.concat(pd.read_csv(RAW / f"places/wikidata_norte_{year}.csv") for year in (2021, 2026)).drop_duplicates(
    "qid"
)
points = gpd.GeoDataFrame(wikidata, geometry=gpd.points_from_xy(wikidata.lon, wikidata.lat), crs=4326).to_crs(3763)
osm = gpd.read_file(RAW / "osm/norte_culture_heritage_osm_2023-24.geojson").to_crs(3763)
osm["geometry"] = osm.representative_point()
joined = gpd.sjoin(points, parishes[["dtmnfr", "geometry"]], predicate="within")
counts = pd.crosstab(joined["dtmnfr"], joined["kind"])
museums = gpd.sjoin(osm[osm["tourism"] == "museum"], parishes[["dtmnfr", "geometry"]], predicate="within")
archaeology = pd.read_csv(RAW / "places/archaeology_norte_2023.csv")
sites = gpd.GeoDataFrame(
    archaeology, geometry=gpd.points_from_xy(archaeology.LONGITUDE, archaeology.LATITUDE), crs=4326
).to_crs(3763)
by_parish = gpd.sjoin(sites, parishes[["dtmnfr", "geometry"]], predicate="within").groupby("dtmnfr").size()
near = gpd.sjoin(points, parishes.assign(geometry=parishes.buffer(5000))[["dtmnfr", "geometry"]], predicate="within")
within_5km = near.groupby("dtmnfr").size()
census = pd.read_csv(RAW / "census/ine_censos2021_freguesias_residents_age.csv", dtype={"code": str}).set_index("code")
ageing = census["all_65_plus"] / census["all_total"]
table = pd.concat(
    [
        counts,
        museums.groupby("dtmnfr").size().rename("osm"),
        by_parish.rename("sites"),
        within_5km.rename("near"),
        ageing.rename("old"),
    ],
    axis=1,
)
scaled = (table - table.min()) / (table.max() - table.min())
score = scaled.fillna(0).mean(axis=1).sort_values(ascending=False)

# Porto: venues in reach of each section by street, slope, departures
blocks = gpd.read_file(RAW / "census/ine_bgri2021_porto_1312.gpkg")
sections = blocks.dissolve("DTMNFRSEC21", aggfunc="sum", numeric_only=True)
elements = []
for name in ("porto_amenity_overpass_2024-06-16", "porto_shop_overpass_2024-06-17"):
    with gzip.open(RAW / f"osm/{name}.json.gz") as file:
        elements += json.load(file)["elements"]
nodes = {e["id"]: (e["lon"], e["lat"]) for e in elements if e["type"] == "node"}
rows = []
for e in elements:
    tags = e.get("tags", {})
    kind = tags.get("amenity") or tags.get("shop")
    if kind and e["type"] == "node":
        rows.append((kind, e["lon"], e["lat"]))
    elif kind and e["type"] == "way":
        xy = np.array([nodes[n] for n in e["nodes"] if n in nodes])
        if len(xy):
            rows.append((kind, *xy.mean(axis=0)))
venues = pd.DataFrame(rows, columns=["kind", "lon", "lat"])
venues = gpd.GeoDataFrame(venues, geometry=gpd.points_from_xy(venues.lon, venues.lat), crs=4326).to_crs(3763)
with gzip.open(RAW / "osm/porto_streets_overpass_2022-11.json.gz") as file:
    streets = json.load(file)["elements"]
spots = {e["id"]: (e["lon"], e["lat"]) for e in streets if e["type"] == "node"}
ids = list(spots)
xy = gpd.GeoSeries(gpd.points_from_xy(*np.array([spots[i] for i in ids]).T), crs=4326).to_crs(3763)
where = dict(zip(ids, zip(xy.x, xy.y, strict=True), strict=True))
graph = nx.Graph()
for e in streets:
    if e["type"] == "way":
        for a, b in zip(e["nodes"], e["nodes"][1:], strict=False):
            if a in where and b in where:
                graph.add_edge(a, b, weight=float(np.hypot(where[a][0] - where[b][0], where[a][1] - where[b][1])))
graph = graph.subgraph(max(nx.connected_components(graph), key=len))
names = list(graph)
tree = cKDTree(np.array([where[n] for n in names]))
classes = {
    "theatre": "performance",
    "arts_centre": "performance",
    "cinema": "cinemas",
    "library": "libraries",
    "cafe": "third",
    "bar": "third",
    "books": "shops",
    "art": "shops",
    "coworking_space": "coworking",
    "university": "education",
}
venues["class"] = venues["kind"].map(classes)
venues = venues.dropna(subset=["class"])
_, at = tree.query(np.column_stack([venues.geometry.x, venues.geometry.y]))
at_node = pd.Series(venues["class"].to_numpy(), index=[names[i] for i in at])
centres = sections.representative_point()
_, start = tree.query(np.column_stack([centres.x, centres.y]))
reach = {}
for code, origin in zip(sections.index, start, strict=True):
    inside = nx.single_source_dijkstra_path_length(graph, names[origin], cutoff=1200)
    reach[code] = at_node[at_node.index.isin(inside)].value_counts()
reach = pd.DataFrame(reach).T.fillna(0)
with rasterio.open(RAW / "raster/porto_elevation_1arcsec.tif") as raster:
    elevation = raster.read(1, masked=True).astype(float).filled(np.nan)
    gy, gx = np.gradient(elevation, raster.res[1], raster.res[0])
    profile = raster.profile | {"dtype": "float32", "nodata": np.nan}
    zones = sections.reset_index()[["DTMNFRSEC21", "geometry"]].to_crs(raster.crs)
with rasterio.MemoryFile() as memory:
    with memory.open(**profile) as slope:
        slope.write(np.hypot(gx, gy).astype("float32"), 1)
    with memory.open() as slope:
        relief = exact_extract(slope, zones, "mean", output="pandas")
with zipfile.ZipFile(RAW / "transit/stcp_gtfs_2024-03.zip") as feed:
    trips = pd.read_csv(feed.open("trips.txt"))
    times = pd.read_csv(feed.open("stop_times.txt"), usecols=["trip_id", "departure_time", "stop_id"])
    stops = pd.read_csv(feed.open("stops.txt"))
service = trips["service_id"].value_counts().idxmax()
hour = times["departure_time"].str.split(":").str[0].astype(int)
day = times[times["trip_id"].isin(trips.loc[trips["service_id"] == service, "trip_id"]) & hour.between(7, 19)]
departures = stops.set_index("stop_id").join((day.groupby("stop_id").size() / 13).rename("per_hour"))
stop_points = gpd.GeoDataFrame(
    departures, geometry=gpd.points_from_xy(departures.stop_lon, departures.stop_lat), crs=4326
).to_crs(3763)
supply = gpd.sjoin(stop_points, sections[["geometry"]], predicate="within").groupby("DTMNFRSEC21")["per_hour"].sum()
figures = (
    sections[["N_EDIFICIOS_COM_NECESSIDADES_REPARACAO", "N_INDIVIDUOS_65_OU_MAIS"]]
    .join(reach)
    .assign(slope=relief["mean"].to_numpy())
    .join(supply)
)
print(len(score), score.index[0], len(figures), f"{reach.to_numpy().sum():.0f}")
