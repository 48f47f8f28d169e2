"""An environment of its own for each tool that is measured beside ours: benchmarks/.envs/NAME, made at the first call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ENVS = Path(__file__).with_name(".envs")


def environment(name: str, *steps: list[str]) -> Path:
    """The folder of its programs. `steps`: packages of one `pip install` after the other, so that a later one may
    overrule what an earlier one asks for. Gigabytes, and minutes, the first time."""
    place = ENVS / name
    programs = (place / ("Scripts" if os.name == "nt" else "bin")).absolute()
    if not (place / "ready").exists():
        print(f"making {place} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        for packages in steps:
            command = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        (place / "ready").touch()
    return programs
