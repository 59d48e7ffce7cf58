"""Work in a process of its own says its faults as they were said there, and never dies without a word."""

from __future__ import annotations

import pickle

import pytest

from atlas.app import working
from atlas.app.tasks import _done
from atlas.app.working import work
from atlas.errors import AtlasError, Spot


def test_a_fault_keeps_its_place_in_both_languages() -> None:
    def fails() -> None:
        raise AtlasError("Falta a coluna.", "The column is missing.", where=Spot.of("a.csv", column="lon", line=7))

    _, pt, en, where = pickle.loads(pickle.dumps(_done(fails)))
    fault = AtlasError(pt, en, where=where)
    assert fault.text("pt") == "a.csv, coluna «lon», linha 7: Falta a coluna."
    assert fault.text("en") == "a.csv, column “lon”, line 7: The column is missing."


def test_a_process_that_dies_at_once_is_a_work_without_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working.sys, "executable", "/bin/false")
    with pytest.raises(AtlasError, match="sem resultado"):
        work("build", lambda *_: None, folder="x", store="y")


def test_a_full_disk_is_said_and_a_slip_of_the_program_is_not_hidden() -> None:
    def full() -> None:
        raise OSError(28, "No space left on device", "/dados/x")

    def slip() -> None:
        raise OSError(9, "Bad file descriptor")

    kind, pt, en, where = _done(full)
    assert (kind, where) == ("fault", "/dados/x")
    assert "o disco está cheio" in pt
    assert "the disk is full" in en
    with pytest.raises(OSError, match="Bad file"):
        _done(slip)
