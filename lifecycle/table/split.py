"""Which rows are held out for testing: by a hash of what a row is, of what it belongs to, or by time.

A side that a row keeps for ever, whatever rows join the table, can hang on the row alone: were it to hang on the others
too, the first rows of any table would have to be parted before the rest was known. So no rule draws each table evenly. What
can be chosen once is which of many such rules is used: `even_draw` takes the first under which the table, as `define` first
sees it, is parted evenly, and the contract remembers it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.table.contract import Contract
from lifecycle.table.folds import moments
from lifecycle.table.rows import GROUP, ROW, keys_of, shares

if TYPE_CHECKING:
    import pyarrow as pa

UNEVEN = 0.15  # relative distance from the shares asked for, from which on it is said
EVEN, EVEN_CLASS = 0.01, 0.05  # that of the test rows, and of each class's, with which a draw is even
MAX_TRIED = 50_000  # rows for which several draws are tried; a larger table is never that uneven
DRAWS = 300


def held_out(
    frame: pd.DataFrame, contract: Contract, scheme: str, test_size: float, random_state: int, test_from: Any = ""
) -> np.ndarray:
    """Mask of the rows that are held out, shape (n,).

    Random and group: a row is tested on if the hash of its identity is below `test_size`: it keeps its side as the
    table grows, so a later model is never tested on what an earlier one was fitted to. Time: the newest rows, or those
    from the moment `test_from` on.
    """
    if scheme == "time":
        times = frame[role_column(contract, "time")].to_numpy()
        when = moments(times)
        if np.isnan(when).all():
            raise UserError(
                "data/clean.parquet has no row with a time; set split.scheme in params.yaml to random or group"
            )
        return newest(when, test_size) if test_from in ("", None) else since(times, when, test_from)
    if scheme == "group" and GROUP not in frame:
        role_column(contract, "group")
    return shares(keys_of(frame, scheme), random_state) < test_size


def deciding(contract: Contract, scheme: str) -> list[str]:
    """The columns of a clean table that say on which side a row is, and what must be on both: they are held for all rows."""
    more = {"time": contract.names(("time",)), "group": [GROUP]}
    return [ROW, contract.problem.target, *more.get(scheme, [])]


def parted(groups: Iterator[pa.Table], held: np.ndarray) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The rows of each row group that are trained on, and those that are `held` out."""
    import pyarrow as pa

    begin = 0
    for table in groups:
        tested = held[begin : begin + len(table)]
        begin += len(table)
        yield table.filter(pa.array(~tested)), table.filter(pa.array(tested))


def newest(when: np.ndarray, test_size: float) -> np.ndarray:
    """Mask of the newest share of the rows; one moment is never parted, a row without a time is trained on."""
    return when >= np.nanquantile(when, 1 - test_size, method="higher")


def since(times: np.ndarray, when: np.ndarray, start: Any) -> np.ndarray:
    """Mask of the rows from `start` on, a date or, where times are numbers, a number; a row without a time is trained on."""
    first, last = (str(times[at(when)])[:19] for at in (np.nanargmin, np.nanargmax))
    try:
        cut = pd.to_datetime(str(start), format="ISO8601").to_datetime64() if times.dtype.kind == "M" else float(start)
        cut = moments(np.array([cut]))[0]
    except (ValueError, TypeError) as error:
        raise UserError(
            f"params.yaml: split.test_from is {str(start)!r}; write a time like {first}, or leave it empty"
        ) from error
    if not np.nanmin(when) < cut <= np.nanmax(when):
        raise UserError(
            f"params.yaml: split.test_from is {str(start)!r}, and the rows go from {first} to {last}; write a time between "
            "them, or leave it empty"
        )
    return when >= cut


def role_column(contract: Contract, role: str) -> str:
    names = contract.names((role,))
    if not names:
        raise UserError(
            f"params.yaml: split.scheme is {role}, and data/contract.yaml has no {role} column; "
            f"name it under columns, e.g. columns: {{order_date: {{role: {role}}}}}"
        )
    return names[0]


def check(train: pd.DataFrame, test: pd.DataFrame, contract: Contract, scheme: str, test_size: float) -> None:
    """UserError where one side cannot serve its purpose."""
    more = "split.test_size or split.test_from" if scheme == "time" else "split.test_size or split.random_state"
    for name, rows in (("train", train), ("test", test)):
        if len(rows) < 5:
            raise UserError(f"split left {len(rows)} rows to {name}; add rows, or change {more} in params.yaml")
    target, task = contract.problem.target, contract.problem.task
    if task != "binary":
        return  # of many classes some may be rare: said aloud, see `lost_classes`
    for name, rows in (("train", train), ("test", test)):
        for label in contract.problem.classes:
            if not (rows[target] == label).any():
                both = pd.concat([train, test])
                found = draw_that_parts(both[both[target] == label], scheme, test_size)
                cure = (
                    f"split.random_state: {found} in params.yaml puts some on each side"
                    if found
                    else f"add rows, or change {more}"
                )
                raise UserError(f'split left no row of class "{label}" of "{target}" to {name}; {cure}')


def draw_that_parts(rows: pd.DataFrame, scheme: str, test_size: float) -> int | None:
    """The first random_state that puts `rows` on both sides, or None."""
    if scheme == "time":
        return None
    keys = keys_of(rows, scheme)
    sides = ((state, shares(keys, state) < test_size) for state in range(1, 200))
    return next((state for state, held in sides if held.any() and not held.all()), None)


def even_draw(keys: np.ndarray, target: pd.Series, test_size: float) -> int:
    """The first random_state under which about `test_size` of the rows, and of each class or of the target's mean, are held
    out; the most even of `DRAWS` where none is. `target`: its cells as text, so that neither type nor role moves a row."""
    if len(keys) > MAX_TRIED:
        return 1
    strata = _strata(target)
    score = {}
    for state in range(1, DRAWS):
        score[state] = _off(shares(keys, state) < test_size, strata, test_size)
        if score[state] <= 1:
            return state
    return min(score, key=lambda state: score[state])


def _strata(target: pd.Series) -> np.ndarray:
    """Codes of the classes of a target of few texts, or of the four quarters of its numbers; -1 where it says nothing."""
    folded = target.str.strip().str.lower()
    codes, values = pd.factorize(folded.where(folded != ""))
    if len(values) <= 20:
        return codes
    ranks = pd.to_numeric(folded, errors="coerce").rank(pct=True).to_numpy("float64", na_value=np.nan)
    return np.where(np.isnan(ranks), -1, np.minimum(np.nan_to_num(ranks) * 4, 3)).astype(int)


def _off(held: np.ndarray, strata: np.ndarray, test_size: float) -> float:
    """How far a draw is from even: at most 1 where it is."""
    n, known = len(held), strata >= 0
    every, tested = np.bincount(strata[known]), np.bincount(strata[known & held], minlength=strata.max() + 1)
    wanted = every * test_size
    # of a class of ten rows, two or three of a fifth are as even as can be
    allowed = np.maximum(EVEN_CLASS * wanted, 1.0)
    classes = (np.abs(tested - wanted) / allowed).max() if len(every) else 0.0
    return float(max(abs(held.sum() - n * test_size) / max(EVEN * n * test_size, 0.6), classes))


def lost_classes(train: pd.DataFrame, test: pd.DataFrame, contract: Contract) -> list[str]:
    """A sentence for each class that is on one side only: it cannot be learned, or not be tested."""
    target, said = contract.problem.target, []
    for label in contract.problem.classes:
        for rows, side, lack in (
            (train, "train", "it cannot be learned"),
            (test, "test", "nothing will be known of it"),
        ):
            if not (rows[target] == label).any():
                said.append(f'class "{label}" has no row in {side}: {lack}')
    return said


def uneven(frame: pd.DataFrame, held: np.ndarray, contract: Contract, scheme: str, test_size: float) -> list[str]:
    """Sentences on a draw that is far from the share asked for, or from the classes' own shares, and a seed that is not.

    The hash keeps a row's side as the table grows; the price is that a small table may be parted unevenly.
    """
    target = contract.problem.target
    y = (frame[target] == contract.problem.positive).to_numpy()
    every = y.mean()

    def off(held: np.ndarray) -> float:
        if not held.any() or held.all():
            return np.inf
        size = abs(held.mean() / test_size - 1)
        return max(size, abs(y[held].mean() / every - 1)) if every else size

    if scheme == "time" and abs(held.mean() - test_size) > UNEVEN:
        return [
            f"{held.mean():.0%} of the rows are test rows, where split.test_size asks for {test_size:.0%}; split.test_from, or "
            "many rows of one moment, makes it so"
        ]
    if scheme == "time" or off(held) < UNEVEN or len(frame) > MAX_TRIED:
        return []
    keys = keys_of(frame, scheme)
    best = min(range(1, 100), key=lambda state: off(shares(keys, state) < test_size))
    said = f"an uneven draw: {held.mean():.0%} of the rows are test rows, where {test_size:.0%} were asked for"
    if every:
        said += f'; "{contract.problem.positive}" is {every:.1%} of all and {y[held].mean():.1%} of the test rows'
    if off(shares(keys, best) < test_size) < off(held):
        said += f"; split.random_state: {best} in params.yaml is more even"
    return [said]
