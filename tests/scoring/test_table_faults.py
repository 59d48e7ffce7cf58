"""What a planner can get wrong in the two tables, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas.errors import AtlasError
from atlas.scoring.table import score_files

META = """Level,iCode,iName,Direction,Weight,Denominator,Parent,Type
1,x,X,1,1,people,a,Indicator
1,y,Y,-1,1,,a,Indicator
2,a,A,1,1,,i,Aggregate
3,i,I,1,1,,,Aggregate
"""
DATA = "uCode,x,y,people\n01,1,9,10\n02,2,5,10\n03,4,1,20\n"


def said(tmp_path: Path, meta: str = META, data: str = DATA, toml: str = "") -> str:
    (tmp_path / "meta.csv").write_text(meta, encoding="utf-8")
    (tmp_path / "data.csv").write_text(data, encoding="utf-8")
    (tmp_path / "score.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(AtlasError) as fault:
        score_files(tmp_path / "data.csv", tmp_path / "meta.csv", tmp_path / "score.toml", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"meta.csv", "data.csv", "score.toml"}
    assert fault.value.pt != fault.value.en
    return fault.value.text("en")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2,a,A,1,1,,i,", "2,a,A,1,1,,a,", ["circle: a → a"]),
        ("3,i,I,1,1,,,", "3,i,I,1,1,,a,", ["circle: a → i → a"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,-1,1,,b,", ["meta.csv, iCode y", "“b” is not there"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,-1,1,,,", ["meta.csv, iCode y", "parent is missing"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,-1,1,,x,", ["“x” is not there as an aggregate"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,-1,-2,,a,", ["weight of “y” is -2"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,-1,,,a,", ["weights of y are missing"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,-1,much,,a,", ["“much” is not a number", "Weight"]),
        ("1,y,Y,-1,1,,a,", "1,y,Y,0,1,,a,", ["iCode y, Direction", "1 (more is better) or -1"]),
        ("1,y,Y,-1,1,,a,", "1,x,Y,-1,1,,a,", ["“x” stands there more than once"]),
        ("1,y,Y,-1,1,,a,", "1,why,Y,-1,1,,a,", ["Indicator “why” does not exist", "x, y"]),
        ("2,a,A,1,1,,i,", "1,a,A,1,1,,i,", ["Level 1 is not below level 1"]),
        ("1,x,X,1,1,people,a,", "1,x,X,1,1,persons,a,", ["denominator “persons” of “x”"]),
        ("Indicator", "Indikator", ["no indicators"]),
        ("Parent", "Above", ["columns Parent are missing"]),
    ],
)
def test_wrong_trees_are_named_and_mended(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    text = said(tmp_path, meta=META.replace(old, new), toml="denominate = true")
    assert all(word in text for word in words), text


def test_weights_that_are_all_zero(tmp_path: Path) -> None:
    assert "weights under “a” are zero" in said(tmp_path, toml="[weights]\nx = 0\ny = 0")
    assert "weight of “x” is -1" in said(tmp_path, toml="[weights]\nx = -1")
    assert "Did you mean “x”" in said(tmp_path, toml="[weights]\nxx = 1")


@pytest.mark.parametrize(
    ("old", "new", "toml", "words"),
    [
        ("uCode", "code", "", ["Column of units “uCode” does not exist", "“code”"]),
        ("02,2,5", "02,2;5,5", "", ["data.csv:3, x", "“2;5” is not a number (unit 02)"]),
        ("02,2,5", "02,inf,5", "", ["data.csv:3, x", "“inf”"]),
        ("02,2,5", "01,2,5", "", ["“01” stands there more than once"]),
        ("02,2,5", ",2,5", "", ["data.csv:3", "has no code"]),
        ("02,2,5,10", "02,2,5", "", ["Row 3 has not as many cells as the heading (3 instead of 4)"]),
        ("02,2,5,10", "02,2,5,0", "denominate = true", ["data.csv, 02", "“people” is zero"]),
        ("y,people", "x,people", "", ["column “x” stands there more than once"]),
        ("02,2,5", "02,1,5", "", None),
        (",2,5,10\n03,4", ",1,5,10\n03,1", "", ["data.csv, x", "same in all units"]),
        ("x", "x", 'aggregate = "geometric"', ["data.csv, a", "“x” is 0 in 01", "minmax:1,100"]),
        ("x", "x", 'normalise = "zscore:0,1"\naggregate = "harmonic"', ["only takes values above zero"]),
        ("x", "x", 'normalise = "goalposts:0,100"', ["Fill Goalpost_low"]),
        ("x", "x", 'normalise = "distance-to-target"', ["Fill Target"]),
        ("x", "x", 'impute = "group-mean:region"', ["Column of groups “region” does not exist"]),
        ("x", "x", 'aggregate = ["arithmetic"]', ["1 means and the tree 2 levels"]),
        ("x", "x", 'weights_from = "people.csv"', ["does not exist"]),
        (",1,9,10", ",,,10", "screen = 1.0", None),
    ],
)
def test_wrong_data_are_named_and_mended(
    tmp_path: Path, old: str, new: str, toml: str, words: list[str] | None
) -> None:
    if words is None:
        (tmp_path / "meta.csv").write_text(META)
        (tmp_path / "data.csv").write_text(DATA.replace(old, new))
        (tmp_path / "score.toml").write_text(toml)
        assert score_files(tmp_path / "data.csv", tmp_path / "meta.csv", tmp_path / "score.toml", tmp_path / "out")
        return
    text = said(tmp_path, data=DATA.replace(old, new), toml=toml)
    assert all(word in text for word in words), text


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"nowhere\.csv: O ficheiro não existe"):
        score_files(tmp_path / "a.csv", tmp_path / "nowhere.csv", None, tmp_path / "out")
    with pytest.raises(AtlasError, match=r"score\.toml: O ficheiro não existe"):
        score_files(tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "score.toml", tmp_path / "out")
    assert "Mend that line" in said(tmp_path, toml="normalise = rank")
    with pytest.raises(AtlasError, match=r"é uma pasta"):
        score_files(tmp_path / "a.csv", tmp_path, None, tmp_path / "out")
    assert "no rows of data" in said(tmp_path, data="")


def test_an_output_with_files_is_kept_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_text(META)
    (tmp_path / "data.csv").write_text(DATA)
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep me")
    with pytest.raises(AtlasError, match="--force"):
        score_files(tmp_path / "data.csv", tmp_path / "meta.csv", None, out)
    written = score_files(tmp_path / "data.csv", tmp_path / "meta.csv", None, out, force=True)
    assert (out / "mine.txt").read_text() == "keep me"
    assert sorted(path.name for path in written) == sorted(path.name for path in out.glob("*.csv"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_spreadsheet_of_portugal_reads_alike(encoding: str, tmp_path: Path) -> None:
    """Semicolons, decimal commas, a byte-order mark, Windows' letters, and what Excel calls Unicode text."""
    (tmp_path / "meta.csv").write_text(META.replace(",X,", ",Coração,").replace(",", ";"), encoding="cp1252")
    (tmp_path / "data.csv").write_text(DATA.replace(",", ";").replace(";9;", ";9,5;"), encoding=encoding)
    score_files(tmp_path / "data.csv", tmp_path / "meta.csv", None, tmp_path / "out")
    assert (tmp_path / "out" / "denominated.csv").read_text().splitlines()[:2] == ["uCode,x,y", "01,1.0,9.5"]
