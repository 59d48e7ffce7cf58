"""The example of docs/scenarios.md does what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from atlas.built import Built
from atlas.cli import main
from atlas.scenarios.model import Add, Area, Close, Move, Reuse

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text("utf-8")


def test_the_example_runs_and_says_what_the_page_says(
    norte: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert written is not None
    path = tmp_path / "mirandela.json"
    path.write_text(written[1], "utf-8")
    store = str(norte.store.folder)
    assert main(["scenario", str(path), "--check", "--format", "json", "--store", store, "norte"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["meta"]["full_rebuild"]["same"]
    rows = {row["name"]: row for row in told["rows"]}
    assert rows["Mirandela"]["noise"] == "beyond"
    assert rows["Mirandela"]["rank_after"] < rows["Mirandela"]["rank_low"]
    drawn = rows["Margem do Tua"]
    assert drawn["kind"] == "drawn"
    assert {"code": "higher_education_2011", "before": None, "after": None} in drawn["indicators"]


def test_the_page_names_every_change() -> None:
    kinds = {one.model_fields["do"].default for one in (Add, Move, Close, Reuse, Area)}
    assert set(re.findall(r"^\| `(\w+)` \| `", PAGE, re.MULTILINE)) == kinds
