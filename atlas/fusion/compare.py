"""How probable it is that two records are one thing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

# Logistic coefficients, fitted on the pairs of OpenStreetMap and Wikidata of Norte within 200 m whose OpenStreetMap
# record states a `wikidata=` key (which the features do not see): equal identifiers are matches, others are not.
INTERCEPT = -9.0
TOKEN_SET = 8.0  # per unit of token-set similarity, 0 to 1
JARO_WINKLER = 4.5  # per unit of Jaro-Winkler-like ratio, 0 to 1
LOG_DISTANCE = -0.5  # per unit of ln(1 + metres / 10)
SHARED_LAYER = 1.0
IDENTIFIER = 0.995  # a shared identifier decides alone, unless the distance speaks against it


def probabilities(pairs: pd.DataFrame, plain: np.ndarray) -> np.ndarray:
    """The probability of a match of each pair from names, distance, layer and identifiers.

    A shared identifier gives 0.995 within a kilometre; two different identifiers of one kind rule a match out.
    """
    a, b = plain[pairs["a"].to_numpy()], plain[pairs["b"].to_numpy()]
    features = similarity(a, b)
    logit = (
        INTERCEPT
        + TOKEN_SET * features["token_set"]
        + JARO_WINKLER * features["ratio"]
        + LOG_DISTANCE * np.log1p(pairs["distance_m"].to_numpy() / 10)
        + SHARED_LAYER * pairs["shared_layer"].to_numpy()
    )
    p = 1 / (1 + np.exp(-logit))
    p = np.where(pairs["other_identifier"].to_numpy(), 0.0, p)
    return np.where(pairs["same_identifier"].to_numpy() & (pairs["distance_m"].to_numpy() <= 1000), IDENTIFIER, p)


def similarity(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    """Two similarities of normalised names, each from 0 to 1; 0 where one is empty."""
    if not len(a):
        return {"token_set": np.zeros(0), "ratio": np.zeros(0)}
    empty = (a == "") | (b == "")
    token_set = cpdist(a, b, scorer=fuzz.token_set_ratio, dtype=np.float32) / 100
    ratio = cpdist(a, b, scorer=fuzz.token_sort_ratio, dtype=np.float32) / 100
    return {"token_set": np.where(empty, 0, token_set), "ratio": np.where(empty, 0, ratio)}
