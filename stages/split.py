"""split: each row goes to train or test, by a hash of its identity, by group, or by time.

Run: python -m stages.split      (reads data/contract.yaml, data/clean.parquet; writes data/train.parquet, data/test.parquet)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.lib.conform import used_fields
from stages.lib.errors import UserError, stage
from stages.lib.files import read_contract, read_params, read_parquet, write_parquet
from stages.lib.folds import scheme_of
from stages.lib.identity import identities, identity_columns, shares


def held_out(frame: pd.DataFrame, contract: dict[str, Any], scheme: str, test_size: float, seed: int) -> np.ndarray:
    """Mask of the rows that are held out, shape (n,).

    Random and group: a row is tested on if the hash of its identity is below `test_size`: it keeps its side as the
    table grows, so a later model is never tested on what an earlier one was fitted to. Time: the newest rows.
    """
    if scheme == "time":
        return newest(frame[role_column(contract, "time")].to_numpy(), test_size)
    if scheme == "group":
        role_column(contract, "group")
    return shares(identities(frame, identity_columns(contract, scheme)), seed) < test_size


def newest(times: np.ndarray, test_size: float) -> np.ndarray:
    """Mask of the newest share of the rows; one moment is never parted, a row without a time is trained on."""
    known = times[~pd.isna(times)]
    if not len(known):
        raise UserError("data/clean.parquet has no row with a time; set split.scheme in params.yaml to random or group")
    cut = np.quantile(known.astype("int64"), 1 - test_size, method="higher")
    return ~pd.isna(times) & (times.astype("int64") >= cut)


def role_column(contract: dict[str, Any], role: str) -> str:
    names = [f["name"] for f in used_fields(contract, (role,))]
    if not names:
        raise UserError(
            f"params.yaml: split.scheme is {role}, and data/contract.yaml has no {role} column; "
            f"name it under columns, e.g. columns: {{order_date: {{role: {role}}}}}"
        )
    return names[0]


def check(train: pd.DataFrame, test: pd.DataFrame, contract: dict[str, Any]) -> None:
    """UserError where one side cannot serve its purpose."""
    for name, rows in (("train", train), ("test", test)):
        if len(rows) < 5:
            raise UserError(
                f"split left {len(rows)} rows to {name}; add rows, or change split.test_size or split.seed in params.yaml"
            )
    target, task = contract["problem"]["target"], contract["problem"]["task"]
    if task != "regression" and train[target].nunique() < 2:
        raise UserError(
            f'split left one class of "{target}" to train on; change split.seed in params.yaml, or add rows'
        )
    if task == "binary" and test[target].nunique() < 2:
        kept = ", ".join(map(str, test[target].unique()))
        raise UserError(
            f'split left no class of "{target}" but "{kept}" to test on; change split.seed or split.test_size, or add rows'
        )


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


def main() -> None:
    contract, params = read_contract(), read_params("split")
    scheme = scheme_of(contract, params.choice("scheme", ["auto", "random", "group", "time"]))
    frame = read_parquet("data/clean.parquet")
    held = held_out(
        frame, contract, scheme, params.number("test_size", 0.01, 0.9), int(params.number("seed", 0, 2**32 - 1))
    )
    train, test = frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)
    check(train, test, contract)
    for sentence in lost_classes(train, test, contract):
        print(f"  {sentence}")
    write_parquet("data/train.parquet", train)
    write_parquet("data/test.parquet", test)
    print(f"split: {len(train)} train + {len(test)} test rows ({scheme}, seed {params['seed']})")


if __name__ == "__main__":
    stage(main)
