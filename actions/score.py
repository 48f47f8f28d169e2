"""Score a table with the champion (else models/bundle, or any released version).

python -m actions.score INPUT [OUTPUT] [--version v1.1.0] [--explain 5]      CSV, TSV or Parquet, by their endings
python -m actions.score s3://bucket/new/ s3://bucket/scored/      a folder of tables, here or in a store, each by one worker

Without OUTPUT the answers go to data/scored/, which Git ignores: they are rows of people, and no part of the project.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from actions.registry import locate, with_code_of
from lifecycle.ground.errors import stage
from service.folder import is_folder

TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
SCORED = Path("data/scored")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.score", description="score a table")
    parser.add_argument("input")
    parser.add_argument("output", nargs="?", default="")
    parser.add_argument("--version", default="", help="a released version, or candidate")
    parser.add_argument("--explain", type=int, default=0, help="so many reasons beside each answer")
    given = parser.parse_args()
    folder, version = locate(given.version)
    output = given.output or default_output(given.input)
    command, env = with_code_of(folder, "service.score", given.input, output, "--version", version)
    if given.explain:
        command += ["--explain", str(given.explain)]
    sys.exit(subprocess.run(command, env=env).returncode)


def default_output(source: str) -> str:
    """data/scored/ and the input's name, with an ending that can be written; of a folder a folder."""
    path = Path(source)
    if is_folder(source):
        return f"{(SCORED / path.name).as_posix()}/"
    if path.suffix.lower() in (".gz", ".zip", ".bz2", ".xz", ".zst"):
        path = path.with_suffix("")
    suffix = path.suffix.lower() if path.suffix.lower() in TEXT + PARQUET else ".csv"
    return (SCORED / path.with_suffix(suffix).name).as_posix()


if __name__ == "__main__":
    stage(main)
