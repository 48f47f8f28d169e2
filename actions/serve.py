"""Serve a model over HTTP: the champion, else the candidate's bundle of the last `dvc repro`.

    python -m actions.serve [--version v1.1.0] [--shadow v1.2.0]     or: make serve VERSION=v1.1.0 SHADOW=v1.2.0

`candidate` in place of a version means models/bundle. Settings (HOST, PORT, API_KEY, PREDICTION_LOG …) are environment
variables, listed in service/settings.py. The bundle's own code answers, not that of the work tree.
"""

import argparse
import os
import subprocess
import sys

from actions.registry import locate, name, with_code_of
from lifecycle.ground.errors import stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.serve", description="serve a model over HTTP")
    parser.add_argument("--version", default="", help="a released version, or candidate")
    parser.add_argument("--shadow", default="", help="another one, whose answers are logged beside")
    given = parser.parse_args()
    folder, version = locate(given.version)
    arguments = ["--name", name(), "--version", version]
    if given.shadow:
        other, other_version = locate(given.shadow)
        arguments += ["--shadow", str(other), "--shadow-version", other_version or "candidate"]
    command, env = with_code_of(folder, "service", *arguments)
    if os.name == "posix":
        os.execve(command[0], command, env)  # this process becomes the service, and gets its signals
    sys.exit(subprocess.run(command, env=env).returncode)


if __name__ == "__main__":
    stage(main)
