"""split: each row goes to train or test, by a hash of its identity, by group, or by time.

Run: python -m stages.split      (reads data/contract.yaml, data/clean.parquet; writes data/train.parquet, data/test.parquet)
"""

from __future__ import annotations

from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_parquet, write_parquet
from lifecycle.ground.params import SplitParams
from lifecycle.table.contract import read_contract
from lifecycle.table.folds import scheme_of
from lifecycle.table.split import check, held_out, lost_classes, uneven


def main() -> None:
    contract, params = read_contract(), SplitParams.load()
    scheme = scheme_of(contract.identity, params.scheme)
    random_state = contract.identity.random_state if params.random_state is None else params.random_state
    frame = read_parquet("data/clean.parquet")
    held = held_out(frame, contract, scheme, params.test_size, random_state, params.test_from)
    train, test = frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)
    check(train, test, contract, scheme, params.test_size)
    said = [*params.notes, *lost_classes(train, test, contract)]
    said += uneven(frame, held, contract, scheme, params.test_size)
    if params.test_from and scheme != "time":
        said.append(f"split.test_from counts only where split.scheme is time; here it is {scheme}")
    for sentence in said:
        print(f"  {sentence}")
    write_parquet("data/train.parquet", train)
    write_parquet("data/test.parquet", test)
    print(f"split: {len(train)} train + {len(test)} test rows ({scheme}, random_state {random_state})")


if __name__ == "__main__":
    stage(main)
