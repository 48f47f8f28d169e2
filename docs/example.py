"""The live example and the pictures of the docs: a project is generated, reproduced, released, watched for two months, looked at.

    python -m docs.example                      all of it, in a temporary folder (some minutes)
    python -m docs.example --project FOLDER     of a project that was made by an earlier run: the pages and pictures alone

Writes docs/example/ (the project's own pages, its model card and what its commands printed) and docs/pictures/. Needs Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES, PICTURES = ROOT / "docs/example", ROOT / "docs/pictures"
MONTHS = ("2025-10", "2025-11")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT = 1000, 760


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.example", description="the docs' live example and pictures")
    parser.add_argument("--project", default="", help="one that is there")
    parser.add_argument("--time-budget", type=int, default=60, help="of its training, for a busy machine")
    given = parser.parse_args()
    if given.project:
        publish(Path(given.project))
        return
    with tempfile.TemporaryDirectory() as place:
        publish(make(Path(place), given.time_budget))


# ---- the project ----------------------------------------------------------------------------------------------------


def make(place: Path, time_budget: int) -> Path:
    """The bakery, released and watched; what its commands print is kept in commands.txt."""
    run([sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input"], place)
    project = place / "bakery"
    params = project / "params.yaml"
    params.write_text(params.read_text("utf-8").replace("time_budget: 60 ", f"time_budget: {time_budget} "), "utf-8")
    log = [told(project, "dvc", "repro")]
    run(["git", "add", "-A"], project)
    run(["git", "commit", "-q", "-m", "The first model"], project)
    log.append(told(project, sys.executable, "-m", "actions.release"))
    for month in MONTHS:
        shutil.copy(project / f"data/later/{month}.csv", project / "data/live")
        run(["dvc", "add", "-q", f"data/live/{month}.csv"], project)
        log.append(told(project, sys.executable, "-m", "actions.monitor"))
        run(["git", "add", "-A"], project)
        run(["git", "commit", "-q", "-m", f"Live rows of {month}"], project)
    log.append(told(project, sys.executable, "-m", "actions.drill"))
    log.append(told(project, sys.executable, "-m", "actions.status"))
    (project.parent / "commands.txt").write_text("\n\n".join(log) + "\n", "utf-8")
    return project


def run(command: list[str], folder: Path) -> str:
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "Ada"), ("EMAIL", "ada@example.org"))}  # fmt: skip
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, **who, "PATH": path, "PWD": str(folder)}
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def told(folder: Path, *command: str) -> str:
    """As a terminal shows it, without DVC's own lines."""
    noise = re.compile(
        r"Running stage|Updating lock|Generating lock|To track|\tgit add|To enable|\tdvc config|Use `dvc|> python|'.*didn't change|.*skipping"
    )
    lines = [line for line in run(list(command), folder).splitlines() if line.strip() and not noise.match(line)]
    said = " ".join(command).replace(sys.executable, "python")
    return "\n".join([f"$ {said}", *lines])


# ---- its pages and pictures -----------------------------------------------------------------------------------------


def publish(project: Path) -> None:
    PAGES.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in ("data.html", "report.html", "decision.html", "monitoring.html"):
        if (project / "reports" / name).exists():
            shutil.copyfile(project / "reports" / name, PAGES / name)
    card = (project / "models/bundle/MODEL_CARD.md").read_text("utf-8")
    (PAGES / "model_card.md").write_text(card, "utf-8")
    if (project.parent / "commands.txt").exists():
        shutil.copyfile(project.parent / "commands.txt", PAGES / "commands.txt")
    shoot(project)


def shoot(project: Path) -> None:
    from playwright.sync_api import sync_playwright

    browser_path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not browser_path:
        sys.exit("no browser: apt-get install chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=browser_path, args=["--no-sandbox"] if root else [])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((project / "reports/report.html").as_uri())
        page.screenshot(path=PICTURES / "report.png", clip={"x": 0, "y": 0, "width": WIDTH, "height": 500})
        for name, heading in (("metrics", "Metrics"), ("slices", "Where is it weaker"), ("gate", "Acceptance gate")):
            picture_of(page, heading, PICTURES / f"{name}.png")
        page.goto((project / "reports/monitoring.html").as_uri())
        page.screenshot(path=PICTURES / "monitoring.png")
        with serving(project) as address:
            page.goto(address)
            page.click("button")
            page.locator("#answer strong").wait_for()
            page.screenshot(path=PICTURES / "service.png", full_page=True)
        browser.close()
    for picture in PICTURES.glob("*.png"):
        shrink(picture)


def picture_of(page: Any, heading: str, path: Path) -> None:
    """The part of the page that begins with a heading."""
    for title in page.locator("h2").all():
        if title.inner_text().strip().lower().startswith(heading.lower()):
            title.scroll_into_view_if_needed()
            box = title.bounding_box()
            clip = {"x": 0, "y": max(0, box["y"] + page.evaluate("scrollY") - 12), "width": WIDTH, "height": 520}
            page.screenshot(path=path, clip=clip, full_page=True)
            return


def shrink(path: Path) -> None:
    """A page has few colours: 128 of them are a third of the bytes."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


@contextlib.contextmanager
def serving(project: Path) -> Iterator[str]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    bundle = project / "models/bundle"
    env = {
        **os.environ,
        "PORT": str(port),
        "PYTHONPATH": str(bundle / "code"),
        "PREDICTION_LOG": f"sqlite:///{project.parent}/log.db",
    }
    command = [sys.executable, "-m", "service", str(bundle), "--name", "bakery", "--version", "v1.0.0"]
    process = subprocess.Popen(
        command, env=env, cwd=project.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(120):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/health/ready", timeout=5).close()
                break
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
