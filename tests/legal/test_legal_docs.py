"""What docs/legal.md shows is what the program reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from atlas.config import Source
from atlas.legal.grades import CODES, GRADES
from atlas.legal.lens import SLOTS
from atlas.legal.rules import ANSWERS, RULES
from atlas.legal.zones import COLUMNS, zone_kind
from atlas.sources import kinds

PAGE = (Path(__file__).parents[2] / "docs" / "legal.md").read_text("utf-8")


def test_examples_are_valid_sources() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    sources = [Source.model_validate(one) for text in examples for one in tomllib.loads(text)["source"]]
    assert [source.kind for source in sources] == ["vector", "vector", "areas"]
    assert all(source.kind in kinds() for source in sources)
    assert set(COLUMNS) - {"area_ha"} <= set(sources[0].read)
    assert sources[2].read["lens"] in SLOTS


def test_every_rule_answer_grade_and_code_is_explained() -> None:
    for word in (*RULES, *ANSWERS, *GRADES, *SLOTS):
        assert f"`{word}`" in PAGE, word
    for code in CODES:
        assert re.search(rf"\b{code}\b", PAGE), code


def test_every_kind_that_the_page_names_is_known() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `kind` |"))
    named = re.findall(r"`([^`]+)`", row.split("|")[3])
    assert len(named) == 6
    assert "other" not in {zone_kind(one) for one in named}
