"""clean: parse and normalise each row, drop duplicates, set aside what cannot be used, with its reason and source line.

Run: python -m stages.clean      (reads data/raw, data/contract.yaml; writes data/clean.parquet, data/quarantine.csv,
reports/cleaning.json). Rows in = clean + quarantined + duplicates, always. A part of the table is in memory at a time.
"""

from __future__ import annotations

from lifecycle.ground.errors import stage
from lifecycle.ground.files import parquet_writer, write_json
from lifecycle.ground.params import CleanParams
from lifecycle.ground.workplace import workplace
from lifecycle.table.clean import Cleaner, clean_parts
from lifecycle.table.contract import read_contract
from lifecycle.table.quarantine import quarantine_writer
from lifecycle.table.read import ReadOptions, open_tables


def main() -> None:
    contract, params = read_contract(), CleanParams.load()
    done = Cleaner(contract)
    written = parquet_writer("data/clean.parquet"), quarantine_writer("data/quarantine.csv")
    with written[0] as clean, written[1] as quarantine, workplace() as at:
        tables = open_tables("data/raw", ReadOptions.of(contract), at=at)
        for part in clean_parts(tables, contract, params, at):
            clean.write(done.take(part))
            quarantine.write(part.broken, part.unusable)
        done.check()
    counts = {
        "rows_in": done.rows_in,
        "clean": done.clean,
        "quarantined": done.quarantined,
        "duplicates": done.duplicates,
    }
    detail = {"reasons": done.by_reason, "cells": done.by_column, "examples": done.examples}
    write_json("reports/cleaning.json", counts | detail)
    corrupt = sum(c.get("corrupt", 0) for c in done.cells.values())
    print(
        f"clean: {done.rows_in:,} rows in = {done.clean:,} clean + {done.quarantined:,} quarantined + {done.duplicates:,} duplicates; "
        f"{corrupt:,} corrupt cells became missing"
    )
    if done.quarantined:
        print(f"  data/quarantine.csv: {', '.join(f'{n:,} rows: {r}' for r, n in list(done.by_reason.items())[:3])}")


if __name__ == "__main__":
    stage(main)
