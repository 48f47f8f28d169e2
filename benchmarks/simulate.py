"""Tables with a known change, or none, for benchmarks/drift.py and benchmarks/evidently_drift.py. numpy and pandas only.

Of the columns, six in ten are numbers (normal, skewed, counts), four in ten categories of 2 to 8 levels; each fifth column
has missing cells; columns hang together in pairs (a Gaussian copula with correlation 0.6). The target is drawn from a
logistic function of six of them.
"""

import numpy as np
import pandas as pd

LEVELS = "abcdefgh"
CHANGES = {
    "none": "",
    "one, small": "one number moves by 0.2 standard deviations",
    "one, medium": "... by 0.5",
    "one, large": "... by 1.0",
    "category, small": "one category's shares move by 0.1",
    "several, small": "five numbers move by 0.2",
    "spread": "one number's spread doubles, its middle stays",
    "correlation": "three pairs of columns no longer hang together; each column as before",
    "concept": "the same rows, but the strongest column now works the other way round",
}


def latent(rng, n, p, correlation):
    """(n, p) standard normal numbers; columns 2i and 2i + 1 are correlated."""
    z = rng.normal(size=(n, p))
    for i in range(0, p - 1, 2):
        z[:, i + 1] = correlation[i] * z[:, i] + np.sqrt(1 - correlation[i] ** 2) * z[:, i + 1]
    return z


def kind_of(column):
    return ("number", "category", "number", "category", "number")[column % 5]


def simulate(change, n, p, seed):
    """(frame with column y "no"/"yes", P(yes) by the relation as it was before any change)."""
    rng = np.random.default_rng(seed)
    fixed = np.random.default_rng(p)  # the world: the same for both samples
    correlation = np.full(p, 0.6)
    if change == "correlation":
        correlation[[0, 2, 4]] = 0
    z = latent(rng, n, p, correlation)
    size = {"one, small": 0.2, "one, medium": 0.5, "one, large": 1.0, "several, small": 0.2}.get(change, 0)
    moved = [0, 2, 4, 5, 7] if change == "several, small" else [0]
    moved = [c for c in moved if kind_of(c) == "number"] + ([10, 12] if change == "several, small" else [])
    z[:, moved] += size
    if change == "spread":
        z[:, 0] *= 2
    frame, levels = {}, fixed.integers(2, 9, p)
    for c in range(p):
        if kind_of(c) == "number":
            values = [z[:, c], np.exp(z[:, c]), np.floor(5 * np.exp(0.5 * z[:, c]))][c % 3]
            cells = values.astype(float)
        else:
            share = fixed.dirichlet(np.full(levels[c], 3.0))
            cuts = np.cumsum(share)[:-1]
            u = _phi(z[:, c])
            code = np.searchsorted(cuts, u)
            if change == "category, small" and c == 1:
                away = (code == share.argmax()) & (rng.random(n) < 0.1 / share.max())
                code = np.where(away, (code + 1) % levels[c], code)
            cells = np.array(list(LEVELS), dtype=object)[code]
        if c % 5 == 4:
            cells = np.where(rng.random(n) < 0.08, np.nan, cells) if kind_of(c) == "number" else cells
        frame[f"x{c}"] = cells
    weights = np.array([1.5, 0.8, -0.8, 0.5, -0.5, 0.4])
    told = 0.4 + z[:, :6] @ weights
    before = 1 / (1 + np.exp(-told))
    chance = before
    if change == "concept":
        chance = 1 / (1 + np.exp(-(told - 2 * weights[0] * z[:, 0])))
    frame["y"] = np.where(rng.random(n) < chance, "yes", "no")
    table = pd.DataFrame(frame)
    for c in table:
        if table[c].dtype == object:
            table[c] = table[c].astype("str")
    return table, before


def _phi(z):
    """The normal distribution function, to 1e-7 (Abramowitz, Stegun 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    upper = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * poly
    return np.where(z > 0, 1 - upper, upper)
