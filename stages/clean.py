"""clean: parse and normalise each row, drop duplicates, set aside what cannot be used, with its reason and source line.

Run: python -m stages.clean      (reads data/raw, data/contract.yaml; writes data/clean.parquet, data/quarantine.csv,
reports/cleaning.json). Rows in = clean + quarantined + duplicates, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.lib.conform import MODEL, Conformed, conform, used_fields
from stages.lib.errors import UserError, stage
from stages.lib.files import read_contract, read_params, write_csv, write_json, write_parquet
from stages.lib.table import SOURCE, RawTable, read_raw


@dataclass
class Cleaned:
    """`clean`: usable typed rows; `quarantine`: source, reason, record of each row set aside; `cells`: counts by column."""

    clean: pd.DataFrame
    quarantine: pd.DataFrame
    duplicates: int
    cells: dict[str, dict[str, int]]


def clean(raw: RawTable, contract: dict[str, Any], params: dict[str, Any]) -> Cleaned:
    """Sort every source row into clean, quarantined or duplicate."""
    check_columns(list(raw.frame.columns), contract)
    conformed = conform(raw.frame, contract)
    rows = conformed.frame.assign(**{SOURCE: raw.frame[SOURCE]})
    reasons = unusable(conformed, contract, params["min_filled"])
    kept = rows[reasons == ""]
    copies = (
        kept.duplicated(subset=conformed.frame.columns.tolist())
        if drops_duplicates(contract, params)
        else np.zeros(len(kept), dtype=bool)
    )
    quarantine = [(b.source, b.reason, b.record) for b in raw.broken]
    quarantine += [
        (source, reasons[i], ",".join(map(str, cells)))
        for i, source, cells in zip(
            np.flatnonzero(reasons != ""),
            rows[SOURCE][reasons != ""],
            raw.frame.drop(columns=SOURCE)[reasons != ""].itertuples(index=False),
            strict=True,
        )
    ]
    return Cleaned(
        kept[~copies].reset_index(drop=True),
        pd.DataFrame(quarantine, columns=["source", "reason", "record"], dtype="str"),
        int(np.sum(copies)),
        count_cells(conformed),
    )


def check_columns(header: list[str], contract: dict[str, Any]) -> None:
    """UserError where the raw table changed its columns since the contract."""
    known = {f["name"] for f in contract["fields"]}
    lost, new = sorted(known - set(header)), sorted(set(header) - known - {SOURCE})
    if lost or new:
        facts = [f'lacks "{c}"' for c in lost[:5]] + [f'has the new column "{c}"' for c in new[:5]]
        raise UserError(
            f"data/raw {', '.join(facts)} compared with data/contract.yaml; `dvc repro` writes the contract anew"
        )


def unusable(conformed: Conformed, contract: dict[str, Any], min_filled: float) -> np.ndarray:
    """The reason why each row cannot be used, "" where it can; shape (n,)."""
    frame, target = conformed.frame, contract["problem"]["target"]
    features = [f["name"] for f in used_fields(contract, MODEL)]
    reasons = np.full(len(frame), "", dtype=object)
    filled = frame[features].notna().to_numpy().mean(axis=1)
    reasons[filled < min_filled] = f"less than {min_filled:.0%} of its features are filled"
    reasons[frame[target].isna()] = f'no value of the target "{target}"'
    if target in conformed.corrupt:
        reasons[conformed.corrupt[target]] = f'the target "{target}" cannot be read as a {kind_of(contract)}'
    return reasons


def kind_of(contract: dict[str, Any]) -> str:
    return "finite number" if contract["problem"]["task"] == "regression" else "class"


def drops_duplicates(contract: dict[str, Any], params: dict[str, Any]) -> bool:
    """Whether equal rows are one row written twice: only an id or a time can tell them from different things alike."""
    if params["duplicates"] == "auto":
        return bool(used_fields(contract, ("id", "time")))
    return params.choice("duplicates", ["auto", "drop", "keep"]) == "drop"


def count_cells(conformed: Conformed) -> dict[str, dict[str, int]]:
    """Missing and corrupt cells of each column that has any."""
    kinds = {"missing": conformed.missing, "corrupt": conformed.corrupt}
    counts = {c: {k: int(m[c].sum()) for k, m in kinds.items() if c in m} for c in conformed.frame.columns}
    return {c: n for c, n in counts.items() if n}


def main() -> None:
    contract, params = read_contract(), read_params("clean")
    params.number("min_filled", 0, 1)
    raw = read_raw()
    done = clean(raw, contract, params)
    rows_in = len(raw.frame) + len(raw.broken)
    if len(done.clean) + len(done.quarantine) + done.duplicates != rows_in:
        raise AssertionError("a source row is unaccounted for")
    if not len(done.clean):
        worst = done.quarantine["reason"].value_counts().index[0]
        raise UserError(f"data/raw has no usable row: all {rows_in} were set aside, most since: {worst}")
    if contract["problem"]["task"] != "regression" and done.clean[contract["problem"]["target"]].nunique() < 2:
        raise UserError(
            f'data/raw: of the target "{contract["problem"]["target"]}" one class is left in the usable rows; add rows'
        )
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
