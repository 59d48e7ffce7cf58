"""Agglomerations and the network among the layers of the app's map."""

from __future__ import annotations

import json

import numpy as np
import shapely
from scipy.spatial import cKDTree

from atlas.app.map_files import write_files
from atlas.built import Built
from atlas.map_layers import made_layers


def test_the_browser_gets_hulls_and_links_that_lie_where_the_store_has_them(porto: Built) -> None:
    """Decoded, the lines are the hulls of the store to a metre and a half, and every edge joins two of the points."""
    folder, names = write_files(porto)
    hulls = porto.store.read("agglomerations").to_crs(4326)
    told = json.loads((folder / names["agglomerations"]).read_text("utf-8"))
    assert told["names"] == hulls["name"].tolist()
    assert told["kinds"]["pt"][told["kind"][0]] == f"Aglomeração de {hulls['places'].iloc[0]} equipamentos"
    for line, hull in zip(told["lines"], hulls.geometry, strict=True):
        ring = np.cumsum(np.array(line).reshape(-1, 2), axis=0) / 1e5
        assert shapely.hausdorff_distance(shapely.LinearRing(ring), shapely.get_exterior_ring(hull)) < 2e-5
    network = json.loads((folder / names["network"]).read_text("utf-8"))
    assert len(network["lines"]) == len(porto.store.read("network"))
    points = 1e5 * np.column_stack([network["lon"], network["lat"]])
    ends = [one for line in network["lines"] for one in np.cumsum(np.array(line).reshape(-1, 2), axis=0)]
    assert cKDTree(points).query(ends)[0].max() < 1.5


def test_every_point_of_a_made_layer_has_its_words(norte: Built) -> None:
    assert [one.id for one in made_layers(norte.store)] == ["network", "agglomerations"]
    for layer in made_layers(norte.store):
        assert len(layer.names) == len(layer.lon) == len(layer.units) == len(layer.sources) == len(layer.about["en"])
