"""What the product ships and depends on may be passed on under its own licence."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STRONG = re.compile(r"\b(A?GPL|Affero|GNU General Public)\b", re.IGNORECASE)
WEAK = re.compile(r"LGPL|Lesser|exception|MPL", re.IGNORECASE)
STATED_IN_ITS_REPOSITORY = {"streamlit-folium": "MIT"}  # the distribution's own metadata are silent
LEAFLET = {
    "leaflet.js": "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a",
    "leaflet.css": "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6",
}


def wanted_by_the_product() -> list[str]:
    """What the product asks for: its dependencies and those of every extra."""
    project = pyproject()["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return [re.split(r"[ ;<>=!~\[]", one)[0] for one in asked]


def closure() -> set[str]:
    """Every distribution that an installed atlas brings along, its extras among them."""
    waiting = wanted_by_the_product()
    found: set[str] = set()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            wanted = requires(name) or []
        except PackageNotFoundError:
            continue
        found.add(name)
        waiting += [re.split(r"[ ;<>=!~\[(]", one)[0] for one in wanted if "extra ==" not in one]
    return found


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(closure()))
def test_no_dependency_is_strong_copyleft(name: str) -> None:
    about = distribution(name).metadata
    said = STATED_IN_ITS_REPOSITORY.get(name, "") + " ".join(
        [about.get("License-Expression") or "", (about.get("License") or "")[:200]]
        + [one for one in about.get_all("Classifier") or [] if one.startswith("License")]
    )
    assert said.strip(), f"{name} states no licence"
    assert not STRONG.search(said) or WEAK.search(said), said


def test_the_chosen_libraries_are_among_them() -> None:
    assert {"geopandas", "shapely", "folium", "rasterio", "streamlit", "osmnx", "pikepdf"} <= closure()
    assert {"pygeoapi", "flask", "waitress", "sqlalchemy"} <= closure(), "what `atlas serve` needs is walked too"
    assert {one.lower() for one in wanted_by_the_product()} <= closure(), "every one is installed, so that it was read"


def test_leaflet_is_the_published_file_with_its_licence() -> None:
    folder = ROOT / "atlas" / "assets" / "leaflet"
    for name, wanted in LEAFLET.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
    assert "BSD 2-Clause" in (folder / "LICENSE").read_text("utf-8")


def test_the_licence_is_the_eupl() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert pyproject()["project"]["license"] == "EUPL-1.2"


def test_the_lock_file_pins_every_package_with_hashes() -> None:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pins = [line for line in lines if re.match(r"^[a-z0-9]", line)]
    assert len(pins) > 60
    assert all("==" in line for line in pins)
    assert sum("--hash=sha256:" in line for line in lines) > len(pins)
    wanted = {one.lower() for one in wanted_by_the_product()}
    assert wanted <= {line.split("==")[0] for line in pins}
    assert not any("://" in line for line in lines)
