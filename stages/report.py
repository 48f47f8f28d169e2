"""report: one self-contained page that a person reads before trusting, releasing or questioning the model.

Run: python -m stages.report      (reads data/contract.yaml, data/*.parquet, reports/*.json, reports/leaderboard.csv, reports/plots/;
writes reports/report.html and reports/decision.html). Nothing from the network; they print, and follow a dark screen.
"""

from __future__ import annotations

from custom.metrics import METRICS
from lifecycle.ground.errors import stage
from lifecycle.ground.files import write_text
from lifecycle.ground.metrics import add_metrics
from lifecycle.report.decisions import decision_page
from lifecycle.report.document import read_facts, report
from lifecycle.report.tables import fold_gap


def main() -> None:
    add_metrics(METRICS)
    facts = read_facts()
    html = report(facts)
    write_text("reports/report.html", html)
    write_text("reports/decision.html", decision_page(facts.contract, facts.evaluation))

    gate = "passed" if facts.validation["passed"] else "failed"
    size = f"{len(html.encode()) / 1000:,.0f} kB"
    if gap := fold_gap(facts.evaluation, facts.board):
        print(f"  {gap}")
    print(
        f"report: {size}, {html.count('<svg')} charts, gate {gate}; open reports/report.html and reports/decision.html"
    )


if __name__ == "__main__":
    stage(main)
