"""TableEncoder: typed columns in, one float matrix out, fitted inside each fold as a step of a scikit-learn pipeline.

Two styles. "tree": numbers as they are (missing stays NaN), categories as ranks of their frequency. "linear": numbers
standardised (the skewed ones as logarithms), missing ones imputed and flagged, categories one-hot. Both: the mean of
the target for categories of many levels, date parts, and text as the leading components of its tf-idf matrix and as what its
words say of the target.

It works on plain arrays: scikit-learn's ColumnTransformer on a DataFrame takes 11 to 16 ms a row, which a service cannot hide.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from lifecycle.ground.memory import give_back
from lifecycle.ground.scripts import without_spaces
from lifecycle.table.contract import MODEL, Field

MANY_LEVELS = 8  # from here on a category also gets the target's mean
MAX_ONE_HOT = 60
MAX_BINS = 12
MIN_LEVEL_ROWS = 3
SMOOTHING = 10.0  # rows at which a level's own mean weighs as much as the mean of all (Micci-Barreca 2001)
MAX_MEAN_CLASSES = 8
TEXT_COMPONENTS, TOPIC_ROWS = 16, 100  # topics of a text at most, and rows for each of them
TOPIC_SCALE = 10  # of the topics for linear models, which makes them as large as the standardised numbers
WORDS_ALPHA = 1.0  # a word of three texts counts about half, as a level's mean does of ten rows
WORDS: dict[str, Any] = {"strip_accents": "unicode"}
# of letters, where no spaces tell words: marks are no accents there
PAIRS: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 2)}
MOST_TEXTS = 50_000  # rows on which a few thousand words are weighed
MANY_ROWS = 1000  # from here on texts are looked up by level, not by cell
YEAR_WAVES, DAY_WAVES = 2, 4  # sines and cosines of a date, for linear models
# kinds of dates, the first two as the contract has them, the others where the folds gain by it (lifecycle.search.dates): whether the
# day of the year is used; and how far the time that has passed is followed by linear models and networks, in spans of the training
# rows: folds parted at random say nothing of what comes after the newest one. 0: it is not used
DATES = {
    "time": (False, 0.0),
    "date": (False, 2.0),
    "time of year": (True, 0.0),
    "time passed": (True, 1.0),
    "time to come": (True, 2.0),
}
# the kind of what two columns say together, found by the folds too: days from one date to the other. Its key among kinds is what
# `together` makes of the columns
BETWEEN = "between"
TEXTS_AT_ONCE = 1000  # in memory: components x words of each
BLOCK_ROWS = 4_000  # of a compact matrix, that are whole in memory
MANY = 50_000  # rows, from which on memory counts for more than time: what a step took is given back before the next takes its own
SPARSE = 0.5  # share of cells that are not 0, below which a sparse matrix is the smaller: 12 bytes a cell against 8

Column: TypeAlias = np.ndarray | pd.Categorical  # of many texts the numbers of their levels, one to four bytes a cell
Frame: TypeAlias = pd.DataFrame | Mapping[str, Column]


class SomeRows(Mapping[str, Column]):
    """Some rows of `columns`, by name: a column is copied when it is asked for, so that there is one copy at a time."""

    def __init__(self, columns: Mapping[str, Column], positions: np.ndarray) -> None:
        self.columns, self.positions = columns, positions

    def __getitem__(self, column: str) -> Column:
        return self.columns[column][self.positions]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def parts(self, size: int) -> Iterator[SomeRows]:
        """As many rows at a time."""
        for start in range(0, len(self.positions), size):
            yield SomeRows(self.columns, self.positions[start : start + size])


def field_kinds(fields: Iterable[Field]) -> dict[str, str]:
    """{column: number | category | date | time | text} of contract fields that the model uses."""
    by_type = {"number": "number", "integer": "number", "boolean": "number", "string": "category", "text": "text"}
    kinds = {}
    for field in fields:
        if field.role in MODEL:
            kinds[field.name] = by_type.get(field.type, "time" if field.role == "time" else "date")
    return kinds


def added_kinds(frame: pd.DataFrame, kinds: dict[str, str]) -> dict[str, str]:
    """Kinds of the columns that `add_features` left: known ones as the contract says, new ones by their dtype."""
    by_dtype = {"M": "date", "f": "number", "i": "number", "u": "number", "b": "number"}
    out = {}
    for column in frame.columns:
        out[str(column)] = kinds.get(column) or by_dtype.get(frame[column].dtype.kind, "category")
    return out


def together(one: str, other: str) -> str:
    """The key, among kinds, of two columns."""
    return json.dumps([one, other])


class TableEncoder(TransformerMixin, BaseEstimator):
    """`kinds`: {column: kind}, `style`: "tree" or "linear". `transform` gives float64 of shape (n rows, n features)."""

    def __init__(self, kinds: dict[str, str], style: str = "tree", random_state: int = 0) -> None:
        self.kinds, self.style, self.random_state = kinds, style, random_state

    def fit(self, frame: Frame, y: np.ndarray) -> TableEncoder:
        self.parts_: dict[str, list] = {}
        self.feature_names_: list[str] = []
        for column, kind in self.kinds.items():
            values = self._values(frame, column)
            # scikit-learn's boosting fails on a column that holds nothing in the rows of this fit
            self.parts_[column] = [] if pd.isna(values).all() else self._parts(kind)
            name = " and ".join(self.sources(column))
            for part in self.parts_[column]:
                self.feature_names_ += [f"{name}{suffix}" for suffix in part.fit(values, y)]
            _give_back(len(y))
        return self

    def fit_transform(self, frame: Frame, y: np.ndarray, **_: Any) -> np.ndarray:
        """As `fit` then `transform`, but target means come from other rows than the row's own."""
        return self.fit(frame, y).fitted(frame, y)

    def fitted(self, frame: Frame, y: np.ndarray) -> np.ndarray:
        """`transform` of the rows that it was fitted on, or of more of them."""
        return self._matrix(frame, lambda part, values: part.fitted(values, y))

    def transform(self, frame: Frame) -> np.ndarray:
        return self._matrix(frame, lambda part, values: part.transform(values))

    def compact(self, rows: SomeRows, y: np.ndarray | None = None) -> Any:
        """`transform`, or with `y` `fitted`, as a sparse matrix where most of its cells are 0: of a category of 60 levels, 59."""
        own = {} if y is None else self._own_means(rows, y)
        blocks: list[Any] = []
        start = 0
        for some in rows.parts(BLOCK_ROWS):
            block = self.transform(some)
            for at, means in own.items():
                block[:, at : at + means.shape[1]] = means[start : start + len(block)]
            blocks.append(_sparse(block) if _is_sparse(blocks, block) else block)
            start += len(block)
        if not blocks:
            return self.transform(rows)
        return _stacked(blocks)

    def _own_means(self, rows: SomeRows, y: np.ndarray) -> dict[int, np.ndarray]:
        """{first column of the matrix: target means, each from other rows than the row's own}"""
        found, at = {}, 0
        for column, parts in self.parts_.items():
            values = self._values(rows, column)
            for part in parts:
                if part.crossed:
                    found[at] = part.fitted(values, y)
                at += part.transform(values[:1]).shape[1]
            _give_back(len(y))
        return found

    def _matrix(self, frame: Frame, call: Callable[[Any, np.ndarray], np.ndarray]) -> np.ndarray:
        n = len(frame) if isinstance(frame, pd.DataFrame) else len(next(iter(frame.values())))
        out, at = np.empty((n, len(self.feature_names_))), 0
        if not n:
            return out  # scikit-learn's text parts refuse no rows
        for column, parts in self.parts_.items():
            values = self._values(frame, column)
            for part in parts:
                block = call(part, values)
                out[:, at : at + block.shape[1]] = block
                at += block.shape[1]
            _give_back(n)
        return out

    def sources(self, column: str) -> list[str]:
        """The columns that a key of kinds stands for: itself, or the two that it joins."""
        return json.loads(column) if self.kinds[column] == BETWEEN else [column]

    def with_together(self, columns: Mapping[str, Column]) -> Mapping[str, Column]:
        """`columns`, and by their keys what two of them say together."""
        more = {key: self._values(columns, key) for key, kind in self.kinds.items() if kind == BETWEEN}
        return {**columns, **more} if more else columns

    def _values(self, frame: Frame, column: str) -> Column:
        if self.kinds[column] != BETWEEN:
            return _array(frame, column)
        one, other = (_array(frame, name) for name in self.sources(column))
        return days_between(one, other)

    def _parts(self, kind: str) -> list:
        linear = self.style != "tree"
        if kind in ("number", BETWEEN):
            return [Piecewise() if self.style == "piecewise" else Scaled() if linear else Number()]
        if kind == "category":
            return [OneHot() if linear else Rank(), TargetMean(self.random_state, linear)]
        if kind == "text":
            return [Text(self.random_state, linear)]
        return [Dates(*DATES[kind], linear)]


def as_arrays(frame: pd.DataFrame) -> dict[str, Column]:
    """The columns as arrays, few texts as objects with NaN where missing."""
    return {str(c): _array(frame, c) for c in frame.columns}


def _array(frame: Frame, column: str) -> Column:
    values = frame[column]
    if isinstance(values, np.ndarray | pd.Categorical):
        return values
    if not isinstance(values.dtype, pd.StringDtype):
        return values.to_numpy()
    if len(values) < MANY_ROWS:
        return values.to_numpy(dtype=object)
    codes, levels = pd.factorize(values)
    # as objects, so that a level is one text wherever it is kept, and a model's file has it once
    return pd.Categorical.from_codes(codes, pd.Index(levels, dtype=object))


def days_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """From one date to the other; NaN where one is missing."""
    return (other - one) / np.timedelta64(1, "D")


class _Part:
    """fit(values, y) -> feature name suffixes; transform(values) -> (n, k) floats. `crossed`: of the rows it was fitted on,
    `fitted` gives something else, which comes of other rows than the row's own."""

    crossed = False

    def transform(self, values: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def fitted(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.transform(values)


class Number(_Part):
    """As it is; missing stays NaN, which trees split on."""

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        return [""]

    def transform(self, values: np.ndarray) -> np.ndarray:
        return values.astype(float)[:, None]


class Scaled(_Part):
    """Standardised, as a logarithm where it is skewed and not negative; missing is the mean, and flagged."""

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        values = values.astype(float)
        known = values[~np.isnan(values)]
        self.log = bool(len(known) and known.min() >= 0 and _skew(known) > 1.5)
        known = np.log1p(known) if self.log else known
        self.mean = float(known.mean()) if len(known) else 0.0
        self.scale = float(known.std()) or 1.0 if len(known) else 1.0
        self.flag = bool(len(known) < len(values))
        return ["", " missing"] if self.flag else [""]

    def transform(self, values: np.ndarray) -> np.ndarray:
        values = values.astype(float)
        absent = np.isnan(values)
        values = np.log1p(np.maximum(values, 0)) if self.log else values
        # a live value far outside must not carry the answer away with it
        scaled = np.where(absent, 0.0, np.clip((values - self.mean) / self.scale, -8, 8))
        return np.column_stack([scaled, absent]) if self.flag else scaled[:, None]


class Piecewise(_Part):
    """How far the value has come through each interval between quantiles, 0 to 1; missing is 0 throughout, and flagged.

    Piecewise linear encoding (Gorishniy, Rubachev, Babenko 2022): a linear model of it is a curve of each number."""

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        values = values.astype(float)
        known = values[~np.isnan(values)]
        bins = int(np.clip(len(known) // 40, 2, MAX_BINS))
        edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1))) if len(known) else np.zeros(0)
        self.edges = edges if len(edges) > 1 else np.array([0.0, 1.0]) + (edges[0] if len(edges) else 0.0)
        self.flag = bool(len(known) < len(values))
        low, high = self.edges[:-1], self.edges[1:]
        inner = np.clip((known[:, None] - low) / (high - low), 0, 1) if len(known) else np.zeros((1, len(low)))
        self.mean, self.scale = inner.mean(axis=0), np.maximum(inner.std(axis=0), 0.05)
        return [f" past {e:.4g}" for e in low] + ([" missing"] if self.flag else [])

    def transform(self, values: np.ndarray) -> np.ndarray:
        values = values.astype(float)
        absent = np.isnan(values)
        low, high = self.edges[:-1], self.edges[1:]
        share = np.clip((np.where(absent, 0.0, values)[:, None] - low) / (high - low), 0, 1)
        out = np.where(absent[:, None], 0.0, (share - self.mean) / self.scale)
        return np.column_stack([out, absent]) if self.flag else out


class Rank(_Part):
    """0 for the most frequent level, and so on; unseen levels come after all, missing is NaN."""

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        self.rank = {level: float(i) for i, level in enumerate(_levels(values))}
        return [""]

    def transform(self, values: np.ndarray) -> np.ndarray:
        return _look_up(values, self.rank, float(len(self.rank)), np.nan)[:, None]


class OneHot(_Part):
    """A column a level that enough rows have; one for missing, if there were any."""

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        counts = _levels(values)
        levels = [v for v in counts if counts[v] >= MIN_LEVEL_ROWS][:MAX_ONE_HOT]
        self.code = {v: i for i, v in enumerate(levels)}
        self.flag = bool(pd.isna(values).any())
        return [f" = {v}" for v in levels] + ([" missing"] if self.flag else [])

    def transform(self, values: np.ndarray) -> np.ndarray:
        width = len(self.code) + self.flag
        code = _look_up(values, self.code, -1, width - 1 if self.flag else -1).astype(int)
        out = np.zeros((len(values), width))
        known = np.flatnonzero(code >= 0)
        out[known, code[known]] = 1.0
        return out


class TargetMean(_Part):
    """The target's mean by level, drawn towards the mean of all; nothing for a category of few levels. `linear`: of the
    standardised target, so that a network is not fed a price beside numbers of about 1."""

    crossed = True

    def __init__(self, random_state: int, linear: bool) -> None:
        self.random_state, self.linear = random_state, linear

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        self.means: list[tuple[dict, float]] = []
        if len(_levels(values)) <= MANY_LEVELS:
            return []
        self.targets = _targets(y)
        self.means = [_means(values, goal) for goal in _goals(y, self.targets, self.linear).T]
        return [" mean" if t is None else f" mean of class {t}" for t in self.targets]

    def transform(self, values: np.ndarray) -> np.ndarray:
        if not self.means:
            return np.empty((len(values), 0))
        return np.column_stack([_look_up(values, mean, every, every) for mean, every in self.means])

    def fitted(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        out = np.empty((len(values), len(self.means)))
        if not self.means:
            return out
        goals = _goals(y, self.targets, self.linear)
        for held in _crossing(len(values), self.random_state):
            for j, goal in enumerate(goals.T):
                mean, every = _means(values[~held], goal[~held])
                out[held, j] = _look_up(values[held], mean, every, every)
        return out


class Dates(_Part):
    """Parts of a date: month, weekday, hour. `season`: also the day of the year, and for linear models each weekday of its own and
    the course of a day, at weekends another one. `furthest`: where it is over 0, also the days since the first one, by which growth is
    learnt; for linear models up to so many times the span of the training rows."""

    def __init__(self, season: bool, furthest: float, linear: bool) -> None:
        self.season, self.furthest, self.linear = season, furthest, linear

    def __setstate__(self, state: dict) -> None:
        if "count_days" in state:  # a model of before the time of year: the same features
            state |= {"season": False, "furthest": 2.0 if state.pop("count_days") else 0.0}
        self.__dict__.update(state)

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        known = values[~np.isnat(values)]
        self.hours = bool((known != known.astype("datetime64[D]")).any())
        self.origin = known.min() if len(known) else np.datetime64(0, "us")
        self.span = max((known.max() - self.origin) / np.timedelta64(1, "D"), 1.0) if len(known) else 1.0
        return self._names() + [" days"] * bool(self.furthest)

    def _names(self) -> list[str]:
        if self.season and self.linear:
            names = [f" day of the year {wave}" for wave in _waves(YEAR_WAVES)]
            names += [f" weekday {day}" for day in range(7)]
            if self.hours:
                names += [f" hour {wave}" for wave in _waves(DAY_WAVES)]
                names += [f" hour at weekends {wave}" for wave in _waves(DAY_WAVES)]
            return names
        names = [" month", " weekday"] + [" hour"] * self.hours + [" day of the year"] * self.season
        if self.linear:
            return [f"{name} {wave}" for name in names for wave in ("sin", "cos")]
        return names

    def transform(self, values: np.ndarray) -> np.ndarray:
        absent = np.isnat(values)
        whole = np.where(absent, self.origin, values)
        days = whole.astype("datetime64[D]")
        month = whole.astype("datetime64[M]").astype(int) % 12
        weekday = (days.astype(int) + 3) % 7
        hour = (whole - days) / np.timedelta64(1, "h")
        day = (days - whole.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
        passed = (whole - self.origin) / np.timedelta64(1, "D")
        if not self.linear:
            columns = [month, weekday] + [hour] * self.hours + [day] * self.season + [passed] * bool(self.furthest)
            return np.where(absent[:, None], np.nan, np.column_stack(columns))
        if self.season:
            blocks = [_turns(day, 365.25, YEAR_WAVES), weekday[:, None] == np.arange(7)]
            if self.hours:
                turns = _turns(hour, 24, DAY_WAVES)
                blocks += [turns, turns * (weekday >= 5)[:, None]]
        else:
            blocks = [_turns(month, 12, 1), _turns(weekday, 7, 1)] + [_turns(hour, 24, 1)] * self.hours
        parts = np.where(absent[:, None], 0.0, np.hstack(blocks))
        if not self.furthest:
            return parts
        return np.column_stack([parts, np.where(absent, 0.5, np.clip(passed / self.span, -1, self.furthest))])


def _waves(n: int) -> list[str]:
    return [f"{wave} {k}" for k in range(1, n + 1) for wave in ("sin", "cos")]


def _turns(part: np.ndarray, cycle: float, waves: int) -> np.ndarray:
    """Sine and cosine of 1, 2, ... turns a cycle, shape (n, 2 waves)."""
    turns = 2 * np.pi / cycle * part[:, None] * np.arange(1, waves + 1)
    return np.stack([np.sin(turns), np.cos(turns)], axis=-1).reshape(len(part), -1)


class Text(_Part):
    """The length, leading components of the tf-idf matrix (latent semantic analysis), and what the words say of the target (a
    ridge regression on the tf-idf matrix)."""

    crossed = True

    def __init__(self, random_state: int, linear: bool) -> None:
        self.random_state, self.linear = random_state, linear

    def __getstate__(self) -> dict:
        kept = {k: v for k, v in self.__dict__.items() if k != "words"}
        if hasattr(self, "tfidf"):  # scikit-learn keeps a memory address there, another one in each process
            self.tfidf.__dict__.pop("_stop_words_id", None)
        return kept

    def __setstate__(self, state: dict) -> None:
        if "svd" in state:  # a model that was released before `components` stood here
            svd = state.pop("svd")
            state["components"] = np.ascontiguousarray(svd.components_.T) if svd is not None else np.empty((0, 0))
        self.__dict__.update(state)

    def fit(self, values: np.ndarray, y: np.ndarray) -> list[str]:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = _texts(values)
        self.components = np.empty((0, 0))
        how = PAIRS if without_spaces(texts[:TEXTS_AT_ONCE]) else WORDS
        self.tfidf = TfidfVectorizer(min_df=3, max_features=4000, sublinear_tf=True, **how)
        try:
            matrix = self.tfidf.fit_transform(texts)
        except ValueError:  # no word is in three texts
            return [" length"]
        # few rows tell few topics apart
        k = min(int(np.clip(len(texts) // TOPIC_ROWS, 2, TEXT_COMPONENTS)), matrix.shape[1] - 1, matrix.shape[0])
        if k < 1:
            return [" length"]
        topics = TruncatedSVD(k, random_state=self.random_state).fit(matrix).components_.T
        self.targets = _targets(y)
        words = self._words_say(matrix, _goals(y, self.targets, True))
        spread = (matrix @ words).std(axis=0)
        self.unit = 0.1 / np.where(spread > 0, spread, 1.0)  # as the topics
        self.components = np.ascontiguousarray(np.hstack([topics, words * self.unit]))
        names = [" words" if t is None else f" words of class {t}" for t in self.targets]
        return [" length", *(f" topic {i + 1}" for i in range(k)), *names]

    def fitted(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        out = self.transform(values)
        if not self.components.size:
            return out
        matrix, goals = self.tfidf.transform(_texts(values)), _goals(y, self.targets, True)
        for held in _crossing(len(values), self.random_state):
            words = self._words_say(matrix[~held], goals[~held]) * self.unit
            out[held, -len(self.targets) :] = (matrix[held] @ words) * (TOPIC_SCALE if self.linear else 1)
        return out

    def _words_say(self, matrix: Any, goals: np.ndarray) -> np.ndarray:
        """What each word adds to the goals, (words, goals); of many texts found on some."""
        from sklearn.linear_model import Ridge

        if len(goals) > MOST_TEXTS:
            some = np.sort(np.random.default_rng(self.random_state).permutation(len(goals))[:MOST_TEXTS])
            matrix, goals = matrix[some], goals[some]
        ridge = Ridge(WORDS_ALPHA, fit_intercept=False, copy_X=False, solver="sparse_cg", tol=1e-4)
        return ridge.fit(matrix, goals).coef_.reshape(goals.shape[1], -1).T

    def transform(self, values: np.ndarray) -> np.ndarray:
        """As scikit-learn's two transformers would have it, whose checks take half a millisecond a call."""
        texts = _texts(values)
        length = np.log1p([len(text) for text in texts])[:, None]
        if not self.components.size:
            return length
        if not hasattr(self, "words"):
            self.words = self.tfidf.build_analyzer()
        topics = [self._topics(texts[at : at + TEXTS_AT_ONCE]) for at in range(0, max(len(texts), 1), TEXTS_AT_ONCE)]
        return np.hstack([length, np.vstack(topics) * (TOPIC_SCALE if self.linear else 1)])

    def _topics(self, texts: list[str]) -> np.ndarray:
        number = self.tfidf.vocabulary_.get
        counts = [Counter(code for w in self.words(text) if (code := number(w)) is not None) for text in texts]
        topics = np.zeros((len(texts), self.components.shape[1]))
        filled = [i for i, count in enumerate(counts) if count]
        if filled:
            starts = np.cumsum([0] + [len(counts[i]) for i in filled])[:-1]
            codes = np.array([code for count in counts for code in count])
            weights = (1 + np.log([n for count in counts for n in count.values()])) * self.tfidf.idf_[codes]
            lengths = np.sqrt(np.add.reduceat(weights**2, starts))
            topics[filled] = np.add.reduceat(weights[:, None] * self.components[codes], starts) / lengths[:, None]
        return topics


def _is_sparse(before: list[Any], block: np.ndarray) -> bool:
    """As the blocks before it are; the first by its cells."""
    if before:
        return not isinstance(before[0], np.ndarray)
    return bool(np.count_nonzero(block) < SPARSE * block.size)


def _sparse(block: np.ndarray) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix(block)


def _give_back(n: int) -> None:
    if n >= MANY:
        give_back()


def _stacked(blocks: list[Any]) -> Any:
    """The blocks one below the other; each is forgotten as soon as it is copied, so that memory holds the matrix once."""
    if isinstance(blocks[0], np.ndarray):
        return np.concatenate(blocks)
    from scipy.sparse import csr_matrix, get_index_dtype

    shape = sum(block.shape[0] for block in blocks), blocks[0].shape[1]
    cells = sum(block.nnz for block in blocks)
    kind = get_index_dtype(maxval=max(cells, *shape))
    data, indices, ends = np.empty(cells), np.empty(cells, kind), np.zeros(shape[0] + 1, kind)
    row = at = 0
    while blocks:
        block = blocks.pop(0)
        data[at : at + block.nnz] = block.data
        indices[at : at + block.nnz] = block.indices
        ends[row + 1 : row + 1 + block.shape[0]] = block.indptr[1:].astype(kind) + at  # a block counts in less
        row, at = row + block.shape[0], at + block.nnz
        del block
        _give_back(shape[0])
    return csr_matrix((data, indices, ends), shape=shape)


def _crossing(n: int, random_state: int) -> list[np.ndarray]:
    """Masks of n rows: each row is in one of them."""
    fold = np.random.default_rng(random_state).permutation(n) % 5
    return [fold == k for k in range(5)]


def _texts(values: np.ndarray) -> list[str]:
    return ["" if not isinstance(v, str) else v for v in values]


def _levels(values: np.ndarray) -> dict[str, int]:
    """{level: rows}, the most frequent first, ties by name."""
    codes, levels = pd.factorize(values)
    counts: dict[str, int] = {}
    for level, count in zip(levels, np.bincount(codes[codes >= 0], minlength=len(levels)), strict=True):
        counts[str(level)] = counts.get(str(level), 0) + int(count)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _look_up(values: np.ndarray, table: dict, unseen: float, missing: float) -> np.ndarray:
    if len(values) >= MANY_ROWS:
        codes, levels = pd.factorize(values)
        return np.append(_look_up_each(levels, table, unseen, missing), missing)[codes]
    return _look_up_each(values, table, unseen, missing)


def _look_up_each(values: np.ndarray, table: dict, unseen: float, missing: float) -> np.ndarray:
    return np.array([table.get(v, unseen) if isinstance(v, str) else missing for v in values], dtype=float)


def _targets(y: np.ndarray) -> list[int | None]:
    """None for a regression; else the classes that get a mean: the second of two, or the most frequent ones."""
    if y.dtype.kind == "f":
        return [None]
    codes, counts = np.unique(y, return_counts=True)
    if len(codes) <= 2:
        return [int(codes[-1])]
    most = np.argsort(-counts, kind="stable")[:MAX_MEAN_CLASSES]
    return [*sorted(int(codes[i]) for i in most)]


def _goals(y: np.ndarray, targets: list[int | None], standardised: bool) -> np.ndarray:
    """What is learned of each target, (n, targets): the values of a regression, or 1 for the rows of a class."""
    goals = np.column_stack([y if target is None else (y == target).astype(float) for target in targets])
    if not standardised:
        return goals
    spread = goals.std(axis=0)
    return (goals - goals.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _means(values: np.ndarray, y: np.ndarray) -> tuple[dict[str, float], float]:
    every = float(y.mean())
    codes, levels = pd.factorize(values)
    known = codes >= 0
    sums = np.bincount(codes[known], y[known], minlength=len(levels))
    counts = np.bincount(codes[known], minlength=len(levels))
    means = (sums + SMOOTHING * every) / (counts + SMOOTHING)
    return dict(zip(map(str, levels), map(float, means), strict=True)), every


def _skew(values: np.ndarray) -> float:
    spread = values.std()
    return float((((values - values.mean()) / spread) ** 3).mean()) if spread else 0.0
