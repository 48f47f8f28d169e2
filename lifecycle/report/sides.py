"""Training rows against test rows, column by column: what the split did to them. A section of the report, written where both are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.evaluate.slices import adjusted
from lifecycle.ground.files import row_groups
from lifecycle.ground.words import brief, count, cut, percent, short
from lifecycle.table.contract import Contract, Field

Array = np.ndarray
TRAIN, TEST = "data/train.parquet", "data/test.parquet"
ROWS = 40_000  # of each side, evenly among all
SURE = 0.05  # false discovery rate over the columns
LEVELS = 30  # of a category; the others are one


class ColumnSides(NamedTuple):
    """`distance`: of the two distributions, 0 the same and 1 apart (Kolmogorov-Smirnov of numbers and dates, total variation of
    categories); `differs`: by more than chance."""

    column: str
    train: str
    test: str
    distance: float
    p: float
    differs: bool = False


class Sides(NamedTuple):
    columns: list[ColumnSides]
    newest: bool  # the test rows are the newest
    groups: bool  # whole groups are on one side


def read_sides(contract: Contract) -> Sides | None:
    """None where the split has not run."""
    if not (Path(TRAIN).exists() and Path(TEST).exists()):
        return None
    fields = [
        field for field in (contract.by_name[contract.problem.target], *contract.features) if field.type != "text"
    ]
    time = [contract.time] if contract.time and contract.time not in fields else []
    return compared(contract, fields, some_rows(TRAIN, fields + time), some_rows(TEST, fields + time))


def some_rows(path: str, fields: list[Field]) -> pd.DataFrame:
    """At most ROWS of a table's rows, evenly among them; a row group at a time, for the table may be larger than memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = [field.name for field in fields if field.name in file.schema_arrow.names]
        step = max(1, -(-file.metadata.num_rows // ROWS))
    parts, start = [], 0
    for group in row_groups(path, names):
        first = -start % step
        parts.append(group.take(pa.array(np.arange(first, len(group), step))))
        start += len(group)
    return pa.concat_tables(parts).to_pandas()


def compared(contract: Contract, fields: list[Field], train: pd.DataFrame, test: pd.DataFrame) -> Sides:
    """The most different first."""
    found = []
    for field in fields:
        if field.name in train and field.name in test:
            one = of_column(field, train[field.name], test[field.name])
            if one is not None:
                found.append(one)
    sure = [
        one._replace(differs=bool(q <= SURE)) for one, q in zip(found, adjusted([one.p for one in found]), strict=True)
    ]
    time = contract.time.name if contract.time else ""
    newest = bool(time in train and time in test and train[time].max() <= test[time].min())
    ordered = sorted(sure, key=lambda one: (not one.differs, -one.distance))
    return Sides(ordered, newest, contract.group is not None)


def of_column(field: Field, train: pd.Series, test: pd.Series) -> ColumnSides | None:
    if not (train.notna().any() and test.notna().any()):
        return None
    if field.is_date:
        train, test = (one.astype("datetime64[us]") for one in (train, test))
        ends = [f"{str(one.min())[:10]} to {str(one.max())[:10]}" for one in (train, test)]
        numbers = [one.dropna().astype("int64").to_numpy(dtype=float) for one in (train, test)]
        return ColumnSides(field.name, ends[0], ends[1], *of_numbers(*numbers))
    if field.is_number and train.nunique() > LEVELS:
        numbers = [one.dropna().to_numpy(dtype=float) for one in (train, test)]
        middles = [f"median {short(float(np.median(one)), 3)}" for one in numbers]
        return ColumnSides(field.name, middles[0], middles[1], *of_numbers(*numbers))
    return of_levels(field, in_words_of(field, train), in_words_of(field, test))


def in_words_of(field: Field, values: pd.Series) -> pd.Series:
    """Levels as the table writes them."""
    here, texts = values.notna(), values.astype(object)
    if field.type == "boolean":  # kept as 1.0 and 0.0
        texts = texts.where(~here, texts[here].map(lambda value: field.boolean_word(bool(value))))
    return texts.where(here, "(missing)").astype(str)


def of_numbers(a: Array, b: Array) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of two samples, and how often chance makes it so large."""
    from scipy.stats import ks_2samp

    found = ks_2samp(a, b, method="asymp")
    return float(found.statistic), float(found.pvalue)


def of_levels(field: Field, train: pd.Series, test: pd.Series) -> ColumnSides:
    """Total variation distance, a chi-squared test, and the level whose share changes most."""
    from scipy.stats import chi2_contingency

    common = train.value_counts().index[:LEVELS]
    counts = []
    for side in (train, test):
        levels = side.where(side.isin(common), "(others)")
        counts.append(levels.value_counts())
    table = pd.concat(counts, axis=1).fillna(0).to_numpy().T
    names = pd.concat(counts, axis=1).index
    shares = table / table.sum(axis=1, keepdims=True)
    gap = np.abs(shares[1] - shares[0])
    most = int(gap.argmax())
    p = float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0
    said = [f"{brief(names[most])} {percent(float(side[most]))}" for side in shares]
    return ColumnSides(field.name, said[0], said[1], float(gap.sum() / 2), p)


# ---- in words -----------------------------------------------------------------------------------------------------


def in_words(found: Sides) -> str:
    """The conclusion first."""
    different = [one.column for one in found.columns if one.differs]
    if not different:
        return f"No column is distributed differently in the test rows by more than chance, of {count(len(found.columns))} compared."
    names = ", ".join(brief(name) for name in different[:5])
    more = f" and {len(different) - 5} more" if len(different) > 5 else ""
    text = f"In the test rows {names}{more} {'is' if len(different) == 1 else 'are'} distributed differently by more than chance."
    if found.newest:
        text += " The test rows are the newest, so a difference is a change over time, and live rows may have moved further."
    elif found.groups:
        text += " Whole groups are on one side, so a few large ones can cause this."
    else:
        text += " A random split rarely does this: rows may depend on one another, or come in groups that the table does not name."
    return text


def shown(found: Sides) -> int:
    """Rows of the table that are not folded: all that differ, and a few that say what no difference looks like."""
    return max(4, sum(one.differs for one in found.columns))


def table(found: Sides) -> dict[str, Any]:
    rows = []
    for one in found.columns:
        verdict = "differs" if one.differs else ""
        rows.append([cut(one.column, 40, middle=True), one.train, one.test, f"{one.distance:.2f}", verdict])
    return {"head": ["Column", "Training rows", "Test rows", "Distance, 0 to 1", ""], "rows": rows, "numeric": [3]}
