"""The docs cannot lie: they follow from the program, and name everything that it has."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from atlas.atlasfile import find_atlas, product_folder, read_toml
from atlas.cli import COMMANDS, main, parser
from atlas.errors import UnknownName
from atlas.exports import format_of, formats

ROOT = Path(__file__).parent.parent


def docs_maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_schemas_and_the_table_of_keys_follow_from_the_models() -> None:
    for path, text in docs_maker().made().items():
        assert path.is_file(), f"run `make docs`: {path.name} is missing"
        assert path.read_text("utf-8") == text, f"run `make docs`: {path.name} is behind the models"


def faults(schema: Any, path: Path) -> list[str]:
    """What of a TOML file the schema does not allow."""
    check = jsonschema.validators.validator_for(schema)(schema)
    return [f"{path.name}, {fault.json_path}: {fault.message}" for fault in check.iter_errors(read_toml(path))]


@pytest.mark.parametrize("name", ["norte", "porto"])
def test_the_embedded_atlases_hold_against_the_published_schema(name: str) -> None:
    schema = json.loads((ROOT / "docs" / "schema" / "atlas.schema.json").read_text("utf-8"))
    assert faults(schema, find_atlas(name) / "atlas.toml") == []


def test_every_layer_holds_against_the_published_schema() -> None:
    schema = json.loads((ROOT / "docs" / "schema" / "layer.schema.json").read_text("utf-8"))
    paths = sorted(product_folder("layers").glob("*.toml"))
    assert len(paths) >= 15
    for path in paths:
        assert faults(schema, path) == []


@pytest.mark.parametrize("readme", ["README.md", "README.pt.md"])
def test_the_readme_names_commands_that_exist(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    known = {command.name for command in COMMANDS}
    said = set(re.findall(r"`atlas ([a-z]+)", text))
    assert said <= known
    assert {"app", "rank", "explain", "export", "map", "build", "check", "score"} <= said
    for name in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / name).exists(), name


def test_help_speaks_both_languages() -> None:
    assert "ordena as unidades" in parser("pt").format_help()
    assert "ranks the units" in parser("en").format_help()


@pytest.mark.parametrize("words", ["build --draws -5", "build --seed 1,5", "build --null 0", "rank --top -3",
                                   "app --port 99999", "serve --port http", "diagnostics --sensitivity 9"])  # fmt: skip
def test_a_number_that_cannot_be_is_refused_in_both_languages(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, option, number = words.split()
    assert main([*words.split(), "--lang", "pt"]) == 2
    assert main([*words.split(), "--lang", "en"]) == 2
    pt, en = capsys.readouterr().err.splitlines()
    assert pt.startswith(f"{option}: «{number}» não serve aqui. Escreva um número inteiro a partir de ")
    assert en.startswith(f"{option}: “{number}” will not do here. Write a whole number from ")


def test_an_unknown_suffix_lists_every_format(tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as fault:
        format_of(tmp_path / "x.doc")
    assert all(suffix in fault.value.pt for suffix in formats())
