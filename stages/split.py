"""split: each row goes to train or test, by a hash of its identity, by group, or by time.

Run: python -m stages.split      (reads data/contract.yaml, data/clean.parquet; writes data/train.parquet, data/test.parquet)
"""

from __future__ import annotations

from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_params, read_parquet, write_parquet
from lifecycle.table.contract import read_contract
from lifecycle.table.folds import scheme_of
from lifecycle.table.split import check, held_out, lost_classes, uneven


def main() -> None:
    contract, params = read_contract(), read_params("split")
    scheme = scheme_of(contract, params.choice("scheme", ["auto", "random", "group", "time"]))
    frame = read_parquet("data/clean.parquet")
    test_size, seed = params.number("test_size", 0.01, 0.9), int(params.number("seed", 0, 2**32 - 1))
    if params["test_from"] and scheme != "time":
        print(f"  split.test_from counts only where split.scheme is time; here it is {scheme}")
    held = held_out(frame, contract, scheme, test_size, seed, params["test_from"])
    train, test = frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)
    check(train, test, contract, scheme, test_size)
    for sentence in lost_classes(train, test, contract) + uneven(frame, held, contract, scheme, test_size):
        print(f"  {sentence}")
    write_parquet("data/train.parquet", train)
    write_parquet("data/test.parquet", test)
    print(f"split: {len(train)} train + {len(test)} test rows ({scheme}, seed {seed})")


if __name__ == "__main__":
    stage(main)
