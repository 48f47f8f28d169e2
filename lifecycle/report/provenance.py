"""What each page says at its foot, so that it can be had again: project, model, rows, seed, dates, libraries.

A stage writes the same bytes for the same inputs, so that its pages cannot name a commit: that holds them and is made after them.
They say the hash of their data and the command that finds the commit; what actions write (compare.html) names it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lifecycle.ground.files import sha256

SHOWN = 12  # characters of a hash


def project() -> str:
    """Its name, from pyproject.toml; nothing where there is none."""
    here = Path("pyproject.toml")
    if not here.exists():
        return ""
    return str(tomllib.loads(here.read_text("utf-8")).get("project", {}).get("name", ""))


def hashed(path: str) -> str:
    """The beginning of a file's SHA-256; nothing where there is no such file."""
    return sha256(path)[:SHOWN] if Path(path).exists() else ""


def of_evaluation(evaluation: Mapping[str, Any], page: str = "") -> str:
    """Which project, model, rows and libraries a page on an evaluation is about; `page`: its path, by which Git knows its commit.
    Nothing but these where the evaluation was written before it kept them."""
    about = evaluation.get("about") or {}
    said = []
    if page and (named := project()):
        said.append(f"Project {named}")
    if about.get("model"):
        said.append(f"model {about['model']} (SHA-256 of model.joblib)")
    if about.get("test"):
        said.append(f"test rows {about['test']} (SHA-256 of data/test.parquet)")
    if "random_state" in about:
        said.append(f"drawn with seed {about['random_state']}")
    if about.get("dates"):
        said.append(f"dates from {about['dates'][0]} to {about['dates'][1]}")
    said += [f"{name} {version}" for name, version in about.get("versions", {}).items()]
    return sentence(said, page)


def of_table(seed: int | None, dates: list[str], page: str, hashes: Mapping[str, str]) -> str:
    """Which project and raw files the page on the data is about; `hashes`: {file: its SHA-256} of those that are known, since to
    read a large file for it once is enough."""
    files = sorted(path for path in Path("data/raw").rglob("*") if path.is_file() and not path.name.startswith("."))
    said = []
    if named := project():
        said.append(f"Project {named}")
    for path in files[:3]:
        known = hashes.get(path.as_posix(), "")[:SHOWN] or hashed(str(path))
        said.append(f"{path.name} {known} (SHA-256)")
    if len(files) > 3:
        said.append(f"and {len(files) - 3} more files")
    if seed is not None:
        said.append(f"test rows to be drawn with seed {seed}")
    if dates:
        said.append(f"dates from {dates[0]} to {dates[1]}")
    return sentence(said, page)


def sentence(said: list[str], page: str) -> str:
    if not said:
        return ""
    first = said[0][0].upper() + said[0][1:]
    commit = f" Its commit: git log -1 -- {page}." if page else ""
    return f"{'; '.join([first, *said[1:]])}.{commit}"
