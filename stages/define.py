"""define: the problem block of params.yaml and the raw table become a checked contract.

Run: python -m stages.define      (reads data/raw, params.yaml; writes data/contract.yaml, data/datapackage.json,
reports/data_profile.json, and reports/data.html, to be looked at before anything is trained).
From the last contract one thing is kept: the draw of the test rows, so that a row stays on its side as the table grows.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from custom.metrics import METRICS
from lifecycle.ground.errors import UserError, stage, visible
from lifecycle.ground.files import write_json, write_text, write_yaml
from lifecycle.ground.memory import collecting_seldom
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import DefineParams, ProblemParams, SplitParams, check_params, read_columns
from lifecycle.ground.workplace import workplace
from lifecycle.report.data_page import data_page
from lifecycle.table.asked import check_types
from lifecycle.table.contract import Contract, read_contract
from lifecycle.table.define import CONTRACT, MIN_ROWS, build_contract, changes, profile
from lifecycle.table.overview import overview
from lifecycle.table.package import PATH, data_package, hashes
from lifecycle.table.profile import read_profiled
from lifecycle.table.read import ReadOptions


def last_contract() -> Contract | None:
    try:
        return read_contract(CONTRACT) if Path(CONTRACT).exists() else None
    except UserError:
        return None  # cut, or of another make: written anew


@collecting_seldom()
def main() -> None:
    add_metrics(METRICS)
    check_params()
    problem, columns, define = asdict(ProblemParams.load()), read_columns(), asdict(DefineParams.load())
    check_types(problem, columns)
    before = last_contract()
    split, drawn = SplitParams.load(), before.identity if before else None
    with workplace() as at:
        raw = read_profiled("data/raw", ReadOptions.from_params(define, columns), problem["target"], at)
        if len(raw.frame) < MIN_ROWS:
            raise UserError(
                f"data/raw has {len(raw.frame)} usable rows; a model needs {MIN_ROWS} to be fitted and tested: add rows"
            )
        contract, notes = build_contract(raw, problem, columns, define, split, drawn)
    if before:
        notes = notes + changes(before.write(), contract)
    write_yaml(CONTRACT, contract, "written by `python -m stages.define`; to change it, change params.yaml")
    package = data_package(raw, contract)
    write_json(PATH, package)
    about, terms = profile(raw, contract), Contract.read(contract)
    write_json("reports/data_profile.json", about)
    write_text("reports/data.html", data_page(terms, about, overview(raw.frame, terms, raw.read), hashes(package)))
    for note in notes:
        print(f"  {visible(note)}")
    roles = pd.Series([f["role"] for f in contract["fields"]]).value_counts()
    counts = ", ".join(f"{n} {role}" for role, n in roles.items())
    print(f"define: {raw.rows_in:,} rows, {len(contract['fields'])} columns ({counts}), {contract['problem']['task']}")


if __name__ == "__main__":
    stage(main)
