"""report: one self-contained page that a person reads before trusting, releasing or questioning the model.

Run: python -m stages.report      (reads data/contract.yaml, reports/*.json, reports/leaderboard.csv, reports/plots/;
writes reports/report.html). No script, nothing from the network; it prints, and follows a dark screen.
"""

from __future__ import annotations

from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_json, write_text
from lifecycle.report.document import read_table, report
from lifecycle.report.sections import (
    fold_gap,
)
from lifecycle.table.contract import read_contract


def main() -> None:
    text = {"calibration": [], "confusion": ["actual", "predicted"], "curve": [], "detail": ["chart", "label"]}
    validation, evaluation = read_json("reports/validation.json"), read_json("reports/evaluation.json")
    board = read_table("reports/leaderboard.csv", ["name", "metric", "chosen"])
    html = report(
        read_contract(),
        read_json("reports/data_profile.json"),
        read_json("reports/cleaning.json"),
        board,
        evaluation,
        {name: read_table(f"reports/plots/{name}.csv", columns) for name, columns in text.items()},
        validation,
    )
    write_text("reports/report.html", html)
    gate = "passed" if validation["passed"] else "failed"
    size = f"{len(html.encode()) / 1000:,.0f} kB"
    if gap := fold_gap(evaluation, board):
        print(f"  {gap}")
    print(f"report: {size}, {html.count('<svg')} charts, gate {gate}; open reports/report.html")


if __name__ == "__main__":
    stage(main)
