"""split: each row goes to train or test, by a hash of its identity, by group, or by time.

Run: python -m stages.split      (reads data/contract.yaml, data/clean.parquet; writes data/train.parquet, data/test.parquet)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.table.conform import used_fields
from lifecycle.table.folds import moments
from lifecycle.table.rows import identities, identity_columns, shares

UNEVEN = 0.15  # relative distance from the shares asked for, from which on it is said
MAX_TRIED = 50_000  # rows for which other seeds are tried; a larger table is never that uneven


def held_out(
    frame: pd.DataFrame, contract: dict[str, Any], scheme: str, test_size: float, seed: int, test_from: Any = ""
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
    if scheme == "group":
        role_column(contract, "group")
    return shares(identities(frame, identity_columns(contract, scheme)), seed) < test_size


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


def role_column(contract: dict[str, Any], role: str) -> str:
    names = [f["name"] for f in used_fields(contract, (role,))]
    if not names:
        raise UserError(
            f"params.yaml: split.scheme is {role}, and data/contract.yaml has no {role} column; "
            f"name it under columns, e.g. columns: {{order_date: {{role: {role}}}}}"
        )
    return names[0]


def check(train: pd.DataFrame, test: pd.DataFrame, contract: dict[str, Any], scheme: str, test_size: float) -> None:
    """UserError where one side cannot serve its purpose."""
    more = "split.test_size or split.test_from" if scheme == "time" else "split.test_size or split.seed"
    for name, rows in (("train", train), ("test", test)):
        if len(rows) < 5:
            raise UserError(f"split left {len(rows)} rows to {name}; add rows, or change {more} in params.yaml")
    target, task = contract["problem"]["target"], contract["problem"]["task"]
    if task != "binary":
        return  # of many classes some may be rare: said aloud, see `lost_classes`
    for name, rows in (("train", train), ("test", test)):
        for label in contract["problem"]["classes"]:
            if not (rows[target] == label).any():
                both = pd.concat([train, test])
                found = seed_that_parts(both[both[target] == label], contract, scheme, test_size)
                cure = (
                    f"split.seed: {found} in params.yaml puts some on each side"
                    if found
                    else f"add rows, or change {more}"
                )
                raise UserError(f'split left no row of class "{label}" of "{target}" to {name}; {cure}')


def seed_that_parts(rows: pd.DataFrame, contract: dict[str, Any], scheme: str, test_size: float) -> int | None:
    """The first seed that puts `rows` on both sides, or None."""
    if scheme == "time":
        return None
    texts = identities(rows, identity_columns(contract, scheme))
    sides = ((seed, shares(texts, seed) < test_size) for seed in range(1, 200))
    return next((seed for seed, held in sides if held.any() and not held.all()), None)


def lost_classes(train: pd.DataFrame, test: pd.DataFrame, contract: dict[str, Any]) -> list[str]:
    """A sentence for each class that is on one side only: it cannot be learned, or not be tested."""
    target, said = contract["problem"]["target"], []
    for label in contract["problem"].get("classes", []):
        for rows, side, lack in (
            (train, "train", "it cannot be learned"),
            (test, "test", "nothing will be known of it"),
        ):
            if not (rows[target] == label).any():
                said.append(f'class "{label}" has no row in {side}: {lack}')
    return said


def uneven(frame: pd.DataFrame, held: np.ndarray, contract: dict[str, Any], scheme: str, test_size: float) -> list[str]:
    """Sentences on a draw that is far from the share asked for, or from the classes' own shares, and a seed that is not.

    The hash keeps a row's side as the table grows; the price is that a small table may be parted unevenly.
    """
    target = contract["problem"]["target"]
    y = (frame[target] == contract["problem"].get("positive", "")).to_numpy()
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
    texts = identities(frame, identity_columns(contract, scheme))
    best = min(range(1, 100), key=lambda seed: off(shares(texts, seed) < test_size))
    said = f"an uneven draw: {held.mean():.0%} of the rows are test rows, where {test_size:.0%} were asked for"
    if every:
        said += f'; "{contract["problem"]["positive"]}" is {every:.1%} of all and {y[held].mean():.1%} of the test rows'
    return (
        [f"{said}; split.seed: {best} in params.yaml is more even"]
        if off(shares(texts, best) < test_size) < off(held)
        else [said]
    )
