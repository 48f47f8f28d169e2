"""Have rows changed? Two samples of typed rows, column by column, between columns, and as whole rows. numpy and scipy.

Each test gives (p, effect): p that chance alone makes such a difference, and how large it is. An alarm needs both: many
rows make a trifle significant, few rows make chance look large.

`weights`, where rows have them, are those of both samples. A share is then a share of the weight, and as many rows as would tell as
much with equal weights (Kish 1965) stand for the sample where chance is reckoned.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from lifecycle.ground.words import cut, short

Array = np.ndarray
MIN_COUNT = 10  # rows of a level, both samples together, below which it is pooled with the other rare ones
WORDS = 10  # of a free text, that are looked for
MAX_VARIABLES = 150  # whose pairs are compared


class Difference(NamedTuple):
    """`p`: that chance alone makes it; `effect`: how large it is; `what`: was seen, for people."""

    p: float
    effect: float
    what: str


class Weights(NamedTuple):
    """Of the rows of the reference `a` and of the live ones `b`."""

    a: Array
    b: Array


# ---- one column ---------------------------------------------------------------------------------------------------


def compare(kind: str, a: pd.Series, b: pd.Series, weights: Weights | None = None) -> Difference | None:
    """Filled cells of a column in the reference `a` and live `b`; None where either has too few to compare.

    `kind`: number, category (also boolean) or text.
    """
    filled_a, filled_b = a.notna().to_numpy(), b.notna().to_numpy()
    if weights is not None:  # a row of no weight is no row
        filled_a, filled_b = filled_a & (weights.a > 0), filled_b & (weights.b > 0)
        weights = Weights(weights.a[filled_a], weights.b[filled_b])
    a, b = a[filled_a], b[filled_b]
    if min(len(a), len(b)) < 10:
        return None
    if kind == "number":
        return compare_numbers(a.to_numpy(float), b.to_numpy(float), weights)
    if kind == "text":
        return compare_texts(a.astype(str), b.astype(str), weights)
    return compare_levels(a.to_numpy(object), b.to_numpy(object), weights)


def compare_numbers(a: Array, b: Array, weights: Weights | None = None) -> Difference:
    """Kolmogorov-Smirnov sees any change of shape, Mann-Whitney a shift sooner: twice the smaller p.

    The effect is the KS distance: at least this share of the rows lies elsewhere.
    """
    if weights is not None:
        return _compare_weighted(a, b, weights)
    ks = stats.ks_2samp(a, b, method="asymp")
    p = min(ks.pvalue, stats.mannwhitneyu(a, b, method="asymptotic").pvalue) if np.ptp(np.append(a, b)) else 1.0
    what = f"median {short(np.median(b))}, was {short(np.median(a))}"
    if short(np.median(a)) == short(np.median(b)):
        what = f"mean {short(b.mean())}, was {short(a.mean())}"
    return Difference(min(1.0, 2 * p), float(ks.statistic), what)


def _compare_weighted(a: Array, b: Array, weights: Weights) -> Difference:
    """`compare_numbers` where a row counts as its weight says."""
    both = np.concatenate([a, b])
    values, place = np.unique(both, return_inverse=True)
    share_a = _shares(place[: len(a)], weights.a, len(values))
    share_b = _shares(place[len(a) :], weights.b, len(values))
    n_a, n_b = as_many(weights.a), as_many(weights.b)
    distance = float(np.abs(np.cumsum(share_a) - np.cumsum(share_b)).max())
    ks = float(stats.kstwobign.sf(distance * np.sqrt(n_a * n_b / (n_a + n_b))))
    _, z = _shifted(share_a, share_b, n_a, n_b)
    shift = float(2 * stats.norm.sf(abs(z)))
    median_a, median_b = (values[np.searchsorted(np.cumsum(share), 0.5)] for share in (share_a, share_b))
    what = f"median {short(median_b)}, was {short(median_a)}, by weight"
    if short(median_a) == short(median_b):
        what = f"mean {short(share_b @ values)}, was {short(share_a @ values)}, by weight"
    return Difference(min(1.0, 2 * ks, 2 * shift), distance, what)


def _shifted(share_a: Array, share_b: Array, n_a: float, n_b: float) -> tuple[float, float]:
    """(the chance that a value of b is above one of a, half of it where they are equal; its distance from a half in standard
    errors), of shares by value in order: Mann-Whitney's test, by weight."""
    above = float((share_b * (np.cumsum(share_a) - share_a / 2)).sum())
    pooled = (n_a * share_a + n_b * share_b) / (n_a + n_b)
    ties = 1 - float((pooled**3).sum())
    if ties <= 1e-12:
        return above, 0.0
    return above, float((above - 0.5) / np.sqrt(ties * (1 / n_a + 1 / n_b) / 12))


def _shares(place: Array, weight: Array, n: int) -> Array:
    """The share of the weight at each of n places."""
    sums = np.bincount(place, weights=weight, minlength=n)
    return sums / sums.sum()


def as_many(weight: Array) -> float:
    """Rows of equal weight that tell as much as these do (Kish 1965)."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def compare_levels(a: Array, b: Array, weights: Weights | None = None) -> Difference:
    """Chi-square over levels, rare ones pooled; the effect is the total variation distance less what chance makes of it."""
    codes, levels = pd.factorize(np.concatenate([a, b]))
    parts = codes[: len(a)], codes[len(a) :]
    n_a, n_b = float(len(a)), float(len(b))
    counts = np.stack([np.bincount(part, minlength=len(levels)) for part in parts])
    if weights is not None:
        n_a, n_b = as_many(weights.a), as_many(weights.b)
        shares = [_shares(part, weight, len(levels)) for part, weight in zip(parts, weights, strict=True)]
        counts = np.stack([n_a * shares[0], n_b * shares[1]])
    # a level counts as rare if the smaller sample can expect fewer than five of it
    rare = counts.sum(axis=0) * min(n_a, n_b) / (n_a + n_b) < MIN_COUNT / 2
    pooled = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)]) if rare.any() else counts
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    p = stats.chi2_contingency(pooled, correction=pooled.shape[1] == 2).pvalue if pooled.shape[1] > 1 else 1.0
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = counts.sum(axis=0) / counts.sum()
    noise = np.sqrt(2 / np.pi * mean * (1 - mean) * (1 / n_a + 1 / n_b)).sum() / 2
    at = int(np.abs(share[1] - share[0]).argmax())
    what = f'"{cut(levels[at], 40)}" is {share[1, at]:.0%} of the rows, was {share[0, at]:.0%}'
    return Difference(float(p), float(max(0.0, np.abs(share[1] - share[0]).sum() / 2 - noise)), what)


def compare_texts(a: pd.Series, b: pd.Series, weights: Weights | None = None) -> Difference:
    """The length as a number, and how often each of the most frequent words is there."""
    words = [s.str.lower().str.findall(r"\w{3,}").map(set) for s in (a, b)]
    frequent = pd.concat(words).explode().value_counts(sort=True).head(WORDS).index
    length = compare_numbers(a.str.len().to_numpy(float), b.str.len().to_numpy(float), weights)
    tests = [length._replace(what=f"characters: {length.what}")]
    for word in sorted(map(str, frequent)):
        found = [np.array([word in cell for cell in part], dtype=object) for part in words]
        one = compare_levels(found[0], found[1], weights)
        has = zip(found, weights or (None, None), strict=True)
        shares = [f"{np.average(f.astype(bool), weights=weight):.0%}" for f, weight in has]
        tests.append(one._replace(what=f'the word "{cut(word, 40)}" is in {shares[1]} of the rows, was {shares[0]}'))
    best = min(tests, key=lambda t: t.p)
    return best._replace(p=min(1.0, best.p * len(tests)))


def more_often(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """p that something so much more frequent in b than in a is chance: Fisher's exact test, one-sided."""
    if not hits_b or not n_b:
        return 1.0
    return float(stats.hypergeom.sf(hits_b - 1, n_a + n_b, hits_a + hits_b, n_b))


# ---- between columns ----------------------------------------------------------------------------------------------


def compare_relations(
    a: pd.DataFrame, b: pd.DataFrame, kinds: dict[str, str], weights: Weights | None = None
) -> list[tuple[str, str, Difference]]:
    """Correlation of each pair of columns in both samples: (column, column, test); the effect is how far it moved.

    Numbers go in as normal scores of their ranks, frequent levels as indicators. The variance of a correlation comes
    from fourth moments (asymptotically distribution-free; Steiger, Hakstian 1982): Fisher's z holds for normal columns only.
    """
    names, x = _variables(a, b, kinds)
    if len(names) < 2:
        return []
    if weights is None:
        weights = Weights(np.ones(len(a)), np.ones(len(b)))
    r_a, v_a = _correlations(x[: len(a)], weights.a)
    r_b, v_b = _correlations(x[len(a) :], weights.b)
    i, j = np.triu_indices(len(names), 1)
    apart = np.array(names)[i] != np.array(names)[j]  # two levels of one column are bound to each other
    i, j = i[apart], j[apart]
    moved = np.arctanh(r_b[i, j]) - np.arctanh(r_a[i, j])
    # on the scale of Fisher's z the variance hardly depends on r, and small samples behave
    spread = np.sqrt(v_a[i, j] / (1 - r_a[i, j] ** 2) ** 2 + v_b[i, j] / (1 - r_b[i, j] ** 2) ** 2)
    p = 2 * stats.t.sf(np.abs(moved) / np.maximum(spread, 1e-9), max(1.0, min(map(as_many, weights)) - 3))
    best: dict[tuple[str, str], tuple[float, int]] = {}
    tried: dict[tuple[str, str], int] = {}
    for at, pair in enumerate(zip(i, j, strict=True)):
        key = names[pair[0]], names[pair[1]]
        tried[key] = tried.get(key, 0) + 1
        best[key] = min(best.get(key, (2.0, -1)), (float(p[at]), at))
    out = []
    for (first, second), (p_min, at) in best.items():
        now, was = r_b[i[at], j[at]], r_a[i[at], j[at]]
        what = f"correlation {round(now, 2) + 0.0:.2f}, was {round(was, 2) + 0.0:.2f}"
        out.append((first, second, Difference(min(1.0, p_min * tried[first, second]), float(abs(now - was)), what)))
    return out


def _variables(a: pd.DataFrame, b: pd.DataFrame, kinds: dict[str, str]) -> tuple[list[str], Array]:
    """(source column of each variable, (n_a + n_b, k) matrix)."""
    names, columns = [], []
    for name, kind in kinds.items():
        both = pd.concat([a[name], b[name]], ignore_index=True)
        if kind == "number" and both.nunique() > 2:
            ranks = stats.rankdata(both, nan_policy="omit")
            scores = stats.norm.ppf((ranks - 0.5) / max(1, both.notna().sum()))
            names.append(name)
            columns.append(np.nan_to_num(scores))
        elif kind in ("category", "number", "boolean"):
            share = both.value_counts(normalize=True).head(4)
            # a rare level's correlation is too noisy to speak of in small samples
            for level in [v for v, s in share.items() if 0.1 <= s <= 0.9][: 1 if len(share) == 2 else 4]:
                names.append(name)
                columns.append((both == level).to_numpy(float))
    return names[:MAX_VARIABLES], np.column_stack(columns[:MAX_VARIABLES]) if columns else np.empty(
        (len(a) + len(b), 0)
    )


def _correlations(x: Array, weight: Array) -> tuple[Array, Array]:
    """(r, variance of r), each (k, k)."""
    share = (weight / weight.sum())[:, None]
    centred = x - (share * x).sum(axis=0)
    spread = np.sqrt((share * centred**2).sum(axis=0))
    z = np.divide(centred, spread, out=np.zeros_like(x), where=spread > 1e-12)
    r = (share * z).T @ z
    square, cube = z**2, z**3
    m22, m31, m4 = (share * square).T @ square, (share * cube).T @ z, (share * square**2).sum(axis=0)
    v = m22 - r * (m31 + m31.T) + r**2 / 4 * (m4[:, None] + m4[None, :] + 2 * m22)
    return np.clip(r, -0.999, 0.999), np.maximum(v, 0.02) / as_many(weight)


# ---- whole rows ---------------------------------------------------------------------------------------------------


def tell_apart(
    a: pd.DataFrame,
    b: pd.DataFrame,
    kinds: dict[str, str],
    max_rows: int,
    seed: int,
    weights: Weights | None = None,
) -> Difference:
    """Can a classifier tell live rows from reference rows it was not fitted on? The effect is its AUC.

    Each half is scored by what was fitted on the other (Lopez-Paz, Oquab 2017; Mann-Whitney on the scores). The two
    scores are nearly the same one, how like the halves' differences are, so that z is their mean.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(seed)
    size = min(len(a), len(b), max_rows)  # equal sides: the same power per row, and bounded time
    places = [np.sort(rng.permutation(len(part))[:size]) for part in (a, b)]
    x = pd.concat([a.iloc[places[0]], b.iloc[places[1]]], ignore_index=True)
    weight = None
    if weights is not None:
        sides = [all_of[place] for all_of, place in zip(weights, places, strict=True)]
        weight = np.concatenate([side / side.mean() for side in sides])
    matrix = np.column_stack([_coded(x[name], kind) for name, kind in kinds.items()])
    y = np.repeat([0, 1], size)
    half = np.concatenate([rng.permutation(size) % 2, rng.permutation(size) % 2])
    z, auc = 0.0, 0.0
    for k in (0, 1):
        fit, held = half != k, half == k
        model = HistGradientBoostingClassifier(
            max_iter=60,
            learning_rate=0.1,
            max_leaf_nodes=8,
            min_samples_leaf=10,
            early_stopping=False,
            random_state=seed,
        )
        fitted = model.fit(matrix[fit], y[fit], None if weight is None else weight[fit])
        told = fitted.decision_function(matrix[held])
        above, distance = _ranked(told, y[held], None if weight is None else weight[held])
        z += distance / 2
        auc += above / 2
    return Difference(
        float(stats.norm.sf(z)), auc, f"a classifier tells live rows from held-out ones with an AUC of {auc:.2f}"
    )


def _ranked(score: Array, y_true: Array, weight: Array | None) -> tuple[float, float]:
    """(AUC, its distance from a half in standard errors) of a classifier's scores."""
    live = y_true == 1
    if weight is None:
        test = stats.mannwhitneyu(score[live], score[~live], method="asymptotic", alternative="greater")
        distance = float(stats.norm.isf(np.clip(test.pvalue, 1e-300, 1 - 1e-12)))
        return float(test.statistic) / (int((~live).sum()) * int(live.sum())), distance
    values, place = np.unique(score, return_inverse=True)
    shares = [_shares(place[side], weight[side], len(values)) for side in (~live, live)]
    return _shifted(shares[0], shares[1], as_many(weight[~live]), as_many(weight[live]))


def _coded(values: pd.Series, kind: str) -> Array:
    if kind == "number":
        return values.to_numpy(float)
    if kind == "text":
        return values.str.len().to_numpy(float, na_value=np.nan)
    codes, levels = pd.factorize(values)
    rank = np.argsort(np.argsort(-np.bincount(codes[codes >= 0], minlength=len(levels)), kind="stable"), kind="stable")
    return np.where(codes < 0, np.nan, np.append(rank, 0)[codes])
