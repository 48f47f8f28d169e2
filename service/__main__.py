"""python -m service BUNDLE [--name NAME] [--version VERSION] [--shadow BUNDLE --shadow-version VERSION]

Answers questions over HTTP with the model in the folder BUNDLE. Settings are environment variables: see
service/settings.py. It starts only where the bundle's hashes, library versions and golden answers are right.
"""

from __future__ import annotations

import argparse
import os
import re
import sys

from service.bundle import Bundle, BundleError
from service.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__.split("\n\n")[1])
    parser.add_argument("bundle")
    parser.add_argument("--name", default=os.environ.get("MODEL_NAME", "model"))
    parser.add_argument("--version", default=os.environ.get("MODEL_VERSION", ""))
    parser.add_argument("--shadow", help="another bundle, whose answers are logged beside")
    parser.add_argument("--shadow-version", default="")
    given = parser.parse_args()
    if not re.fullmatch(r"[A-Za-z0-9._-]+", given.name):
        sys.exit(f"error: --name {given.name!r} takes letters, digits, dots, dashes and underscores")
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        sys.exit(f"error: {error}")
    if refusal := settings.refusal():
        sys.exit(f"error: {refusal}")
    try:
        bundle = Bundle(given.bundle, given.version)
        if faults := bundle.faults():
            raise BundleError(bundle.folder, faults)
    except BundleError as error:
        sys.exit(f"error: {error}")

    import uvicorn

    from service.app import create_app
    from service.log import LogError

    shadow = None
    if given.shadow:
        from service.shadow import Shadow

        shadow = Shadow(given.shadow, given.shadow_version)
    try:
        app = create_app(bundle, settings, given.name, shadow)
    except LogError as error:
        sys.exit(f"error: {error}")
    print(
        f"{given.name} {bundle.version} on http://{settings.HOST}:{settings.PORT}/  (for programs: /docs)", flush=True
    )
    # switch threads sooner than after 5 ms: the engine works while the loop takes in the next requests
    sys.setswitchinterval(0.0005)
    uvicorn.run(app, host=settings.HOST, port=settings.PORT, access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
