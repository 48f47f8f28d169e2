"""clean: parse and normalise each row, drop duplicates, set aside what cannot be used, with its reason and source line.

Run: python -m stages.clean      (reads data/raw, data/contract.yaml; writes data/clean.parquet, data/quarantine.csv,
reports/cleaning.json). Rows in = clean + quarantined + duplicates, always.
"""

from __future__ import annotations

from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import write_csv, write_json, write_parquet
from lifecycle.ground.params import CleanParams
from lifecycle.table.clean import clean
from lifecycle.table.contract import read_contract
from lifecycle.table.read import ReadOptions, read_raw


def main() -> None:
    contract, params = read_contract(), CleanParams.load()
    raw = read_raw(options=ReadOptions.of(contract))
    done = clean(raw, contract, params)
    rows_in = len(raw.frame) + len(raw.broken)
    if len(done.clean) + len(done.quarantine) + done.duplicates != rows_in:
        raise AssertionError("a source row is unaccounted for")
    if not len(done.clean):
        worst = done.quarantine["reason"].value_counts().index[0]
        raise UserError(f"data/raw has no usable row: all {rows_in} were set aside, most since: {worst}")
    target = contract.problem.target
    if contract.problem.task != "regression" and done.clean[target].nunique() < 2:
        raise UserError(f'data/raw: of the target "{target}" one class is left in the usable rows; add rows')
    reasons = done.quarantine["reason"].value_counts()
    write_parquet("data/clean.parquet", done.clean)
    write_csv("data/quarantine.csv", done.quarantine)
    counts = {
        "rows_in": rows_in,
        "clean": len(done.clean),
        "quarantined": len(done.quarantine),
        "duplicates": done.duplicates,
    }
    detail = {"reasons": {r: int(n) for r, n in reasons.items()}, "cells": done.cells}
    write_json("reports/cleaning.json", counts | detail | {"examples": done.quarantine.head(10).to_dict("records")})
    corrupt = sum(c.get("corrupt", 0) for c in done.cells.values())
    print(
        f"clean: {rows_in} rows in = {len(done.clean)} clean + {len(done.quarantine)} quarantined + {done.duplicates} duplicates; "
        f"{corrupt} corrupt cells became missing"
    )
    if len(done.quarantine):
        print(f"  data/quarantine.csv: {', '.join(f'{n} rows: {r}' for r, n in list(reasons.items())[:3])}")


if __name__ == "__main__":
    stage(main)
