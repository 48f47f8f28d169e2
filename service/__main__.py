"""python -m service BUNDLE [--name NAME] [--version VERSION] [--shadow BUNDLE --shadow-version VERSION]

Answers questions over HTTP with the model in the folder BUNDLE. Settings are environment variables: see
service/settings.py. It starts only where the bundle's hashes, library versions and golden answers are right.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from service.bundle import Bundle, BundleError
from service.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def arguments() -> argparse.Namespace:
    assert __doc__
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__.split("\n\n")[1])
    parser.add_argument("bundle")
    parser.add_argument("--name", default=os.environ.get("MODEL_NAME", "model"))
    parser.add_argument("--version", default=os.environ.get("MODEL_VERSION", ""))
    parser.add_argument("--shadow", help="another bundle, whose answers are logged beside")
    parser.add_argument("--shadow-version", default="")
    given = parser.parse_args()
    if not re.fullmatch(r"[A-Za-z0-9._-]+", given.name):
        sys.exit(f"error: --name {given.name!r} takes letters, digits, dots, dashes and underscores")
    return given


def app() -> FastAPI:
    """The app of this process, from its command line and environment; one line and exit status 1 where it cannot be."""
    given = arguments()
    bundle = verified(given)
    from service.app import create_app
    from service.log import LogError

    shadow = None
    if given.shadow:
        from service.shadow import Shadow

        shadow = Shadow(given.shadow, given.shadow_version)
    try:
        made = create_app(bundle, Settings.from_environment(), given.name, shadow)
    except LogError as error:
        sys.exit(f"error: {error}")
    leave_alone_what_stays()
    return made


def leave_alone_what_stays() -> None:
    """Libraries and model are not looked through for garbage again: each full search takes 100 ms in which nobody is answered."""
    gc.collect()
    gc.freeze()


def verified(given: argparse.Namespace) -> Bundle:
    try:
        bundle = Bundle(given.bundle, given.version)
        if faults := bundle.faults():
            raise BundleError(bundle.folder, faults)
    except BundleError as error:
        sys.exit(f"error: {error}")
    return bundle


def main() -> None:
    given = arguments()
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        sys.exit(f"error: {error}")
    if refusal := settings.refusal():
        sys.exit(f"error: {refusal}")

    import uvicorn

    from service.clients import BACKLOG

    config: dict[str, Any] = {
        "host": settings.HOST,
        "port": settings.PORT,
        "backlog": BACKLOG,
        "http": "service.clients:Connection",
        "ws": "none",
        "timeout_keep_alive": settings.IDLE_SECONDS,
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
    }
    address = f"on http://{settings.HOST}:{settings.PORT}/  (for programs: /docs)"
    if settings.WORKERS == 1:
        one = app()
        print(f"{given.name} {one.version} {address}", flush=True)
        uvicorn.run(one, **config)
        return
    version = verified(given).version  # a fault is said once, not by each worker again and again
    print(f"{given.name} {version}, {settings.WORKERS} processes, {address}", flush=True)
    with shared_metrics():
        uvicorn.run("service.__main__:app", factory=True, workers=settings.WORKERS, **config)


@contextlib.contextmanager
def shared_metrics() -> Iterator[None]:
    """A folder in which the processes add up their figures; prometheus_client looks for it when it is imported."""
    with tempfile.TemporaryDirectory(prefix="metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


if __name__ == "__main__":
    main()
