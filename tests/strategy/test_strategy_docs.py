"""The page on the strategy names every command of it, and every objection that a candidate may carry."""

from __future__ import annotations

import re
from pathlib import Path

from atlas.commands import strategy
from atlas.strategy.opportunities import AGAINST

PAGE = (Path(__file__).parents[2] / "docs" / "strategy.md").read_text("utf-8")


def test_the_page_names_the_commands_that_there_are() -> None:
    said = set(re.findall(r"`atlas ([a-z]+)", PAGE))
    assert said - {"export", "build"} == {command.name for command in strategy.COMMANDS}


def test_the_page_explains_every_objection() -> None:
    for one in AGAINST:
        assert f"`{one}`" in PAGE
