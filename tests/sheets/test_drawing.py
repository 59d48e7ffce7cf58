"""Maps on paper keep their scale, and no two texts share a spot."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from atlas.sheets.drawing import Frame, Room, numbers
from atlas.sheets.typeface import FOLDER, REPLACEMENT, printable, width_mm, wrapped

METRES = st.floats(-300_000, 300_000)
SIDES = st.floats(1, 200_000)


@given(METRES, METRES, SIDES, SIDES, st.floats(20, 300), st.floats(20, 300))
def test_a_frame_holds_what_it_is_drawn_around_at_one_scale(
    x: float, y: float, across: float, up: float, width: float, height: float
) -> None:
    frame = Frame.around((x, y, x + across, y + up), width, height, margin=0.1, least_m=600)
    corners = frame.on_paper(np.array([[x, y + up], [x + across, y]]))
    assert (corners >= -1e-6).all()
    assert (corners <= [width + 1e-6, height + 1e-6]).all()
    assert corners[1, 0] - corners[0, 0] == pytest.approx(across * frame.mm_per_m)
    assert corners[1, 1] - corners[0, 1] == pytest.approx(up * frame.mm_per_m)
    length, on_paper = frame.scale_bar()
    assert length * frame.mm_per_m == pytest.approx(on_paper)
    assert width / 8 <= on_paper <= width / 3 + 1e-9
    assert f"{length:.0e}"[0] in "125"


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(1, 20), st.floats(1, 20)), max_size=40))
def test_taken_room_is_never_given_twice(asked: list[tuple[float, float, float, float]]) -> None:
    room = Room(Frame((0, 0, 100, 100), 100, 100))
    given_away = [box for x, y, w, h in asked if room.take(box := (x, y, x + w, y + h))]
    for number, (left, top, right, bottom) in enumerate(given_away):
        assert left >= 0 <= top
        assert right <= 100 >= bottom
        for a, b, c, d in given_away[:number]:
            assert right <= a or left >= c or bottom <= b or top >= d


def test_a_number_stands_beside_the_outline_where_it_can() -> None:
    frame, line = Frame((0, 0, 100, 100), 100, 100), shapely.LineString([(53, 0), (53, 100)])
    point = np.array([[51.0, 50.0]])
    ((free, _),) = numbers(Room(frame), point, 2)
    ((beside, _),) = numbers(Room(frame), point, 2, line)
    assert free > 51 > beside
    # where everything else is taken, it stands on the line rather than nowhere
    assert numbers(Room(frame, [(0, 0, 50.5, 100)]), point, 2, line)[0] is not None


@given(st.text(max_size=300))
def test_what_reaches_the_page_can_be_drawn_on_one_line(text: str) -> None:
    kept = printable(text)
    assert "\n" not in kept
    assert all(ord(char) > 31 for char in kept)
    assert printable("漢") == REPLACEMENT


@given(st.lists(st.sampled_from(["União", "das", "freguesias", "de", "Ul", "e"]), min_size=1), st.floats(25, 80))
def test_wrapping_loses_no_word_and_keeps_to_the_room(words: list[str], room: float) -> None:
    lines = wrapped(" ".join(words), 6.5, room)
    assert " ".join(lines).split() == words
    assert all(width_mm(line, 6.5) <= room for line in lines)


def test_the_typeface_is_the_one_that_its_licence_came_with() -> None:
    listed = dict(reversed(line.split()) for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    assert len(listed) == 2
    for name, digest in listed.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest
