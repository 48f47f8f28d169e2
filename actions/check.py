"""Verify a bundle as the service does: hashes, library versions, golden answers.

python -m actions.check [VERSION] [--image]      the champion, else models/bundle; or a released version; or candidate

--image: not in this environment but in one made for it, with the bundle's locked requirements alone, as the image has them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from actions.registry import locate, run, with_code_of
from lifecycle.ground.errors import UserError, stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.check", description="verify a bundle")
    parser.add_argument("version", nargs="?", default="")
    parser.add_argument("--image", action="store_true", help="in a fresh environment of its locked requirements alone")
    given = parser.parse_args()
    folder, version = locate(given.version)
    print(f"{folder} {version}".strip(), flush=True)
    command, env = with_code_of(folder, "service.bundle")
    with tempfile.TemporaryDirectory() as place:
        if given.image:
            command[0] = environment(Path(place), folder / "requirements.txt")
        code = subprocess.run(command, env=env).returncode
    sys.exit(code)


def environment(place: Path, requirements: Path) -> str:
    """The interpreter of a new environment in `place`."""
    if not requirements.exists():
        raise UserError(
            f"{requirements} is missing, so the bundle is not whole; `dvc repro` or `dvc pull` brings it back"
        )
    print(f"installing {requirements} into an environment of its own ...", flush=True)
    run(sys.executable, "-m", "venv", str(place))
    python = str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
    run(python, *install, cure="the package index must be within reach")
    return python


if __name__ == "__main__":
    stage(main)
