"""Score a table with the champion (else models/bundle, or any released version).

python -m actions.score INPUT OUTPUT [--version v1.1.0]      CSV, TSV or Parquet, by their endings
"""

import argparse
import subprocess
import sys

from actions.registry import locate, with_code_of
from lifecycle.ground.errors import stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.score", description="score a table")
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--version", default="", help="a released version, or candidate")
    given = parser.parse_args()
    folder, version = locate(given.version)
    command, env = with_code_of(folder, "service.score", given.input, given.output, "--version", version)
    sys.exit(subprocess.run(command, env=env).returncode)


if __name__ == "__main__":
    stage(main)
