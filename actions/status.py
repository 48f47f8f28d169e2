"""Where the project stands: the score beside the baseline, the gate, what to open, what to commit, what comes next.

    python -m actions.status [--readme]      after each `make repro`

It reads what the stages wrote, and asks Git. `--readme`: the part of README.md between `<!-- status -->` and `<!-- /status -->`
says it too: of the problem, the data, the score, and no more than the reports say, so that it changes with them alone. A stage
that did this would own the file, and a README is yours.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actions.registry import BUNDLE, champion_version, changed_paths, git, pointer_at
from actions.summary import cell
from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_json, write_text
from lifecycle.model.store import folder_hash, pointed_hash
from lifecycle.report.standing import gate_words, score_words, to_open
from lifecycle.table.contract import read_contract

README, BEGIN, END = Path("README.md"), "<!-- status -->", "<!-- /status -->"


def to_commit() -> str:
    """The command, or that there is nothing to commit."""
    paths = changed_paths() + changed_paths(untracked=True)
    if not paths:
        return "nothing: this is the commit's"
    some = "file" if len(paths) == 1 else "files"
    return f'git add -A && git commit -m "..."      ({len(paths)} {some}, such as {paths[0]})'


def next_step(validation: dict[str, Any], monitoring: dict[str, Any]) -> str:
    if not validation["passed"]:
        return "reports/report.html says what failed and what cures it; params.yaml holds what is required (problem.criteria)"
    if monitoring["verdict"] == "retrain":
        return "make retrain      (python -m actions.retrain)"
    released = champion_version()  # empty where there is none, and in a clone without tags
    in_production = f"; {released} is in production" if released else ""
    if BUNDLE.exists() and folder_hash(BUNDLE) != pointed_hash(pointer_at("HEAD")):
        return f"make release      (python -m actions.release){in_production}"
    return f"make serve        (python -m actions.serve){in_production}"


def lines() -> Iterator[tuple[str, str]]:
    """(what, how it stands). Raises UserError where the pipeline has not run to its end."""
    named = (f"reports/{name}.json" for name in ("evaluation", "validation", "monitoring"))
    evaluation, validation, monitoring = map(read_json, named)
    yield "score", score_words(evaluation[0])
    yield "gate", gate_words(validation)
    if monitoring["verdict"] != "no data":
        yield "monitor", monitoring["verdict"]
    yield "open", to_open(monitoring)
    if git("rev-list", "-n", "1", "--all"):
        yield "commit", to_commit()
        yield "next", next_step(validation, monitoring)


# ---- README.md ------------------------------------------------------------------------------------------------------


def write_status() -> None:
    """Into README.md, where it has a place for it."""
    if not README.exists():
        return
    text = README.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if end:
        write_text(README, f"{before}{begin}\n{status_table()}{end}{after}")


def status_table() -> str:
    """What the reports say, as a table."""
    problem = read_contract().problem
    named = (f"reports/{name}.json" for name in ("evaluation", "validation", "monitoring", "cleaning"))
    evaluation, validation, monitoring, cleaning = map(read_json, named)
    clean, aside, twice = (f"{cleaning[key]:,}" for key in ("clean", "quarantined", "duplicates"))
    rows = {
        "Predicts": f"{problem.target} ({problem.task})",
        "Data": f"{cleaning['rows_in']:,} rows: {clean} clean, {aside} set aside, {twice} duplicates",
        "Score": score_words(evaluation[0]),
        "Gate": gate_words(validation),
        "Monitor": monitoring["verdict"],
    }
    lines = [f"| {what} | {cell(how)} |" for what, how in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines]) + "\n"


def show() -> None:
    print()
    for what, how in lines():
        print(f"{what:8} {how}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.status", description="where the project stands")
    parser.add_argument("--readme", action="store_true", help="also in README.md, between the marks of its status")
    if parser.parse_args().readme:
        write_status()
    show()


if __name__ == "__main__":
    stage(main)
