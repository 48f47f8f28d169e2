"""Have rows changed? Two samples of typed rows, column by column, between columns, and as whole rows. numpy and scipy.

Each test gives (p, effect): p that chance alone makes such a difference, and how large it is. An alarm needs both: many
rows make a trifle significant, few rows make chance look large.
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


# ---- one column ---------------------------------------------------------------------------------------------------


def compare(kind: str, a: pd.Series, b: pd.Series) -> Difference | None:
    """Filled cells of a column in the reference `a` and live `b`; None where either has too few to compare.

    `kind`: number, category (also boolean) or text.
    """
    a, b = a[a.notna()], b[b.notna()]
    if min(len(a), len(b)) < 10:
        return None
    if kind == "number":
        return compare_numbers(a.to_numpy(float), b.to_numpy(float))
    if kind == "text":
        return compare_texts(a.astype(str), b.astype(str))
    return compare_levels(a.to_numpy(object), b.to_numpy(object))


def compare_numbers(a: Array, b: Array) -> Difference:
    """Kolmogorov-Smirnov sees any change of shape, Mann-Whitney a shift sooner: twice the smaller p.

    The effect is the KS distance: at least this share of the rows lies elsewhere.
    """
    ks = stats.ks_2samp(a, b, method="asymp")
    p = min(ks.pvalue, stats.mannwhitneyu(a, b, method="asymptotic").pvalue) if np.ptp(np.append(a, b)) else 1.0
    what = f"median {short(np.median(b))}, was {short(np.median(a))}"
    if short(np.median(a)) == short(np.median(b)):
        what = f"mean {short(b.mean())}, was {short(a.mean())}"
    return Difference(min(1.0, 2 * p), float(ks.statistic), what)


def compare_levels(a: Array, b: Array) -> Difference:
    """Chi-square over levels, rare ones pooled; the effect is the total variation distance less what chance makes of it."""
    codes, levels = pd.factorize(np.concatenate([a, b]))
    counts = np.stack([np.bincount(part, minlength=len(levels)) for part in (codes[: len(a)], codes[len(a) :])])
    # a level counts as rare if the smaller sample can expect fewer than five of it
    rare = counts.sum(axis=0) * min(len(a), len(b)) / (len(a) + len(b)) < MIN_COUNT / 2
    pooled = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)]) if rare.any() else counts
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    p = stats.chi2_contingency(pooled, correction=pooled.shape[1] == 2).pvalue if pooled.shape[1] > 1 else 1.0
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = counts.sum(axis=0) / counts.sum()
    noise = np.sqrt(2 / np.pi * mean * (1 - mean) * (1 / len(a) + 1 / len(b))).sum() / 2
    at = int(np.abs(share[1] - share[0]).argmax())
    what = f'"{cut(levels[at], 40)}" is {share[1, at]:.0%} of the rows, was {share[0, at]:.0%}'
    return Difference(float(p), float(max(0.0, np.abs(share[1] - share[0]).sum() / 2 - noise)), what)


def compare_texts(a: pd.Series, b: pd.Series) -> Difference:
    """The length as a number, and how often each of the most frequent words is there."""
    words = [s.str.lower().str.findall(r"\w{3,}").map(set) for s in (a, b)]
    frequent = pd.concat(words).explode().value_counts(sort=True).head(WORDS).index
    length = compare_numbers(a.str.len().to_numpy(float), b.str.len().to_numpy(float))
    tests = [length._replace(what=f"characters: {length.what}")]
    for word in sorted(map(str, frequent)):
        found = [np.array([word in cell for cell in part], dtype=object) for part in words]
        one = compare_levels(*found)
        shares = [f"{np.mean(f.astype(bool)):.0%}" for f in found]
        tests.append(one._replace(what=f'the word "{cut(word, 40)}" is in {shares[1]} of the rows, was {shares[0]}'))
    best = min(tests, key=lambda t: t.p)
    return best._replace(p=min(1.0, best.p * len(tests)))


def more_often(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """p that something so much more frequent in b than in a is chance: Fisher's exact test, one-sided."""
    if not hits_b or not n_b:
        return 1.0
    return float(stats.hypergeom.sf(hits_b - 1, n_a + n_b, hits_a + hits_b, n_b))


# ---- between columns ----------------------------------------------------------------------------------------------


def compare_relations(a: pd.DataFrame, b: pd.DataFrame, kinds: dict[str, str]) -> list[tuple[str, str, Difference]]:
    """Correlation of each pair of columns in both samples: (column, column, test); the effect is how far it moved.

    Numbers go in as normal scores of their ranks, frequent levels as indicators. The variance of a correlation comes
    from fourth moments (asymptotically distribution-free; Steiger, Hakstian 1982): Fisher's z holds for normal columns only.
    """
    names, x = _variables(a, b, kinds)
    if len(names) < 2:
        return []
    r_a, v_a = _correlations(x[: len(a)])
    r_b, v_b = _correlations(x[len(a) :])
    i, j = np.triu_indices(len(names), 1)
    apart = np.array(names)[i] != np.array(names)[j]  # two levels of one column are bound to each other
    i, j = i[apart], j[apart]
    moved = np.arctanh(r_b[i, j]) - np.arctanh(r_a[i, j])
    # on the scale of Fisher's z the variance hardly depends on r, and small samples behave
    spread = np.sqrt(v_a[i, j] / (1 - r_a[i, j] ** 2) ** 2 + v_b[i, j] / (1 - r_b[i, j] ** 2) ** 2)
    p = 2 * stats.t.sf(np.abs(moved) / np.maximum(spread, 1e-9), min(len(a), len(b)) - 3)
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


def _correlations(x: Array) -> tuple[Array, Array]:
    """(r, variance of r), each (k, k)."""
    n = len(x)
    spread = x.std(axis=0)
    z = np.divide(x - x.mean(axis=0), spread, out=np.zeros_like(x), where=spread > 1e-12)
    r = z.T @ z / n
    square, cube = z**2, z**3
    m22, m31, m4 = square.T @ square / n, cube.T @ z / n, (square**2).mean(axis=0)
    v = m22 - r * (m31 + m31.T) + r**2 / 4 * (m4[:, None] + m4[None, :] + 2 * m22)
    return np.clip(r, -0.999, 0.999), np.maximum(v, 0.02) / n


# ---- whole rows ---------------------------------------------------------------------------------------------------


def tell_apart(a: pd.DataFrame, b: pd.DataFrame, kinds: dict[str, str], max_rows: int, seed: int) -> Difference:
    """Can a classifier tell live rows from reference rows it was not fitted on? The effect is its AUC.

    Each half is scored by what was fitted on the other (Lopez-Paz, Oquab 2017; Mann-Whitney on the scores). The two
    scores are nearly the same one, how like the halves' differences are, so that z is their mean.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(seed)
    size = min(len(a), len(b), max_rows)  # equal sides: the same power per row, and bounded time
    a, b = (part.iloc[np.sort(rng.permutation(len(part))[:size])] for part in (a, b))
    x = pd.concat([a, b], ignore_index=True)
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
        told = model.fit(matrix[fit], y[fit]).decision_function(matrix[held])
        n = int((y[held] == 0).sum()), int((y[held] == 1).sum())
        test = stats.mannwhitneyu(told[y[held] == 1], told[y[held] == 0], method="asymptotic", alternative="greater")
        z += float(stats.norm.isf(np.clip(test.pvalue, 1e-300, 1 - 1e-12))) / 2
        auc += float(test.statistic) / (n[0] * n[1]) / 2
    return Difference(
        float(stats.norm.sf(z)), auc, f"a classifier tells live rows from held-out ones with an AUC of {auc:.2f}"
    )


def _coded(values: pd.Series, kind: str) -> Array:
    if kind == "number":
        return values.to_numpy(float)
    if kind == "text":
        return values.str.len().to_numpy(float, na_value=np.nan)
    codes, levels = pd.factorize(values)
    rank = np.argsort(np.argsort(-np.bincount(codes[codes >= 0], minlength=len(levels)), kind="stable"), kind="stable")
    return np.where(codes < 0, np.nan, np.append(rank, 0)[codes])
