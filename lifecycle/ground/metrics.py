"""The metrics by name (scikit-learn's names), with bootstrap intervals and paired comparisons. Needs numpy only.

    draw = Draw(n_bootstrap=400, confidence=0.95, random_state=1)
    score("log_loss", y_true, y_pred)                   -> 0.412
    bootstrap("log_loss", y_true, y_pred, draw)         -> (0.412, 0.390, 0.440)
    paired_difference("log_loss", y_true, a, b, draw)   -> (0.05, 0.03, 0.07): a is better

Classification: y_true = class codes in the contract's order (binary: 1 is the positive class), y_pred = (n, k) probabilities; a
metric of decided classes also takes n codes. Regression: both are n floats. A metric that these rows cannot give (one class
only, a zero under mape) is nan. In the formulas y and p stand for the two.

A metric is written as `prepare(y, p)`, which returns a function of a (b, n) matrix of row weights. A resample of the
bootstrap is nothing but a row of counts, so that the sorting or binning is done once for hundreds of resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.errors import UserError, nearest

Array = np.ndarray
Weighted = Callable[[Array], Array]  # (b, n) weights -> b values

CLASSIFICATION = ("binary", "multiclass")
CHUNK = 2_000_000  # cells of one weights matrix: 16 MB
MAX_CELLS = 200_000  # rows x classes that are resampled; beyond, see `_resampled`
# resampling repeats rows, which always makes these look more extreme: their resamples are moved back to the estimate
BIASED = ("ece", "average_precision")


class Metric(NamedTuple):
    prepare: Callable[[Array, Array], Weighted]
    greater_is_better: bool
    tasks: tuple[str, ...]
    needs: str  # probabilities, classes (decided ones, or probabilities of which the largest wins) or values
    about: str = ""  # in a sentence; the engine's own have theirs in lifecycle/report/glossary.py
    perfect: float | None = None  # the score of a perfect model; None: 1, or 0 where smaller is better

    def prepared(self, y: Array, p: Array) -> Weighted:
        y, p = np.asarray(y), np.asarray(p, dtype=float)
        if not len(y) or not np.isfinite(p).all():
            return _undefined
        return self.prepare(y, p)

    def function(self, y: Array, p: Array, weight: Array | None = None) -> float:
        rows = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
        return float(self.prepared(y, p)(rows[None, :])[0])


# ---- what every row adds ------------------------------------------------------------------------------------------


def _undefined(weights: Array) -> Array:
    return np.full(len(weights), np.nan)


def _divide(a: Array, b: Array) -> Array:
    """a / b, nan where b is zero, and no warning."""
    return np.divide(a, b, out=np.full(np.broadcast(a, b).shape, np.nan), where=b != 0)


def _mean(values: Array) -> Weighted:
    return lambda w: _divide(w @ values, w.sum(axis=1))


def _log_loss(y: Array, p: Array) -> Weighted:
    p = np.clip(p, 1e-15, 1)  # one wrong certainty would otherwise be an infinite loss
    return _mean(-np.log(p[np.arange(len(y)), y] / p.sum(axis=1)))


def _brier_score(y: Array, p: Array) -> Weighted:
    if p.shape[1] == 2:
        return _mean((p[:, 1] - y) ** 2)
    return _mean(((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1))


def _rmse(y: Array, p: Array) -> Weighted:
    return lambda w: np.sqrt(_mean((y - p) ** 2)(w))


def _mape(y: Array, p: Array) -> Weighted:
    return _undefined if (y == 0).any() else _mean(np.abs((y - p) / y))


def _r2(y: Array, p: Array) -> Weighted:
    centred = y - y.mean()  # the variance as E(x²) - E(x)² loses its digits where the mean is large

    def at(w: Array) -> Array:
        n = w.sum(axis=1)
        return 1 - _divide(w @ (y - p) ** 2, w @ centred**2 - _divide((w @ centred) ** 2, n))

    return at if np.ptp(y) > 0 else _undefined


def _median_absolute_error(y: Array, p: Array) -> Weighted:
    error = np.abs(y - p)
    order = np.argsort(error, kind="stable")
    error = error[order]

    def at(w: Array) -> Array:
        reached = np.cumsum(w[:, order], axis=1)
        half = reached[:, -1:] / 2
        middle = (error[(reached >= half).argmax(axis=1)] + error[(reached > half).argmax(axis=1)]) / 2
        return np.where(half[:, 0] > 0, middle, np.nan)

    return at


# ---- decided classes ----------------------------------------------------------------------------------------------


def decided(p: Array) -> Array:
    """Class codes: those given, or the most probable class of each row."""
    return p.astype(int) if p.ndim == 1 else p.argmax(axis=1)


def _accuracy(y: Array, p: Array) -> Weighted:
    return _mean((decided(p) == y).astype(float))


def _counts(y: Array, p: Array, code: int) -> Callable[[Array], tuple[Array, Array, Array]]:
    """Weights of the rows that are `code` and decided so, that are decided so, that are so."""
    predicted = decided(p) == code
    true = y == code
    columns = np.stack([predicted & true, predicted, true], axis=1).astype(float)

    def at(w: Array) -> tuple[Array, Array, Array]:
        hit, found, there = (w @ columns).T
        return hit, found, there

    return at


def _f1(y: Array, p: Array) -> Weighted:
    counts = _counts(y, p, 1)

    def at(w: Array) -> Array:
        hit, predicted, true = counts(w)
        return np.where(true > 0, _divide(2 * hit, predicted + true), np.nan)

    return at


def _precision(y: Array, p: Array) -> Weighted:
    counts = _counts(y, p, 1)
    return lambda w: _divide(*counts(w)[:2])


def _recall(y: Array, p: Array) -> Weighted:
    counts = _counts(y, p, 1)
    return lambda w: _divide(counts(w)[0], counts(w)[2])


def _mean_over_classes(parts: list[Weighted]) -> Weighted:
    """The plain mean over the classes that have a value."""

    def at(w: Array) -> Array:
        values = np.stack([part(w) for part in parts])
        known = ~np.isnan(values)
        return _divide(np.where(known, values, 0).sum(axis=0), known.sum(axis=0).astype(float))

    return at


def _f1_macro(y: Array, p: Array) -> Weighted:
    def one(code: int) -> Weighted:
        counts = _counts(y, p, code)

        def at(w: Array) -> Array:
            hit, predicted, true = counts(w)
            return _divide(2 * hit, predicted + true)

        return at

    return _mean_over_classes([one(code) for code in np.union1d(y, decided(p))])


def _balanced_accuracy(y: Array, p: Array) -> Weighted:
    def one(code: int) -> Weighted:
        counts = _counts(y, p, code)
        return lambda w: _divide(counts(w)[0], counts(w)[2])

    return _mean_over_classes([one(code) for code in np.unique(y)])


# ---- ranking and calibration --------------------------------------------------------------------------------------


def _ranked(true: Array, score: Array) -> Callable[[Array], tuple[Array, Array]]:
    """True and false positives at each distinct score, from the highest down; tied rows pass together."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    sign = true[order].astype(float)

    def at(w: Array) -> tuple[Array, Array]:
        w = w[:, order]
        tp = np.cumsum(w * sign, axis=1)[:, ends]
        return tp, np.cumsum(w, axis=1)[:, ends] - tp

    return at


def _area(true: Array, score: Array) -> Weighted:
    ranked = _ranked(true, score)

    def at(w: Array) -> Array:
        tp, fp = (np.pad(c, ((0, 0), (1, 0))) for c in ranked(w))
        area = (np.diff(fp) * (tp[:, 1:] + tp[:, :-1]) / 2).sum(axis=1)
        return _divide(area, tp[:, -1] * fp[:, -1])

    return at


def _precision_area(true: Array, score: Array) -> Weighted:
    ranked = _ranked(true, score)

    def at(w: Array) -> Array:
        tp, fp = ranked(w)
        gained = np.diff(tp, prepend=0)
        precision = np.where(gained > 0, _divide(tp, tp + fp), 0)
        return _divide((precision * gained).sum(axis=1), tp[:, -1])

    return at


def _one_vs_rest(of: Callable[[Array, Array], Weighted]) -> Callable[[Array, Array], Weighted]:
    """Binary: of the positive class. More classes: the mean over those present, each against the rest."""

    def prepare(y: Array, p: Array) -> Weighted:
        if p.shape[1] == 2:
            return of(y == 1, p[:, 1])
        return _mean_over_classes([of(y == code, p[:, code]) for code in np.unique(y)])

    return prepare


def _ece(y: Array, p: Array) -> Weighted:
    """Expected calibration error over ten equal bins (Naeini et al. 2015); more classes: of the most probable one."""
    if p.shape[1] == 2:
        chance = p[:, 1]
        true = y == 1
    else:
        chance = p.max(axis=1)
        true = p.argmax(axis=1) == y
    bins = np.eye(10)[np.clip((chance * 10).astype(int), 0, 9)] * (chance - true)[:, None]
    return lambda w: _divide(np.abs(w @ bins).sum(axis=1), w.sum(axis=1))


METRICS: dict[str, Metric] = {
    "log_loss": Metric(_log_loss, False, CLASSIFICATION, "probabilities"),
    "roc_auc": Metric(_one_vs_rest(_area), True, CLASSIFICATION, "probabilities"),
    "average_precision": Metric(_one_vs_rest(_precision_area), True, CLASSIFICATION, "probabilities"),
    "brier_score": Metric(_brier_score, False, CLASSIFICATION, "probabilities"),
    "ece": Metric(_ece, False, CLASSIFICATION, "probabilities"),
    "accuracy": Metric(_accuracy, True, CLASSIFICATION, "classes"),
    "balanced_accuracy": Metric(_balanced_accuracy, True, CLASSIFICATION, "classes"),
    "f1": Metric(_f1, True, ("binary",), "classes"),
    "f1_macro": Metric(_f1_macro, True, CLASSIFICATION, "classes"),
    "precision": Metric(_precision, True, ("binary",), "classes"),
    "recall": Metric(_recall, True, ("binary",), "classes"),
    "rmse": Metric(_rmse, False, ("regression",), "values"),
    "mae": Metric(lambda y, p: _mean(np.abs(y - p)), False, ("regression",), "values"),
    "r2": Metric(_r2, True, ("regression",), "values"),
    "median_absolute_error": Metric(_median_absolute_error, False, ("regression",), "values"),
    "mape": Metric(_mape, False, ("regression",), "values"),
}


# what `criteria` may name beside metrics: evaluate measures it on the test rows. Of groups: Fairlearn's words, and the worst column
JUDGED: dict[str, tuple[bool, tuple[str, ...]]] = {
    "coverage": (True, (*CLASSIFICATION, "regression")),  # of the prediction intervals, or sets of classes
    "within_tolerance": (True, ("regression",)),
    "four_fifths": (True, ("binary",)),  # the demographic parity ratio by its usual name
    "demographic_parity_ratio": (True, ("binary",)),
    "demographic_parity_difference": (False, ("binary",)),
    "equalized_odds_ratio": (True, ("binary",)),
    "equalized_odds_difference": (False, ("binary",)),
}
OF_GROUPS = tuple(name for name, (_, tasks) in JUDGED.items() if tasks == ("binary",))


def is_greater_better(name: str, task: str) -> bool:
    """Of a metric, or of something else that `criteria` may name; a UserError lists what there is."""
    if name in JUDGED and task in JUDGED[name][1]:
        return JUDGED[name][0]
    return metric(name, task, [one for one, (_, tasks) in JUDGED.items() if task in tasks]).greater_is_better


# ---- metrics of your own (custom/metrics.py) ----------------------------------------------------------------------


@dataclass(frozen=True)
class ByWeights:
    """`prepare` of a metric that is written as function(y_true, y_pred, weight): it is called once for each resample."""

    function: Callable[[Array, Array, Array], float]
    needs: str

    def __call__(self, y: Array, p: Array) -> Weighted:
        if self.needs == "classes":
            p = decided(p)
        return lambda weights: np.array([self._at(y, p, weight) for weight in weights], dtype=float)

    def _at(self, y: Array, p: Array, weight: Array) -> float:
        if not weight.any():
            return float("nan")
        try:
            return float(self.function(y, p, weight))
        except Exception as error:  # the user's code may raise anything
            name = self.function.__name__
            raise UserError(f"custom/metrics.py: {name} failed ({type(error).__name__}: {error}); mend it") from error


def own_metric(
    function: Callable[[Array, Array, Array], float],
    greater_is_better: bool,
    tasks: tuple[str, ...],
    needs: str = "probabilities",
    perfect: float | None = None,
) -> Metric:
    """A metric made of function(y_true, y_pred, weight) -> a number, or nan where these rows cannot give one.

    y_true (n,): class codes in the contract's order, of a regression floats. y_pred: with `needs` "probabilities" (n, k), with
    "classes" the n decided codes, with "values" n floats. weight (n,): how often each row counts; the function must use it,
    since intervals come of it. `perfect`: the score of a perfect model, 1 unless said, or 0 where smaller is better.
    """
    about = (function.__doc__ or function.__name__).strip().splitlines()[0].rstrip(".")
    return Metric(ByWeights(function, needs), greater_is_better, tasks, needs, about, perfect)


def add_metrics(own: Mapping[str, Metric]) -> None:
    """Makes them known by name, as problem.metric, in problem.criteria, in the reports. UserError where one has the name of
    another metric, a task or a need that there is not."""
    for name, new in own.items():
        if METRICS.get(name, new) != new or name in JUDGED:
            raise UserError(f'custom/metrics.py: "{name}" is a metric of the engine; give yours another name')
        if not new.tasks or set(new.tasks) - {*CLASSIFICATION, "regression"}:
            raise UserError(f'custom/metrics.py: "{name}" is for {new.tasks}; tasks are binary, multiclass, regression')
        fits = ("values",) if "regression" in new.tasks else ("probabilities", "classes")
        if new.needs not in fits:
            raise UserError(f'custom/metrics.py: "{name}" needs {new.needs!r}; for its tasks: {" or ".join(fits)}')
        METRICS[name] = new


def own_metrics() -> dict[str, Metric]:
    """Those that were added: what a worker process that starts anew has to be told."""
    return {name: one for name, one in METRICS.items() if isinstance(one.prepare, ByWeights)}


def metrics_for(task: str) -> list[str]:
    return [name for name, metric in METRICS.items() if task in metric.tasks]


def default_metric(task: str) -> str:
    return "rmse" if task == "regression" else "log_loss"


def metric(name: str, task: str = "", others: Sequence[str] = ()) -> Metric:
    """The metric of that name; a UserError lists the names there are (for `task`, where one is given), and `others`."""
    names = metrics_for(task) if task else list(METRICS)
    if name in names:
        return METRICS[name]
    where = f"a {task} task has" if task else "there are"
    names = [*names, *others]
    raise UserError(f'params.yaml: unknown metric "{name}"{nearest(name, names) or ";"} {where} {", ".join(names)}')


def score(name: str, y_true: Array, y_pred: Array, weight: Array | None = None) -> float:
    return metric(name).function(y_true, y_pred, weight)


def is_better(name: str, a: float, b: float) -> bool:
    """Whether `a` beats `b`; an undefined score beats nothing and loses to any number."""
    if np.isnan(a) or np.isnan(b):
        return bool(np.isnan(b) and not np.isnan(a))
    return bool(a > b if metric(name).greater_is_better else a < b)


# ---- intervals ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draw:
    """A bootstrap over rows: how many resamples, which share of them an interval holds, and the seed of the draw."""

    n_bootstrap: int
    confidence: float
    random_state: int

    @property
    def ends(self) -> tuple[float, float]:
        """The quantiles at which an interval ends."""
        return (1 - self.confidence) / 2, (1 + self.confidence) / 2


def draws(rows: int, draw: Draw) -> Iterator[Array]:
    """(b, rows) matrices of counts, `n_bootstrap` resamples in all, in chunks of bounded memory."""
    rng = np.random.default_rng(draw.random_state)
    size = max(1, CHUNK // rows)
    for start in range(0, draw.n_bootstrap, size):
        b = min(size, draw.n_bootstrap - start)
        drawn = rng.integers(0, rows, (b, rows)) + np.arange(b)[:, None] * rows
        yield np.bincount(drawn.ravel(), minlength=b * rows).reshape(b, rows).astype(float)


def _resampled(
    names: list[str],
    y_true: Array,
    predictions: list[Array],
    draw: Draw,
    cells: int = MAX_CELLS,
    weight: Array | None = None,
) -> list[tuple[float, Array]]:
    """For each name and its predictions: the score, and the scores of resamples of the same rows; `weight` (rows,) of each row.

    Beyond so many `cells` (rows x classes) it is m out of n: a fixed draw of the rows is resampled, and the deviations are scaled by
    sqrt(m / n), as a standard error is (Politis, Romano, Wolf: Subsampling, 1999).
    """
    values = _values(names, y_true, predictions, weight)
    if not len(y_true):
        return [(value, np.full(draw.n_bootstrap, np.nan)) for value in values]
    y_true = np.asarray(y_true)
    predictions = [np.asarray(p) for p in predictions]
    resampled_values, scale = values, 1.0
    n = _rows_resampled(predictions, cells)
    if len(y_true) > n:
        some = np.sort(np.random.default_rng(draw.random_state).choice(len(y_true), n, replace=False))
        scale = float(np.sqrt(n / len(y_true)))
        y_true = y_true[some]
        predictions = [p[some] for p in predictions]
        weight = None if weight is None else weight[some]
        resampled_values = _values(names, y_true, predictions, weight)
    prepared = [metric(name).prepared(y_true, p) for name, p in zip(names, predictions, strict=True)]
    parts: list[list[Array]] = [[] for _ in names]
    for counts in draws(len(y_true), draw):
        weights = counts if weight is None else counts * weight
        for part, function in zip(parts, prepared, strict=True):
            part.append(function(weights))
    out = []
    for value, centre, part in zip(values, resampled_values, parts, strict=True):
        out.append((value, value + (np.concatenate(part) - centre) * scale))
    return out


def _values(names: list[str], y_true: Array, predictions: list[Array], weight: Array | None) -> list[float]:
    return [metric(name).function(y_true, p, weight) for name, p in zip(names, predictions, strict=True)]


def _rows_resampled(predictions: list[Array], cells: int) -> int:
    width = max(p.shape[1] if p.ndim == 2 else 1 for p in predictions)
    return max(2_000, cells // max(width, 2))


def interval(values: Array, draw: Draw) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:  # mostly undefined: the rest is no fair sample
        return float("nan"), float("nan")
    low, high = np.quantile(known, draw.ends)
    return float(low), float(high)


def bootstrap_all(
    names: list[str],
    y_true: Array,
    predictions: list[Array],
    draw: Draw,
    cells: int = MAX_CELLS,
    weight: Array | None = None,
) -> list[tuple[float, float, float]]:
    """(value, low, high) for each name and its predictions, all on the same resamples: percentile bootstrap over rows."""
    result = []
    resampled = _resampled(names, y_true, predictions, draw, cells, weight)
    for name, (value, values) in zip(names, resampled, strict=True):
        values = _recentred(name, value, values)
        result.append((value, *_around(value, interval(values, draw))))
    return result


def _recentred(name: str, value: float, values: Array) -> Array:
    if name in BIASED and np.isfinite(values).any():
        return np.clip(values + value - np.nanmedian(values), 0, 1)
    return values


def _around(value: float, ends: tuple[float, float]) -> tuple[float, float]:
    """An interval that holds its estimate."""
    low, high = ends
    if low <= high:
        return min(low, value), max(high, value)
    return ends


def bootstrap(
    name: str, y_true: Array, y_pred: Array, draw: Draw, cells: int = MAX_CELLS, weight: Array | None = None
) -> tuple[float, float, float]:
    """(value, low, high) by percentile bootstrap over rows."""
    return bootstrap_all([name], y_true, [y_pred], draw, cells, weight)[0]


class Skill(NamedTuple):
    """A score and the naive baseline's on the same rows, and where the first is between the second and a perfect score."""

    score: float
    low: float
    high: float
    baseline: float
    skill: float
    skill_low: float
    skill_high: float
    skill_se: float


def skill(name: str, score: Array | float, baseline: Array | float) -> Any:
    """1: perfect, 0: as good as the baseline, below 0: worse; nan where the baseline leaves no room. A skill score
    (Murphy 1988)."""
    perfect = metric(name).perfect
    if perfect is None:
        perfect = 1.0 if metric(name).greater_is_better else 0.0
    return _divide(np.asarray(score - baseline, dtype=float), np.asarray(perfect - baseline, dtype=float))[()]


def bootstrap_skill(
    name: str,
    y_true: Array,
    y_pred: Array,
    baseline: Array,
    draw: Draw,
    cells: int = MAX_CELLS,
    weight: Array | None = None,
) -> Skill:
    """The skill of `y_pred` over what the naive `baseline` predicts, both on the same resamples."""
    model, naive = _resampled([name, name], y_true, [y_pred, baseline], draw, cells, weight)
    score, scores = model[0], _recentred(name, *model)
    naive_score, naive_scores = naive[0], _recentred(name, *naive)
    value, values = skill(name, score, naive_score), skill(name, scores, naive_scores)
    known = values[np.isfinite(values)]
    error = float(np.std(known, ddof=1)) if len(known) > len(values) / 2 else float("nan")
    low, high = _around(score, interval(scores, draw))
    skill_low, skill_high = _around(value, interval(values, draw))
    return Skill(score, low, high, naive_score, float(value), skill_low, skill_high, error)


def paired_difference(
    name: str, y_true: Array, a: Array, b: Array, draw: Draw, weight: Array | None = None
) -> tuple[float, float, float]:
    """(difference, low, high) between the predictions of two models, `a` and `b`, for the same rows; positive always means that
    `a` is better."""
    of_a, of_b = _resampled([name, name], y_true, [a, b], draw, weight=weight)
    return difference(of_a, of_b, draw, metric(name).greater_is_better)


def difference(
    a: tuple[float, Array], b: tuple[float, Array], draw: Draw, greater_is_better: bool
) -> tuple[float, float, float]:
    """As `paired_difference`, from what `resampled` gave for each, on the same rows and by the same draw."""
    (score_a, scores_a), (score_b, scores_b) = a, b
    sign = 1 if greater_is_better else -1
    return sign * (score_a - score_b), *interval(sign * (scores_a - scores_b), draw)


def resampled(name: str, y_true: Array, y_pred: Array, draw: Draw, weight: Array | None = None) -> tuple[float, Array]:
    """The score, and that of each resample in the draw's order: those of two models on the same rows are pairs."""
    return _resampled([name], y_true, [y_pred], draw, weight=weight)[0]
