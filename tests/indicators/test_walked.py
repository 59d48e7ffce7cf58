"""Ways on foot, looked up by place: one that nobody walks to is reached by nobody."""

from __future__ import annotations

import pandas as pd
from scipy.sparse import csr_array

from atlas.indicators import Walked


def test_a_place_without_a_way_is_not_the_last_place() -> None:
    """Two people, a café 300 m and 900 m away; the vacant shop beside it is no goal of a walk."""
    walked = Walked(csr_array([[300.0], [900.0]]), pd.Index(["cafe"]), with_slope=False)
    asked = pd.DataFrame({"place_id": ["vacant_shop", "cafe"]})
    assert walked.within(asked, 400).toarray().tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert walked.within(asked, 900).toarray().tolist() == [[0.0, 1.0], [0.0, 1.0]]
