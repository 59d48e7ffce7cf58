"""Agglomerations and the network as layers that any format can write."""

from __future__ import annotations

import shapely

from atlas.built import Built
from atlas.exports.from_store import exportable, layer_ids


def test_hulls_hold_their_members_and_name_their_sources(porto: Built) -> None:
    layer = exportable(porto.atlas, porto.store, "agglomerations").tidy
    places = porto.store.read("places").set_index("place_id")
    for row in layer.frame.itertuples(index=False):
        members = places.loc[row.members.split("|")]
        assert len(members) == row.places
        assert shapely.covers(row.geometry, shapely.point_on_surface(members.geometry.to_numpy())).all()
        assert row.odbl == members["odbl"].any()
    assert "OpenStreetMap" in layer.attribution("pt")
    assert layer.frame["name"].notna().all()


def test_lines_join_the_places_that_they_name_and_an_area_keeps_its_own(norte: Built) -> None:
    whole = exportable(norte.atlas, norte.store, "network", "en").tidy
    braga = exportable(norte.atlas, norte.store, "network", "en", "0303").tidy
    assert 0 < len(braga.frame) < len(whole.frame)
    places = norte.store.read("places").set_index("place_id")
    assert set(places.loc[braga.frame["from"], "parent"]) == {"0303"}
    first = braga.frame.iloc[0]
    ends = shapely.get_coordinates(first.geometry)
    start = shapely.get_coordinates(shapely.point_on_surface(places.loc[first["from"], "geometry"]))
    assert (ends[:1] == start).all()
    assert first["from_name"] in first["reason"]
    assert len(exportable(norte.atlas, norte.store, "agglomerations", within="0303").frame) == 2
    assert {"agglomerations", "network"} <= set(layer_ids(norte.atlas))


def test_cells_of_an_area_hold_the_density_of_its_venues(porto: Built) -> None:
    layer = exportable(porto.atlas, porto.store, "venue_density", within="131217").tidy
    assert layer.frame["cell"].is_unique
    assert (layer.frame["venues_km2_800"] > 0).any()
    assert set(shapely.area(layer.frame.geometry.to_numpy()).round(6)) == {40_000.0}
    rule = layer.style.rules[-1]
    assert rule.holds(float(layer.frame["venues_km2_800"].max()))
