"""The coefficients of `atlas/fusion/compare.py`, from the development part of the labelled pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from fusion_pairs import Region, identifier_pairs, located, part_of
from scipy.optimize import minimize

from atlas.fusion.compare import IDENTIFIER, class_steps, features

RIDGE = 1 / 3  # as a prior with variance 3 on each coefficient
FREE_LABELS = 0.3  # weight of a pair whose label is an identifier, among those labelled by hand


def fit(regions: dict[str, Region], labelled: pd.DataFrame) -> dict[str, float]:
    """Logistic regression with a ridge, on the development part and the free labels in the same square kilometres.

    Each labelled pair weighs the square root of its sampling weight: enough to keep the rare kinds of pairs, not so
    much that a few stand for all. A shared identifier enters with a fixed coefficient.
    """
    mine = labelled[(labelled["part"] == "development") & labelled["candidate"]]
    free = located(identifier_pairs(regions, labelled), regions)
    free = free[[part_of(cell) == "development" for cell in free["cell"]]]
    tables = {}
    for name, one in regions.items():
        steps = class_steps(one.seen.pairs, one.seen.rows["classes"], one.atlas)
        tables[name] = features(one.seen.pairs, one.seen.rows, steps)
        tables[name].index = pd.MultiIndex.from_frame(one.seen.pairs[["a", "b"]])
    x, x_free = (
        pd.DataFrame([tables[one.region].loc[(one.a, one.b)] for one in part.itertuples()]) for part in (mine, free)
    )
    x_free[["same_identifier", "other_identifier"]] = 0.0
    names = [name for name in x if name != "same_identifier"]
    both = pd.concat([x, x_free])
    weight = np.sqrt(mine["weight"].to_numpy())
    weight = np.concatenate([weight / weight.mean(), np.full(len(free), FREE_LABELS)])
    truth = np.concatenate([(mine["label"] == "same").to_numpy(), np.ones(len(free), bool)])
    design = np.column_stack([np.ones(len(both)), both[names].to_numpy(float)])
    offset = IDENTIFIER * both["same_identifier"].to_numpy(float)
    found = minimize(
        _loss, np.zeros(design.shape[1]), args=(design, offset, truth, weight), jac=True, method="L-BFGS-B"
    )
    return dict(zip(["intercept", *names], found.x.tolist(), strict=True))


def _loss(
    b: np.ndarray, design: np.ndarray, offset: np.ndarray, truth: np.ndarray, weight: np.ndarray
) -> tuple[float, np.ndarray]:
    logit = offset + design @ b
    loss = (weight * (np.logaddexp(0, logit) - truth * logit)).sum() + RIDGE / 2 * (b[1:] ** 2).sum()
    slope = design.T @ (weight * (1 / (1 + np.exp(-logit)) - truth))
    slope[1:] += RIDGE * b[1:]
    return loss, slope
