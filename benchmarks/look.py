"""A look at the table before training: our define, which also writes the contract, beside skrub's TableReport, on the same file.

    python -m benchmarks.look TABLE.csv TARGET [--skrub PYTHON]      PYTHON: one that has skrub
    python -m benchmarks.look --rows 1000000 [--skrub PYTHON]        a made table of so many rows, as benchmarks/table.py has it

Prints processor seconds of the whole command (Python's start and reading included) and the size of the page.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.table import make

ROOT = Path(__file__).parents[1]
SKRUB = """
import sys
import pandas as pd
from skrub import TableReport

TableReport(pd.read_csv(sys.argv[1]), verbose=0).write_html(sys.argv[2])
"""


def processor(command: list[str], folder: Path) -> float:
    """Seconds, those of its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(name: str, seconds: float, page: Path) -> None:
    print(f"{name:<22} {seconds:6.1f} s of processor time, {page.stat().st_size / 1000:,.0f} kB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("target", nargs="?", default="late")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--skrub", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        raw = folder / "data/raw/table.csv"
        raw.parent.mkdir(parents=True)
        if given.rows:
            make(raw, given.rows)
        else:
            shutil.copyfile(given.table, raw)
        params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
        params["problem"] |= {"statement": "", "target": given.target}
        params["columns"] = {}
        (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
        seconds = processor([sys.executable, "-m", "stages.define"], folder)
        show("define, data.html", seconds, folder / "reports/data.html")
        if given.skrub:
            page = folder / "skrub.html"
            seconds = processor([given.skrub, "-c", SKRUB, str(raw), str(page)], folder)
            show("skrub's TableReport", seconds, page)


if __name__ == "__main__":
    main()
