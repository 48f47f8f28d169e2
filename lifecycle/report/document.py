"""The report: one self-contained page that a person reads before trusting, releasing or questioning the model.

No script, nothing from the network; it prints, and follows a dark screen. To add a section, write
templates/report/NAME.html.j2 and put NAME into SECTIONS. It sees the fields of `Facts` by their names, the functions of
headline.py, tables.py, figures.py and charts.py by these, those of glossary.py as `words`, and the filters of page.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_json
from lifecycle.report import certainty, charts, figures, glossary, headline, sides, tables
from lifecycle.report.page import page
from lifecycle.report.provenance import of_evaluation
from lifecycle.report.sides import Sides, read_sides
from lifecycle.table.contract import Contract, read_contract

# in the order of the page
SECTIONS = ("problem", "data", "models", "metrics", "plots", "certainty", "slices", "explanation", "errors", "gate")

# columns of reports/plots/*.csv that stay text: a class may be called "1" or "NA"
TITLES = ["title", "x_title", "y_title"]
PLOTS = {"calibration": TITLES, "confusion": ["actual", "predicted", "title"], "curve": TITLES}
PAGE = "reports/report.html"
DETAIL, REASONS = "reports/plots/detail.json", "reports/plots/reasons.json"


class Facts(NamedTuple):
    """What the stages before wrote; a template sees each under its name."""

    contract: Contract
    profile: dict[str, Any]
    cleaning: dict[str, Any]
    board: pd.DataFrame
    evaluation: dict[str, Any]
    plots: dict[str, pd.DataFrame]
    validation: dict[str, Any]
    sides: Sides | None  # training rows against test rows


def read_facts() -> Facts:
    plots = {name: read_table(f"reports/plots/{name}.csv", text) for name, text in PLOTS.items()}
    plots["detail"] = pd.DataFrame(read_json(DETAIL)).astype({"x": float, "y": float})
    plots["reasons"] = pd.DataFrame(read_json(REASONS)).astype({"amount": float, "rank": float})
    (evaluation,) = read_json("reports/evaluation.json")
    contract = read_contract()
    return Facts(
        contract=contract,
        profile=read_json("reports/data_profile.json"),
        cleaning=read_json("reports/cleaning.json"),
        board=read_table("reports/leaderboard.csv", ["name", "metric", "chosen"]),
        evaluation=evaluation,
        plots=plots,
        validation=read_json("reports/validation.json"),
        sides=read_sides(contract),
    )


def report(facts: Facts) -> str:
    helpers = {
        "headline": headline,
        "tables": tables,
        "figures": figures,
        "charts": charts,
        "words": glossary,
        "sure": certainty,
        "apart": sides,
    }
    title = f"Model report: {facts.contract.problem.target}"
    return page("report", title, SECTIONS, facts._asdict() | helpers, provenance=of_evaluation(facts.evaluation, PAGE))


def read_table(path: str, text: list[str]) -> pd.DataFrame:
    """A CSV as evaluate and train wrote it; the columns in `text` stay text."""
    if not Path(path).exists():
        raise UserError(f"{path} is missing; `dvc repro` makes it")
    numbers = {c: [""] for c in pd.read_csv(path, nrows=0).columns.difference(text)}
    return pd.read_csv(path, dtype=dict.fromkeys(text, "str"), keep_default_na=False, na_values=numbers)
