"""clean: parse and normalise each row, drop duplicates, set aside what cannot be used, with its reason and source line.

Run: python -m stages.clean      (reads data/raw, data/contract.yaml; writes data/clean.parquet, data/quarantine.csv,
reports/cleaning.json). Rows in = clean + quarantined + duplicates, always.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.params import CleanParams
from lifecycle.table.conform import Conformed, conform
from lifecycle.table.contract import MODEL, Contract
from lifecycle.table.read import SOURCE, RawTable
from lifecycle.table.rows import row_keys


@dataclass
class Cleaned:
    """`clean`: usable typed rows; `quarantine`: source, reason, record of each row set aside; `cells`: counts by column."""

    clean: pd.DataFrame
    quarantine: pd.DataFrame
    duplicates: int
    cells: dict[str, dict[str, int]]


def clean(raw: RawTable, contract: Contract, params: CleanParams) -> Cleaned:
    """Sort every source row into clean, quarantined or duplicate."""
    check_columns(list(raw.frame.columns), contract)
    conformed = conform(raw.frame, contract)
    rows = conformed.frame.assign(**row_keys(raw.frame, contract.identity), **{SOURCE: raw.frame[SOURCE]})
    reasons = unusable(raw.frame, conformed, contract, params.min_filled)
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
            raw.frame.drop(columns=SOURCE)[reasons != ""].itertuples(index=False, name=None),
            strict=True,
        )
    ]
    return Cleaned(
        kept[~copies].reset_index(drop=True),
        pd.DataFrame(quarantine, columns=["source", "reason", "record"], dtype="str"),
        int(np.sum(copies)),
        count_cells(conformed),
    )


def check_columns(header: list[str], contract: Contract) -> None:
    """UserError where the raw table changed its columns since the contract; one that is not used may come and go."""
    known, used = set(contract.by_name), set(contract.names())
    lost, new = sorted(used - set(header)), sorted(set(header) - known - {SOURCE})
    if lost or new:
        facts = [f'lacks "{c}"' for c in lost[:5]] + [f'has the new column "{c}"' for c in new[:5]]
        raise UserError(
            f"data/raw {', '.join(facts)} compared with data/contract.yaml; `dvc repro` writes the contract anew"
        )


def unusable(raw: pd.DataFrame, conformed: Conformed, contract: Contract, min_filled: float) -> np.ndarray:
    """The reason why each row cannot be used, "" where it can; shape (n,)."""
    frame, target = conformed.frame, contract.problem.target
    features = contract.names(MODEL)
    reasons = np.full(len(frame), "", dtype=object)
    empty = frame[features].notna().to_numpy().mean(axis=1) < min_filled
    empty[empty] = recorded(raw[empty], features) < min_filled
    reasons[empty] = f"less than {min_filled:.0%} of its features are filled"
    reasons[frame[target].isna()] = f'no value of the target "{target}"'
    if target in conformed.corrupt:
        reasons[conformed.corrupt[target]] = f'the target "{target}" cannot be read as a {kind_of(contract)}'
    return reasons


def recorded(raw: pd.DataFrame, features: list[str]) -> np.ndarray:
    """The share of each row's features that hold a figure, be it one that stands for no value, such as -200: an instrument
    that had nothing to say made a record all the same; a row of blanks is none."""
    present = [c for c in features if c in raw]
    held = [raw[c].str.contains(r"\d", regex=True).fillna(False).to_numpy(bool) for c in present]
    return np.sum(held, axis=0) / len(features) if held else np.zeros(len(raw))


def kind_of(contract: Contract) -> str:
    return "finite number" if contract.problem.task == "regression" else "class"


def drops_duplicates(contract: Contract, params: CleanParams) -> bool:
    """Whether equal rows are one row written twice: only an id or a time can tell them from different things alike."""
    if params.duplicates == "auto":
        return bool(contract.used(("id", "time")))
    return params.duplicates == "drop"


def count_cells(conformed: Conformed) -> dict[str, dict[str, int]]:
    """Missing and corrupt cells of each column that has any."""
    kinds = {"missing": conformed.missing, "corrupt": conformed.corrupt}
    counts = {c: {k: int(m[c].sum()) for k, m in kinds.items() if c in m} for c in conformed.frame.columns}
    return {c: n for c, n in counts.items() if n}
