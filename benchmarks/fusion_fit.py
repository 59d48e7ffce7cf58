"""Coefficients of the model, fitted on labelled pairs, and what models say of pairs that they never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fusion_pairs import (
    ACCEPTED,
    DOUBLES,
    EARLIER,
    ENDS,
    FRESH,
    LABELS,
    Region,
    fold_of,
    identifier_pairs,
    located,
    read,
    rival_pairs,
)
from scipy.optimize import minimize

from atlas.fusion.compare import IDENTIFIER, class_steps, features

FOLDS = 10
RIDGE = 1 / 3  # as a prior with variance 3 on each coefficient
FREE_LABELS = 0.3  # weight of a pair whose label is an identifier, among those labelled by hand

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Training:
    """Features of labelled pairs, whether each is one thing, how much it weighs, and its fold."""

    features: pd.DataFrame
    same: np.ndarray
    weight: np.ndarray
    fold: np.ndarray

    @classmethod
    def of(cls, regions: Mapping[str, Region], tables: Tables) -> Training:
        """All pairs of two sources that a reader labelled or an identifier labels, and that the model compares.

        An identifier says of two records that they are one, and of the others near one of them that they are not.

        A pair weighs the square root of its sampling weight: enough to keep the rare kinds of pairs, not so much that
        a few stand for all; one drawn at random from what an earlier model accepted weighs as a sampling weight of 1.
        The labels of what this one accepts, and the sealed ones, are not learned from.
        """
        labelled = tables["labelled"]
        known = {frozenset([one[:2], one[2:]]) for one in labelled[ENDS].itertuples(index=False)}
        twice = [frozenset([one[:2], one[2:]]) in known for one in tables["earlier"][ENDS].itertuples(index=False)]
        accepted = tables["earlier"][~np.array(twice)].assign(weight=1.0)
        rivals = located(
            rival_pairs(regions, tables["free"], pd.concat([labelled, tables["fresh"], accepted])), regions
        )
        by_hand = pd.concat([labelled, tables["fresh"], accepted], ignore_index=True)
        mean = np.sqrt(labelled["weight"]).mean()
        both = pd.concat(
            [
                by_hand.assign(weighs=np.sqrt(by_hand["weight"]) / mean, free=False),
                tables["free"].assign(weighs=FREE_LABELS, free=True, label="same"),
                rivals.assign(weighs=FREE_LABELS, free=True, label="different"),
            ],
            ignore_index=True,
        )
        both = both[both["candidate"]].reset_index(drop=True)
        seen = {}
        for name, one in regions.items():
            steps = class_steps(one.seen.pairs, one.seen.rows["classes"], one.atlas)
            seen[name] = features(one.seen.pairs, one.seen.rows, steps)
            seen[name].index = pd.MultiIndex.from_frame(one.seen.pairs[["a", "b"]])
        x = pd.DataFrame([seen[one.region].loc[(one.a, one.b)] for one in both.itertuples()]).reset_index(drop=True)
        x.loc[both["free"], ["same_identifier", "other_identifier"]] = 0.0
        fold = both["cell"].map(lambda cell: fold_of(cell, FOLDS)).to_numpy()
        return cls(x, (both["label"] == "same").to_numpy(), both["weighs"].to_numpy(), fold)


def labels(regions: Mapping[str, Region]) -> Tables:
    """Every labelled pair, with what the fusion as it stands says of it."""
    inside = read(DOUBLES)
    tables = {"labelled": read(LABELS), "fresh": read(FRESH), "accepted": read(ACCEPTED), "earlier": read(EARLIER)}
    tables |= {"doubles": inside.assign(source_b=inside["source_a"])}
    found = {name: located(table, regions) for name, table in tables.items()}
    return found | {"free": located(identifier_pairs(regions, found["labelled"]), regions)}


def fit(learned: Training, left_out: int | None = None) -> dict[str, float]:
    """Logistic regression with a ridge, on all folds but one. A shared identifier enters with a fixed coefficient."""
    kept = learned.fold != left_out
    names = [name for name in learned.features if name != "same_identifier"]
    design = np.column_stack([np.ones(kept.sum()), learned.features.loc[kept, names].to_numpy(float)])
    offset = IDENTIFIER * learned.features.loc[kept, "same_identifier"].to_numpy(float)
    known = (design, offset, learned.same[kept], learned.weight[kept])
    found = minimize(_loss, np.zeros(design.shape[1]), args=known, jac=True, method="L-BFGS-B")
    fitted = dict(zip(["intercept", *names], found.x.tolist(), strict=True))
    return fitted | {"same_identifier": IDENTIFIER}


def out_of_fold(regions: Mapping[str, Region], **others: pd.DataFrame) -> Tables:
    """Every labelled pair, with what a model says of it that was fitted without its square kilometre.

    Pairs of ``others`` are judged so too, and not learned from.
    """
    tables = labels(regions)
    learned = Training.of(regions, tables)
    tables |= others
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in tables}
    for fold in range(FOLDS):
        coefficients = fit(learned, fold)
        unseen = {name: region.under(coefficients) for name, region in regions.items()}
        for name, table in tables.items():
            mine = table[table["cell"].map(lambda cell: fold_of(cell, FOLDS)) == fold]
            found[name].append(located(mine, unseen))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def _loss(
    b: np.ndarray, design: np.ndarray, offset: np.ndarray, truth: np.ndarray, weight: np.ndarray
) -> tuple[float, np.ndarray]:
    logit = offset + design @ b
    loss = (weight * (np.logaddexp(0, logit) - truth * logit)).sum() + RIDGE / 2 * (b[1:] ** 2).sum()
    slope = design.T @ (weight * (1 / (1 + np.exp(-logit)) - truth))
    slope[1:] += RIDGE * b[1:]
    return loss, slope
