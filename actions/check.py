"""Verify a bundle as the service does: hashes, library versions, golden answers.

python -m actions.check [VERSION]      the champion, else models/bundle; or a released version; or candidate
"""

import argparse
import subprocess
import sys

from actions.registry import locate, with_code_of
from stages.lib.errors import stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.check", description="verify a bundle")
    parser.add_argument("version", nargs="?", default="")
    folder, version = locate(parser.parse_args().version)
    print(f"{folder} {version}".strip(), flush=True)
    command, env = with_code_of(folder, "service.bundle")
    sys.exit(subprocess.run(command, env=env).returncode)


if __name__ == "__main__":
    stage(main)
