"""split: each row goes to train or test, by a hash of its identity, by group, or by time.

Run: python -m stages.split      (reads data/contract.yaml, data/clean.parquet; writes data/train.parquet, data/test.parquet)
Which side a row is on hangs on few columns; the others are read and written a row group at a time.
"""

from __future__ import annotations

from lifecycle.ground.errors import stage
from lifecycle.ground.files import parquet_writer, read_parquet, row_groups
from lifecycle.ground.params import SplitParams
from lifecycle.table.contract import read_contract
from lifecycle.table.folds import scheme_of
from lifecycle.table.split import check, deciding, held_out, lost_classes, parted, uneven

CLEAN = "data/clean.parquet"


def main() -> None:
    contract, params = read_contract(), SplitParams.load()
    scheme = scheme_of(contract.identity, params.scheme)
    random_state = contract.identity.random_state if params.random_state is None else params.random_state
    rows = read_parquet(CLEAN, deciding(contract, scheme))
    held = held_out(rows, contract, scheme, params.test_size, random_state, params.test_from)
    train, test = rows[~held], rows[held]
    check(train, test, contract, scheme, params.test_size)
    said = [*params.notes, *lost_classes(train, test, contract)]
    said += uneven(rows, held, contract, scheme, params.test_size)
    if params.test_from and scheme != "time":
        said.append(f"split.test_from counts only where split.scheme is time; here it is {scheme}")
    for sentence in said:
        print(f"  {sentence}")
    with parquet_writer("data/train.parquet") as learned, parquet_writer("data/test.parquet") as tested:
        for rows_learned, rows_tested in parted(row_groups(CLEAN), held):
            learned.write(rows_learned)
            tested.write(rows_tested)
    print(f"split: {learned.rows:,} train + {tested.rows:,} test rows ({scheme}, random_state {random_state})")


if __name__ == "__main__":
    stage(main)
