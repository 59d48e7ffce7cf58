"""The engine against numbers that others computed: COINr on ASEM, the OECD/JRC handbook on the TAI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from atlas.scoring import aggregate, normalise
from atlas.scoring.diagnostics import cronbach_alpha, principal_components
from atlas.scoring.table import score_files

FIXTURES = Path(__file__).parent / "fixtures"
ASEM = FIXTURES / "asem"
REFERENCE = """
denominate = true
impute = "group-mean:EurAsia_group"
screen = 0.9
treat = "winsorise:5"
"""


def table(path: Path) -> DataFrame:
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    return read.set_index(read.columns[0]).replace({"": None, "TRUE": "1", "FALSE": "0"}).astype(float)


def scored(tmp_path: Path, toml: str) -> Path:
    (tmp_path / "score.toml").write_text(toml)
    score_files(ASEM / "data.csv", ASEM / "meta.csv", tmp_path / "score.toml", tmp_path / "out")
    return tmp_path / "out"


def largest_relative_error(found: DataFrame, wanted: DataFrame) -> float:
    found = found.loc[wanted.index, wanted.columns]
    assert (found.isna() == wanted.isna()).all().all()
    return float(
        ((found - wanted).abs() / wanted.abs().clip(lower=1e-300))
        .fillna(0.0)
        .where(wanted != 0, found.abs())
        .max()
        .max()
    )


def test_every_stage_of_asem_agrees_with_coinr(tmp_path: Path) -> None:
    out = scored(tmp_path, REFERENCE)
    for stage in ("imputed", "treated", "aggregated", "treatment", "effective_weights", "ranks"):
        assert largest_relative_error(table(out / f"{stage}.csv"), table(ASEM / f"{stage}.csv")) < 1e-9, stage
    imputed, raw = table(out / "imputed.csv"), table(out / "denominated.csv")
    assert raw.isna().sum().sum() == 65
    assert (raw.isna() | (raw == imputed)).all().all()
    assert table(out / "screened.csv").equals(imputed)
    normalised = table(out / "normalised.csv")
    assert largest_relative_error(normalised, table(ASEM / "aggregated.csv")[list(normalised)]) < 1e-9


@pytest.mark.parametrize(
    ("keys", "variant"),
    [
        ('normalise = "minmax:1,100"\naggregate = "geometric"', "geometric_minmax_1_100"),
        ('normalise = "zscore:10,2"', "arithmetic_zscore_10_2"),
        ('normalise = "rank"', "arithmetic_rank"),
    ],
)
def test_variants_of_asem_agree_with_coinr(tmp_path: Path, keys: str, variant: str) -> None:
    found = table(scored(tmp_path, REFERENCE + keys) / "aggregated.csv")
    assert largest_relative_error(found, table(ASEM / f"variant_{variant}.csv")) < 1e-9


@pytest.fixture
def tai() -> DataFrame:
    return pd.read_csv(FIXTURES / "tai.csv", index_col="country")


def by_country(values: np.ndarray, tai: DataFrame) -> pd.Series:
    return pd.Series(values, index=tai.index)


def test_schooling_normalised_as_in_table_15(tai: DataFrame) -> None:
    """OECD/JRC (2008), p. 87."""
    schooling = tai["SCHOOLING"].to_numpy()
    z = by_country(normalise.zscore(schooling, 1), tai).round(2)
    assert z[["Finland", "United States", "Sweden", "Japan", "Korea", "Slovenia"]].tolist() == [
        0.26,
        1.52,
        1.14,
        -0.06,
        0.76,
        -1.58,
    ]
    scaled = by_country(normalise.minmax(schooling, 1, 0, 1), tai).round(2)
    wanted = {
        "Finland": 0.59,
        "United States": 1.0,
        "Sweden": 0.88,
        "Japan": 0.49,
        "Korea": 0.76,
        "Netherlands": 0.47,
        "Canada": 0.92,
        "Singapore": 0.0,
        "Italy": 0.02,
    }
    assert scaled[list(wanted)].to_dict() == wanted
    percentile = (100 * by_country(normalise.percentile_share(schooling, 1), tai)).round(1)
    assert percentile[["Finland", "United States", "Korea", "Netherlands"]].tolist() == [65.2, 100.0, 73.9, 39.1]


def test_components_and_alpha_of_the_tai_as_in_table_16(tai: DataFrame) -> None:
    """OECD/JRC (2008), table 16 and p. 72: variance by component, alpha 0.70."""
    shares = 100 * principal_components(tai)["share"].to_numpy()
    assert shares == pytest.approx([41.9, 21.8, 12.3, 11.1, 6.0, 3.7, 2.2, 0.9], abs=0.15)
    assert cronbach_alpha(tai) == pytest.approx(0.7035, abs=5e-5)


def test_geometric_mean_of_raw_values_ranks_as_in_table_38(tai: DataFrame) -> None:
    """OECD/JRC (2008), p. 133, equal weights, no normalising; Singapore's place shows what one low figure does."""
    means = by_country(aggregate.geometric(tai.to_numpy(), np.ones(8)), tai)
    wanted = {
        "United States": 31.2402,
        "Finland": 30.9177,
        "Sweden": 30.3160,
        "Japan": 26.9670,
        "Netherlands": 25.8782,
        "Korea": 16.8951,
        "Singapore": 14.6696,
        "Slovenia": 11.6299,
    }
    assert means[list(wanted)].to_numpy() == pytest.approx(list(wanted.values()), abs=5e-5)
    order = [
        "Finland",
        "United States",
        "Sweden",
        "Japan",
        "Korea",
        "Netherlands",
        "United Kingdom",
        "Singapore",
        "Canada",
        "Australia",
        "Germany",
        "Norway",
        "Ireland",
        "Belgium",
        "New Zealand",
        "Austria",
        "France",
        "Israel",
        "Spain",
        "Italy",
        "Czech Republic",
        "Hungary",
        "Slovenia",
    ]
    ranks = means.rank(ascending=False)[order].astype(int).tolist()
    assert ranks == [2, 1, 3, 4, 16, 5, 6, 18, 13, 14, 8, 11, 7, 9, 17, 12, 10, 15, 19, 21, 23, 22, 20]


def test_order_of_the_tai_by_minmax_and_by_zscore(tai: DataFrame) -> None:
    scaled, standard = (
        by_country(
            aggregate.arithmetic(np.column_stack([how(tai[code].to_numpy(), 1) for code in tai]), np.ones(8)), tai
        )
        for how in (normalise.minmax, normalise.zscore)
    )
    assert scaled.rank(ascending=False).astype(int).tolist() == [
        1,
        3,
        2,
        5,
        7,
        6,
        9,
        8,
        10,
        12,
        11,
        4,
        13,
        14,
        15,
        16,
        17,
        18,
        20,
        19,
        21,
        23,
        22,
    ]
    assert standard.rank(ascending=False).astype(int).tolist() == [
        1,
        3,
        2,
        4,
        6,
        7,
        9,
        8,
        10,
        11,
        12,
        5,
        13,
        14,
        16,
        15,
        17,
        18,
        20,
        19,
        22,
        23,
        21,
    ]


def test_tai_on_fixed_goalposts_is_the_published_order(tai: DataFrame) -> None:
    """HDR 2001, to 0.0015; Singapore, whose royalties the report does not hold, is left out."""
    posts = [
        (0, 994),
        (0, 272.6),
        (0, 232.4),
        (0, 80.8),
        (0, np.log10(901)),
        (np.log10(22), np.log10(6969)),
        (0.8, 12.0),
        (0.1, 27.4),
    ]
    columns = [normalise.goalposts(tai[code].to_numpy(), 1, *pair, 0, 1) for code, pair in zip(tai, posts, strict=True)]
    pillars = np.column_stack(
        [aggregate.arithmetic(np.column_stack(columns[at : at + 2]), np.ones(2)) for at in (0, 2, 4, 6)]
    )
    scores = by_country(aggregate.arithmetic(pillars, np.ones(4)), tai).drop("Singapore")
    published = [
        0.744,
        0.733,
        0.703,
        0.698,
        0.666,
        0.630,
        0.606,
        0.589,
        0.587,
        0.583,
        0.579,
        0.566,
        0.553,
        0.548,
        0.544,
        0.535,
        0.514,
        0.481,
        0.471,
        0.465,
        0.464,
        0.458,
    ]
    assert scores.to_numpy() == pytest.approx(published, abs=0.0015)
    assert scores.is_monotonic_decreasing


def test_leaving_a_unit_out_moves_every_other_under_minmax_and_none_under_goalposts(tai: DataFrame) -> None:
    """The TAI without Japan."""

    def minmax_score(rows: DataFrame) -> pd.Series:
        columns = np.column_stack([normalise.minmax(rows[code].to_numpy(), 1) for code in rows])
        return pd.Series(aggregate.arithmetic(columns, np.ones(8)), index=rows.index)

    def goalpost_score(rows: DataFrame) -> pd.Series:
        columns = np.column_stack([normalise.goalposts(rows[code].to_numpy(), 1, 0, 1000) for code in rows])
        return pd.Series(aggregate.arithmetic(columns, np.ones(8)), index=rows.index)

    without = tai.drop("Japan")
    assert (minmax_score(tai)[without.index] - minmax_score(without)).abs().min() > 0.1
    assert (goalpost_score(tai)[without.index] - goalpost_score(without)).abs().max() < 1e-12


def test_outranking_of_five_countries_as_in_table_36(tai: DataFrame) -> None:
    """OECD/JRC (2008), table 36; US–Japan is .6875 from table A.2, where both have 3.00 for telephones."""
    five = tai.loc[["Finland", "United States", "Sweden", "Japan", "Korea"]].to_numpy()
    shares = aggregate.outranking(five, np.full(8, 1 / 8))
    assert shares[0].tolist() == pytest.approx([0, 0.5, 0.375, 0.75, 0.625])
    assert shares[1, 2:].tolist() == pytest.approx([0.5, 0.6875, 0.625])
    assert shares[2, 3:].tolist() == pytest.approx([0.75, 0.625]) and shares[3, 4] == pytest.approx(0.75)
    assert shares + shares.T == pytest.approx(1 - np.eye(5))


def profile() -> np.ndarray:
    """OECD/JRC (2008), table 25: 21 indicators over a, b, c, d."""
    orders = ["abcd"] * 3 + ["acbd"] * 5 + ["bdca"] * 7 + ["cbda"] * 6
    return np.array([[4.0 - order.index(name) for order in orders] for name in "abcd"])


def test_borda_and_condorcet_disagree_as_in_tables_26_and_27() -> None:
    assert aggregate.borda(profile(), np.ones(21)).tolist() == [24, 44, 38, 20]
    a, b, c, d = range(4)
    above = aggregate.outranking(profile(), np.ones(21)) * 21
    assert [above[b, a], above[c, a], above[d, a], above[c, b], above[b, d], above[c, d]] == pytest.approx(
        [13, 13, 13, 11, 21, 14]
    )
    assert aggregate.copeland(profile(), np.ones(21)).tolist() == [-3, 1, 3, -1]


def test_geometric_mean_punishes_a_weak_side() -> None:
    """OECD/JRC (2008), p. 103: (21, 1, 1, 1) and (6, 6, 6, 6) tie in the sum only; decimals cut off."""
    rows = np.array([[21.0, 1, 1, 1], [6, 6, 6, 6], [21, 2, 1, 1], [6, 7, 6, 6]])
    assert aggregate.arithmetic(rows[:2], np.ones(4)).tolist() == [6, 6]
    assert aggregate.geometric(rows, np.ones(4)) == pytest.approx([2.14, 6, 2.54, 6.23], abs=0.006)


def test_exponential_transformation_of_ranks() -> None:
    """Scottish Indices of Deprivation 2003, appendix 5."""
    shares = np.array([0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0])
    scores = aggregate.imd(np.arange(1.0, 101.0)[:, None], np.ones(1))[(shares * 100).astype(int) - 1]
    assert scores == pytest.approx([6.5177, 15.6468, 31.0091, 50.4267, 63.8476, 86.9573, 100.0], abs=5e-5)


def test_means_of_powers_as_coinr_tests_them() -> None:
    row = np.array([[1.0, 2.0, 3.0]])
    assert aggregate.geometric(row, np.ones(3))[0] == pytest.approx(6 ** (1 / 3))
    assert aggregate.geometric(row, np.array([1.0, 1, 2]))[0] == pytest.approx((1 * 2 * 9) ** 0.25)
    assert aggregate.harmonic(row, np.array([2.0, 1, 1]))[0] == pytest.approx(4 / (2 / 1 + 1 / 2 + 1 / 3))
    assert aggregate.generalised(row, np.ones(3), -1) == pytest.approx(aggregate.harmonic(row, np.ones(3)))
    assert aggregate.generalised(row, np.ones(3), 1) == pytest.approx(aggregate.arithmetic(row, np.ones(3)))
    for zero in (0.0, -1.0):
        with pytest.raises(aggregate.NotPositive):
            aggregate.geometric(np.array([[1.0, zero]]), np.ones(2))


def test_a_row_with_too_little_data_is_missing_and_the_others_are_not() -> None:
    rows = np.arange(1.0, 16.0).reshape(3, 5)
    rows[1, 1:] = np.nan
    assert np.isnan(aggregate.combine(rows, np.ones(5), "arithmetic", present=0.5)).tolist() == [False, True, False]
