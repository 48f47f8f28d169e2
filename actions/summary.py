"""What a reviewer wants to know of a run, as Markdown for a pull request or a job's summary.

python -m actions.summary [BASE]      metrics and parameters against the commit BASE, the gate, the monitor's verdict
"""

import argparse

from actions.registry import dvc
from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_json
from lifecycle.ground.words import plain


def cell(text: object) -> str:
    return plain(text).replace("|", "\\|").replace("\n", " ")


def gate() -> str:
    found = read_json("reports/validation.json")
    lines = [
        f"## Gate {'passed' if found['passed'] else 'FAILED'}",
        "| | check | measured | required | why |",
        "|---|---|---|---|---|",
    ]
    for c in found["checks"]:
        facts = (c[key] for key in ("name", "measured", "required", "why"))
        lines.append(f"| {'✓' if c['passed'] else '✗'} | {' | '.join(map(cell, facts))} |")
    return "\n".join(lines)


def monitor() -> str:
    found = read_json("reports/monitoring.json")
    reasons = "\n".join(f"- {cell(r)}" for r in found["reasons"][:12])
    return f"## Monitoring: {found['verdict']}\n{reasons}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.summary", description="a run's results as Markdown")
    parser.add_argument("base", nargs="?", default="", help="a commit to compare with")
    base = parser.parse_args().base
    if base:
        print("## Metrics\n" + (dvc("metrics", "diff", "--md", base).strip() or "No metric changed."))
        print("\n## Parameters\n" + (dvc("params", "diff", "--md", base).strip() or "No parameter changed."))
    else:
        print("## Metrics\n" + dvc("metrics", "show", "--md").strip())
    print("\n" + gate() + "\n\n" + monitor())
    print("\nreports/report.html and reports/monitoring.html show more; they are among the run's artifacts.")


if __name__ == "__main__":
    stage(main)
