"""The page on ``atlas score`` names every option there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from atlas.scoring.aggregate import MEANS
from atlas.scoring.impute import IMPUTATIONS
from atlas.scoring.normalise import NORMALISATIONS, NUMBERS
from atlas.scoring.settings import Settings, settings_from
from atlas.scoring.table import STAGES

PAGE = (Path(__file__).parent.parent / "docs" / "scoring.md").read_text("utf-8")
WORDS = set(re.findall(r"`([^`\n]+)`", PAGE))


def test_every_option_and_stage_is_on_the_page() -> None:
    keys = {one.name for one in fields(Settings)} - {"weights"} | {"[weights]"}
    assert keys <= WORDS
    assert set(STAGES) <= WORDS
    quoted = {word.strip('"').partition(":")[0] for word in WORDS if word.startswith('"')}
    assert {*NORMALISATIONS, *MEANS, *IMPUTATIONS, "winsorise", "mean"} <= quoted


def test_the_page_shows_no_option_that_the_program_refuses() -> None:
    for key, names in (("normalise", NORMALISATIONS), ("aggregate", {*MEANS, "mean"}), ("impute", IMPUTATIONS)):
        section = PAGE.split(f"### `{key}`")[1].split("###")[0]
        rows = "\n".join(line for line in section.splitlines() if line.startswith("| `"))
        shown = [word for word in re.findall(r'`"([^"`]+)"`', rows) if word.partition(":")[0] in names]
        assert {word.partition(":")[0] for word in shown} == set(names)
        for word in shown:
            numbers = "0,1" if word.partition(":")[0] in NUMBERS else "2"
            given = re.sub(r":(a,b|m,s|p)$", f":{numbers}", word)
            assert settings_from({key: given})


def test_the_defaults_on_the_page_are_the_programs() -> None:
    table = PAGE.split("| key | default | does |")[1].split("\n\n")[0]
    shown = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", table, flags=re.MULTILINE))
    default = Settings()
    assert len(shown) == 8
    for key, text in shown.items():
        value = getattr(default, key)
        assert text == (f'"{value}"' if isinstance(value, str) else str(value).lower())
