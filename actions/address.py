"""Addresses from which a table may come, at generation and later. The generation hook imports this: standard library alone."""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

from lifecycle.table.formats import is_table_name

WEB = ("http", "https")
EXTRAS = {"s3": "dvc-s3", "gs": "dvc-gs", "az": "dvc-azure", "azure": "dvc-azure", "abfs": "dvc-azure"}


def cure(scheme: str) -> str:
    """What helps where DVC cannot read from an address of this kind."""
    if scheme in EXTRAS:
        return f"is {EXTRAS[scheme]} installed (python -m pip install {EXTRAS[scheme]}), and are its credentials set?"
    return "does the address open in a browser?"


def file_name(address: str) -> str:
    name = urllib.parse.unquote(urllib.parse.urlsplit(address).path).rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^\w.-]", "_", name).strip(".") or "table"


def table_name(path: Path) -> str:
    """A name for the file at `path` that says what it is."""
    if is_table_name(path):
        return path.name
    with path.open("rb") as file:
        return path.name + (".parquet" if file.read(4) == b"PAR1" else ".csv")
