"""What it costs that a released model answers with its own code, in a process of its own; and what a bundle weighs.

    python -m benchmarks.champion [--rows 700 20000] [--times 3]

A small bakery is made and released (tests/released.py). Gate, monitor and drill then run as they are, and with the model loaded by
the work tree's code in their own process, as it was before. Shown are the medians of whole commands: seconds by the clock, and of
the processor, which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import released

ROOT = Path(__file__).parents[1]
CALLERS = {
    "gate": "stages.validate",
    "monitor": "stages.monitor",
    "drill": "actions.drill",
}
WITHOUT = "import lifecycle.model.released as r; from benchmarks.champion import InProcess; r.Released = InProcess; "
RUN = "import importlib, sys; module = sys.argv.pop(1); importlib.import_module(module).main()"


class InProcess:
    """What `Released` was before: the bundle's model, read by the code that asks. It has the same methods."""

    def __init__(self, folder: str | Path) -> None:
        from lifecycle.model.store import load_model
        from lifecycle.table.conform import conform
        from lifecycle.table.contract import MODEL, read_contract

        self.folder = Path(folder)
        self.contract, self.model = read_contract(self.folder / "contract.yaml"), load_model(self.folder)
        self.task, self.n_rows = self.model.task, self.model.n_rows
        self.classes = list(self.model.classes) if self.task != "regression" else []
        self.typed = functools.partial(conform, contract=self.contract, roles=MODEL)

    def predictions(self, rows: Any) -> Any:
        return self.model.predictions(self.typed(rows).frame)

    def certainty(self, rows: Any) -> None:
        """Not asked for: what is compared is the asking itself."""

    def decide(self, prediction: Any) -> Any:
        return self.model.decide(prediction)

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def seconds(place: Path, module: str, without: bool, times: int) -> tuple[float, float]:
    """(by the clock, of the processor), each the median of `times` runs."""
    env = {**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", (WITHOUT if without else "") + RUN, module]
    clock, processor = [], []
    for _ in range(times):
        start, used = time.perf_counter(), processor_seconds()
        done = subprocess.run(command, cwd=place, env=env, capture_output=True, encoding="utf-8")
        clock.append(time.perf_counter() - start)
        processor.append(processor_seconds() - used)
        if done.returncode and module != "actions.drill":  # a drill that misses a fault ends with 1
            raise SystemExit(done.stdout + done.stderr)
    return statistics.median(clock), statistics.median(processor)


def processor_seconds() -> float:
    """Of all that this process started and that has ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def weigh(folder: Path) -> None:
    sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    code = sum(size for name, size in sizes.items() if name.startswith("code/"))
    large = {name: size for name, size in sizes.items() if size > 5000 and not name.startswith("code/")}
    parts = ", ".join(f"{name} {size / 1000:.0f}" for name, size in sorted(large.items(), key=lambda item: -item[1]))
    print(f"  bundle {sum(sizes.values()) / 1e6:.2f} MB in {len(sizes)} files; in kB: code {code / 1000:.0f}, {parts}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.champion", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[700, 20_000])
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    table = released.table
    for rows in given.rows:
        released.table = lambda n, seed, start, turned=False, rows=rows: table(rows, seed, start, turned)
        with tempfile.TemporaryDirectory() as folder:
            with contextlib.redirect_stdout(io.StringIO()):
                place = released.make(Path(folder) / "project")
            table(rows, 2, "2025-04-01").to_csv(place / "data/live/a.csv", index=False)
            print(f"{rows} rows to learn from, {rows} live ones", flush=True)
            for caller, module in CALLERS.items():
                with_it = seconds(place, module, False, given.times)
                without = seconds(place, module, True, given.times)
                for what, one, other in zip(("clock", "processor"), with_it, without, strict=True):
                    figures = f"{one:5.1f} s with, {other:5.1f} s without: {one - other:+.1f} s"
                    print(f"  {caller:8} {what:9} {figures}", flush=True)
            weigh(place / "models/champion/bundle")


if __name__ == "__main__":
    main()
