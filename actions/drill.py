"""Fire drill: would the monitor notice? The project's own held-out rows play live traffic, as they are and with faults put in.

    python -m actions.drill      or: make drill; params.yaml: drill

One half of the rows is the reference, the other half is sent as a batch, through the same reading and typing as a real one.
Exit status 1 where more clean controls raise an alarm than is allowed, or a fault in `drill.required` is missed. Nothing
is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from custom.metrics import METRICS
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import DrillParams, MonitorParams
from lifecycle.ground.words import short
from lifecycle.model.released import Released
from lifecycle.monitor.batches import live_of
from lifecycle.monitor.reference import Reference, read_reference
from lifecycle.monitor.verdict import assess
from lifecycle.monitor.watch import find_bundle
from lifecycle.table import notation
from lifecycle.table.conform import as_text
from lifecycle.table.contract import Contract

Fault = tuple[pd.DataFrame, str]  # the rows with it, and what was done to them


def columns_of(contract: Contract, folder: Path, *types: str) -> list[str]:
    """Features of these types, the most important to the model first."""
    names = [f.name for f in contract.used(("feature",)) if f.type in types]
    told = folder / "evaluation.json"
    ranked = [i["column"] for i in read_json(told).get("importance", [])] if told.exists() else []
    return sorted(names, key=lambda c: ranked.index(c) if c in ranked else len(ranked))


def shifted(
    rows: pd.DataFrame, contract: Contract, folder: Path, size: float, rng: np.random.Generator
) -> Fault | None:
    """A sensor that drifts."""
    column = _varied(rows, columns_of(contract, folder, "number", "integer"))
    if column is None:
        return None
    spread = float(rows[column].std())
    out = rows.assign(**{column: rows[column] + size * spread})
    return out, f'"{column}" + {short(size * spread)}, {size:g} standard deviations'


def swapped_unit(
    rows: pd.DataFrame, contract: Contract, folder: Path, size: float, rng: np.random.Generator
) -> Fault | None:
    """Inches sent as centimetres."""
    column = _varied(rows, columns_of(contract, folder, "number", "integer"))
    return None if column is None else (rows.assign(**{column: rows[column] * 2.54}), f'"{column}" × 2.54')


def dropped(
    rows: pd.DataFrame, contract: Contract, folder: Path, size: float, rng: np.random.Generator
) -> Fault | None:
    """A client that no longer sends a column."""
    kinds = ("number", "integer", "string", "boolean", "text", "date", "datetime")
    columns = columns_of(contract, folder, *kinds)
    return (rows.drop(columns=columns[0]), f'"{columns[0]}" is not sent') if columns else None


def new_category(
    rows: pd.DataFrame, contract: Contract, folder: Path, size: float, rng: np.random.Generator
) -> Fault | None:
    """A product that did not exist when the model was made, one row in five."""
    names = [c for c in columns_of(contract, folder, "string") if _is_listed(contract, c)]
    if not names:
        return None
    hit = rng.random(len(rows)) < 0.2
    return rows.assign(
        **{names[0]: rows[names[0]].where(~hit, "never seen before")}
    ), f'"{names[0]}" is new in {hit.mean():.0%} of rows'


def flipped_labels(
    rows: pd.DataFrame, contract: Contract, folder: Path, size: float, rng: np.random.Generator
) -> Fault | None:
    """The same rows, and half of them now end otherwise: the next class, or as far on the other side of the middle."""
    problem = contract.problem
    target, hit = rows[problem.target], rng.random(len(rows)) < 0.5
    if problem.task == "regression":
        return rows.assign(
            **{problem.target: target.where(~hit, 2 * target.median() - target)}
        ), "half of the values mirrored"
    following = dict(zip(problem.classes, problem.classes[1:] + problem.classes[:1], strict=True))
    return rows.assign(
        **{problem.target: target.where(~hit, target.map(following))}
    ), "half of the labels are another class"


FAULTS: dict[str, Callable[..., Fault | None]] = {
    "shifted column": shifted,
    "swapped unit": swapped_unit,
    "dropped column": dropped,
    "new category": new_category,
    "flipped labels": flipped_labels,
}


def _varied(rows: pd.DataFrame, columns: list[str]) -> str | None:
    """The first with more than a few values: a flag has no unit and does not drift."""
    return next((c for c in columns if rows[c].nunique() > 5), None)


def _is_listed(contract: Contract, column: str) -> bool:
    return bool(contract.by_name[column].levels)


# ---- playing a batch --------------------------------------------------------------------------------------


def cells(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Typed rows as the text that a table of this project has."""
    out = {}
    for spec in contract.used():
        if spec.name not in rows:
            continue
        text = as_text(rows[spec.name])
        if spec.type == "boolean":
            text = text.map({"1": spec.true_values[0], "0": spec.false_values[0], "": ""})
        elif spec.type in ("number", "integer"):
            written = notation.of_field(spec)
            text = text.map(lambda v, n=written: notation.write(float(v), n) if v else "")
        out[spec.name] = text.astype("str")
    return pd.DataFrame(out)


def halves(reference: Reference, random_state: int) -> tuple[Reference, pd.DataFrame]:
    """(one half of the reference, the rows of the other half); the newest row is in the second, as in real life."""
    order = np.random.default_rng(random_state).permutation(len(reference.rows))
    time = reference.contract.time
    if time is not None:
        oldest = pd.Timestamp(0) if time.is_date else -np.inf
        newest = int(reference.rows[time.name].fillna(oldest).to_numpy().argmax())
        order = np.append(order[order != newest], newest)
    first, second = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    rows = reference.rows.iloc[first].reset_index(drop=True)
    half = replace(reference, rows=rows, prediction=reference.prediction[first])
    return half, reference.rows.iloc[second].reset_index(drop=True)


def play(reference: Reference, rows: pd.DataFrame, model: Released, params: MonitorParams) -> dict[str, Any]:
    live = live_of(cells(rows, reference.contract), reference.contract)
    return assess(reference, live, model.predictions(live.text), params)


class Trial(NamedTuple):
    """`table`: a line for each fault: its name, what was done, what came of it, by which checks; `missed`: what fails the drill."""

    table: list[tuple[str, str, str, str]]
    missed: list[str]


def try_faults(reference: Reference, model: Released, params: MonitorParams, drill: DrillParams) -> Trial:
    """Clean controls first, then each fault, all on the halves that `drill.random_state` draws."""
    size, random_state, n_controls = drill.shift, drill.random_state, drill.controls
    controls = [play(*halves(reference, random_state + i), model, params) for i in range(n_controls)]
    alarms = sum(c["verdict"] != "ok" for c in controls)
    draws = f"{n_controls} other draws of the halves"
    tried = Trial([("nothing (control)", draws, f"{alarms} alarms", _by(controls))], [])
    if alarms > drill.allowed_alarms:
        tried.missed.append(f"{alarms} of {n_controls} clean controls raise an alarm")
    here, rows = halves(reference, random_state)
    for name, put_in in FAULTS.items():
        fault = put_in(rows, reference.contract, model.folder, size, np.random.default_rng(random_state))
        if fault is None:
            tried.table.append((name, "no column here that could have it", "–", ""))
            continue
        result = play(here, fault[0], model, params)
        caught = result["verdict"] != "ok"
        outcome = f"caught: {result['verdict']}" if caught else "MISSED"
        tried.table.append((name, fault[1], outcome, _by([result])))
        if not caught and name in drill.required and len(rows) >= drill.enough_rows:
            tried.missed.append(f"{name} was missed")
    return tried


def main() -> None:
    add_metrics(METRICS)
    params, drill = MonitorParams.load(), DrillParams.load()
    for name in drill.required:
        if name not in FAULTS:
            raise UserError(f"params.yaml: drill.required has {name!r}; there are {', '.join(FAULTS)}")
    folder = find_bundle()
    if folder is None:
        raise UserError(
            "there is no bundle to try: the gate refused the candidate (models/bundle/REFUSED.md), or `dvc repro` was not run"
        )
    reference = read_reference(folder)
    here, rows = halves(reference, drill.random_state)
    print(f"drill: {folder}; {len(here.rows):,} held-out rows are the reference, {len(rows):,} play live traffic\n")
    with Released(folder) as model:
        tried = try_faults(reference, model, params, drill)
    widths = [max(len(line[i]) for line in tried.table) for i in range(3)]
    for line in tried.table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, [*widths, 0], strict=True)).rstrip())
    print()
    if tried.missed:
        sys.exit(f"drill failed: {'; '.join(tried.missed)}. See params.yaml: monitor, drill.")
    few = len(rows) < drill.enough_rows
    print(f"drill passed; {len(rows)} rows are too few to demand more" if few else "drill passed")


def _by(results: list[dict[str, Any]]) -> str:
    """The checks that raised the alarm."""
    names = dict.fromkeys(c["name"] for r in results for c in r["checks"] if c["verdict"] != "ok")
    return (
        "by " + ", ".join(list(names)[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") if names else ""
    )


if __name__ == "__main__":
    stage(main)
