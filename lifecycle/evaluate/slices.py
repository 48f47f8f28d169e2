"""Where a model is weaker: its skill on parts of the rows, each beside the naive baseline on the same rows.

Raw scores of slices do not compare: a slice whose outcomes are nearly even has a high log loss under any model. Skill is the
share of the way from the slice's own baseline to a perfect score: 1 is perfect, 0 no better than the baseline, below 0 worse.

Page, card and gate take "the weakest" from `ranked`, so that they name the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import METRICS, Draw, Skill, bootstrap_skill, skill
from lifecycle.ground.words import between, count, short
from lifecycle.table.contract import Field

Array = np.ndarray
Slice = dict[str, Any]  # as evaluation.json has it
MISSING = "(missing)"
SLICE_CELLS = 4_000  # rows x classes of a slice that are resampled: there may be a hundred slices
REST_ROWS = 20_000  # of those that a slice is compared with
HOPELESS = 1.0  # standard errors below the rest, roughly; a pair that is not so far below cannot become significant
PAIR_COLUMNS = 6  # the most important ones, whose levels are tried two by two
PAIRS_TRIED = 400  # the largest
PAIRS_KEPT = 10
# the naive baseline has no fair value of these, so their slices are compared by another metric
STANDS_IN = {"ece": "brier_score", "precision": "f1", "recall": "f1"}


class SlicePart(NamedTuple):
    """Rows of one level of a column, or of one level each of two."""

    where: tuple[tuple[str, str], ...]
    rows: Array


class Scored(NamedTuple):
    part: SlicePart
    skill: Skill

    @property
    def column(self) -> str:
        """Of a slice of one column."""
        return self.part.where[0][0]


# ---- what others ask ----------------------------------------------------------------------------------------------


def ranked(slices: Iterable[Slice]) -> list[Slice]:
    """The weakest first, by skill; those without one last."""
    slices = list(slices)
    known = [one for one in slices if is_known(one["skill"])]
    unknown = [one for one in slices if not is_known(one["skill"])]
    return sorted(known, key=lambda one: one["skill"]) + unknown


def is_known(value: float | None) -> bool:
    """JSON has null where numpy has nan."""
    return value is not None and bool(np.isfinite(value))


def named(one: Slice) -> str:
    """contract = month-to-month and tenure = to 9"""
    return " and ".join(f"{column} = {level}" for column, level in one["where"])


def described(one: Slice, metric: str) -> str:
    """Its rows, its score beside its own baseline, and what follows."""
    score, baseline = short(one["score"], 3), short(one["baseline"], 3)
    text = f"{named(one)} ({count(one['n'])} rows): {metric} {score}, baseline on the same rows {baseline}"
    if not is_known(one["skill"]):
        return text
    return f"{text}, skill {short(one['skill'], 3)} [{between(one['skill_low'], one['skill_high'])}]"


def weakest(slices: Iterable[Slice], metric: str) -> str:
    """The weakest slice in words; where it is of two columns, also the weakest of one."""
    first, *others = ranked(slices)
    text = described(first, metric)
    single = next((one for one in others if len(one["where"]) == 1), None)
    if len(first["where"]) > 1 and single:
        text += f"; among slices of a single column: {described(single, metric)}"
    return text


def surely_below(slices: Iterable[Slice], floor: float, confidence: float = 0.95) -> list[Slice]:
    """Slices whose skill is below `floor` by more than chance, with the false discovery rate controlled over all of them."""
    known = [s for s in ranked(slices) if is_known(s["skill"]) and is_known(s["skill_se"])]
    p = [p_below(s["skill"] - floor, s["skill_se"]) for s in known]
    return [s for s, q in zip(known, adjusted(p), strict=True) if q <= 1 - confidence]


# ---- statistics ---------------------------------------------------------------------------------------------------


def p_below(difference: float, standard_error: float) -> float:
    """How likely a difference this far below zero is if there is none."""
    if not standard_error > 0:
        return 0.0 if difference < 0 else 1.0
    return NormalDist().cdf(difference / standard_error)


def adjusted(p: list[float]) -> Array:
    """q of each p: keeping those with q <= a keeps the share of false ones among them below a (Benjamini, Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    return false_discovery_control(p) if p else np.empty(0)


@dataclass(frozen=True)
class Judge:
    """Scores the model and the naive baseline on some of the rows."""

    metric: str
    y_true: Array
    y_pred: Array
    baseline: Array
    weight: Array | None
    draw: Draw

    def of(self, rows: Array) -> Skill:
        y_true, y_pred, baseline = self.y_true[rows], self.y_pred[rows], self.baseline[rows]
        return bootstrap_skill(self.metric, y_true, y_pred, baseline, self.draw, SLICE_CELLS, self.weights(rows))

    def skill(self, rows: Array) -> float:
        """Without its interval."""
        y_true, weight = self.y_true[rows], self.weights(rows)
        function = METRICS[self.metric].function
        score = function(y_true, self.y_pred[rows], weight)
        baseline = function(y_true, self.baseline[rows], weight)
        return skill(self.metric, score, baseline)

    def weights(self, rows: Array) -> Array | None:
        return None if self.weight is None else self.weight[rows]

    def size(self, rows: Array) -> float:
        """Kish's effective size: a row that weighs as much as all the others is one row."""
        if self.weight is None:
            return len(rows)
        own = self.weight[rows]
        return own.sum() ** 2 / max((own**2).sum(), 1e-300)

    def p_weaker(self, rows: Array, found: Skill, whole: Array, of_whole: Skill) -> float:
        """How likely `rows` are so much weaker than the others of `whole` if they are not."""
        rest = rest_of(whole, rows)
        other = self.skill(rest)
        if not np.isfinite([found.skill, other]).all():
            return 1.0
        error_of_rest = shrunk(of_whole.skill_se, len(whole), len(rest))
        return p_below(found.skill - other, float(np.hypot(found.skill_se, error_of_rest)))

    def may_be_weaker(self, rows: Array, whole: Array, of_whole: Skill) -> bool:
        """Without the interval of `rows`, which takes the time."""
        rest = rest_of(whole, rows)
        errors = [shrunk(of_whole.skill_se, len(whole), len(some)) for some in (rows, rest)]
        error = float(np.hypot(errors[0], errors[1]))
        return bool(self.skill(rows) - self.skill(rest) < -HOPELESS * error)


def rest_of(whole: Array, rows: Array) -> Array:
    """The others of `whole`; of very many, some evenly among them."""
    rest = np.setdiff1d(whole, rows, assume_unique=True)
    if len(rest) <= REST_ROWS:
        return rest
    return rest[np.linspace(0, len(rest) - 1, REST_ROWS).astype(int)]


def shrunk(standard_error: float, rows: int, now: int) -> float:
    """A standard error on so many rows, of `now` rows: it shrinks with their root."""
    return standard_error * float(np.sqrt(rows / now))


# ---- slices -------------------------------------------------------------------------------------------------------


def slices(
    frame: pd.DataFrame, fields: list[Field], judge: Judge, max_slices: int, max_levels: int, min_rows: int
) -> list[Slice]:
    """Each level of each field that has enough rows, in the order of `fields`, then pairs of levels that are weaker than both."""
    everything = np.arange(len(frame))
    overall = judge.of(everything)
    parts = list(parts_of(frame, fields, judge, max_levels, min_rows))[:max_slices]
    scored = [Scored(part, judge.of(part.rows)) for part in parts]
    scored = [one for one in scored if not np.isnan(one.skill.score)]  # one class only, say
    p = [judge.p_weaker(one.part.rows, one.skill, everything, overall) for one in scored]
    written = [record(one, q, judge) for one, q in zip(scored, adjusted(p), strict=True)]
    return written + [record(pair, q, judge) for pair, q in weak_pairs(scored, judge, min_rows)]


def record(scored: Scored, q: float, judge: Judge) -> Slice:
    """`q`: adjusted p that it is no weaker than the other rows. `weaker`: it surely is."""
    where, rows = scored.part
    return {
        "column": " and ".join(column for column, _ in where),
        "level": " and ".join(level for _, level in where),
        "where": [list(one) for one in where],
        "n": len(rows),
        **scored.skill._asdict(),
        "q": float(q),
        "weaker": bool(q <= 1 - judge.draw.confidence),
    }


def parts_of(frame: pd.DataFrame, fields: list[Field], judge: Judge, limit: int, min_rows: int) -> Iterator[SlicePart]:
    for field in fields:
        if field.type == "text":
            continue
        level = levels(frame[field.name], field, limit).cat
        codes = level.codes.to_numpy()
        for code, name in enumerate(level.categories):
            rows = np.flatnonzero(codes == code)
            if judge.size(rows) >= min_rows and len(rows) < len(frame):
                yield SlicePart(((field.name, str(name)),), rows)


def weak_pairs(scored: list[Scored], judge: Judge, min_rows: int) -> list[tuple[Scored, float]]:
    """Levels of two columns that together are weaker than each of both without the other, the weakest first."""
    candidates: list[tuple[Scored, float]] = []
    hopeless = 0
    for a, b, rows in pairs_of(scored, judge, min_rows):
        if not all(judge.may_be_weaker(rows, one.part.rows, one.skill) for one in (a, b)):
            hopeless += 1
            continue
        pair = Scored(SlicePart(a.part.where + b.part.where, rows), judge.of(rows))
        p = max(judge.p_weaker(rows, pair.skill, one.part.rows, one.skill) for one in (a, b))
        candidates.append((pair, p))
    # all that were tried count among the tests
    q = adjusted([p for _, p in candidates] + [1.0] * hopeless)[: len(candidates)]
    kept = [
        (pair, float(value))
        for (pair, _), value in zip(candidates, q, strict=True)
        if value <= 1 - judge.draw.confidence
    ]
    return sorted(kept, key=lambda one: one[0].skill.skill)[:PAIRS_KEPT]


def pairs_of(scored: list[Scored], judge: Judge, min_rows: int) -> list[tuple[Scored, Scored, Array]]:
    """Two slices of different columns and the rows they share, where these are enough, and enough is left of each; the largest."""
    columns = list(dict.fromkeys(one.column for one in scored))[:PAIR_COLUMNS]
    out = []
    for a, b in combinations([one for one in scored if one.column in columns], 2):
        if a.column == b.column:
            continue
        rows = np.intersect1d(a.part.rows, b.part.rows, assume_unique=True)
        least_left = min(len(a.part.rows), len(b.part.rows)) - len(rows)
        if judge.size(rows) >= min_rows and least_left >= min_rows:
            out.append((a, b, rows))
    return sorted(out, key=lambda one: -len(one[2]))[:PAIRS_TRIED]


# ---- levels -------------------------------------------------------------------------------------------------------


def levels(column: pd.Series, field: Field, limit: int) -> pd.Series:
    """The slice that each row falls in, as text; NaN for rows of a level beyond the `limit` most frequent.

    Numbers of more than five values go by quartile, times by month (of more than two years: by year).
    """
    if field.is_date:
        named, kept = months(column)
        kept = kept[-limit:]  # the latest say most about what comes
    elif field.type == "boolean":
        kept = [field.boolean_word(value) for value in (False, True)]
        named = column.map({0.0: kept[0], 1.0: kept[1]})
    elif field.is_number and column.nunique() > 5:
        named, kept = quartiles(column)
    else:
        named = column.map(short) if field.is_number else column.astype(object)
        named = named.where(column.notna())
        kept = named.value_counts().index[:limit].tolist()
    named = named.where(named.isin(kept))
    return named.mask(column.isna(), MISSING).astype(pd.CategoricalDtype([*dict.fromkeys(kept), MISSING]))


def months(column: pd.Series) -> tuple[pd.Series, list[str]]:
    period = column.dt.to_period("M")
    if period.nunique() > 24:
        period = column.dt.to_period("Y")
    named = period.astype(str).where(column.notna())
    return named, sorted(named.dropna().unique())


def quartiles(column: pd.Series) -> tuple[pd.Series, list[str]]:
    cuts = np.unique(column.dropna().quantile([0.25, 0.5, 0.75], interpolation="lower"))
    names = [f"to {short(cuts[0])}"]
    names += [f"{short(low)} to {short(high)}" for low, high in zip(cuts[:-1], cuts[1:], strict=True)]
    names.append(f"above {short(cuts[-1])}")
    part = np.searchsorted(cuts, column, side="left").clip(0, len(cuts))
    return pd.Series(np.array(names, dtype=object)[part], index=column.index).where(column.notna()), names
