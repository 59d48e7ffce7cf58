from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import Series

from atlas.errors import ConfigError
from atlas.scoring.calibrate import goalposts, percentile


def test_percentiles_go_by_residents_not_by_units() -> None:
    """A hundred hamlets of one resident do not move what a town of ten thousand sets."""
    values = Series([0.0] * 100 + [40.0, 80.0])
    residents = Series([1.0] * 100 + [9_700.0, 200.0])
    assert percentile(values.to_numpy(), residents.to_numpy(), 0.5) == 40.0
    assert goalposts(values, residents, count=True) == (0.0, 40.0)


def test_a_figure_that_is_the_same_everywhere_has_no_goalposts() -> None:
    with pytest.raises(ConfigError, match="green"):
        goalposts(Series([3.0, 3.0, np.nan], name="green"), Series([1.0, 1.0, 1.0]), count=False)


FIGURES = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=2, max_size=50)


@given(FIGURES.filter(lambda figures: max(figures) - min(figures) > 0.01), st.booleans())
def test_goalposts_are_in_order_short_and_hold_nearly_everybody(figures: list[float], count: bool) -> None:
    values = Series(np.abs(figures) if count else figures)
    if values.min() == values.max():
        return
    low, high = goalposts(values, Series(1.0, index=values.index), count=count)
    assert low < high
    assert low == 0 or not count
    assert (values.between(low, high)).mean() >= 0.95 - 2 / len(values)
    assert all(len(f"{abs(post):.10g}".strip("0").replace(".", "").strip("0")) <= 8 for post in (low, high))
