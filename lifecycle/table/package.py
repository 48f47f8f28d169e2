"""data/datapackage.json: the raw files as a Frictionless Data Package, so that other tools open and check them as we do.

Each file is a resource with its bytes and hash; a text file also with its encoding, its dialect (the delimiter, the lines that
name the columns, the lines that are no rows) and its schema. What carries its types by itself (Parquet, workbooks) has no
schema here. A column whose notation the standard does not know has the type `any`, or texts of a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lifecycle.ground.files import sha256
from lifecycle.table.read import SOURCE, RawTable
from lifecycle.table.schema import raw_field

PATH = "data/datapackage.json"
_PACKED = {".gz": "gz", ".zip": "zip", ".bz2": "bz2", ".xz": "xz", ".zst": "zst"}
_SUFFIXES = {"txt": "csv", "tab": "tsv", "ndjson": "jsonl", "pq": "parquet", "arrow": "feather", "ipc": "feather"}
_ASIDE = 1_000  # lines that are no rows, named one by one


def data_package(raw: RawTable, contract: Mapping[str, Any], folder: Path = Path("data/raw")) -> dict[str, Any]:
    """The package of `folder`; paths are from the folder above it."""
    fields = {field["name"]: field for field in contract["fields"]}
    resources: list[dict[str, Any]] = []
    for fact, form in zip(raw.facts, raw.forms, strict=True):
        path = folder / str(fact["file"])
        out: dict[str, Any] = {
            "name": _free(_slug(str(fact["file"])), [r["name"] for r in resources]),
            "path": path.relative_to(folder.parent).as_posix(),
            "format": _format(path),
            "bytes": path.stat().st_size,
            "hash": f"sha256:{sha256(path)}",
        }
        if path.suffix.lower() in _PACKED:
            out["compression"] = _PACKED[path.suffix.lower()]
        if form.dialect:
            missing = {"missingValues": [""]}
            columns = zip(form.labels, form.columns, strict=True)
            out["encoding"] = fact["encoding"]
            out["dialect"] = form.dialect | _aside(raw, fact, form.dialect)
            out["schema"] = {"fields": [_field(fields, label, name) for label, name in columns]} | missing
        resources.append(out)
    return {"profile": "data-package", "name": "raw", "resources": resources}


def hashes(package: Mapping[str, Any]) -> dict[str, str]:
    """{file: its SHA-256} of a package in data/datapackage.json."""
    folder = Path(PATH).parent
    return {(folder / one["path"]).as_posix(): one["hash"].removeprefix("sha256:") for one in package["resources"]}


def _field(fields: Mapping[str, Mapping[str, Any]], label: str, name: str) -> dict[str, Any]:
    """The schema of a column of a file, which calls it `label`; a column that is none of the table's holds anything."""
    if name in fields:
        return raw_field(fields[name], label)
    return {"name": label, "type": "any"}


def _format(path: Path) -> str:
    suffixes = [s for s in path.suffixes if s.lower() not in _PACKED]
    suffix = suffixes[-1].lower().removeprefix(".") if suffixes else "csv"
    return _SUFFIXES.get(suffix, suffix)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._/-]+", "-", name.lower()).strip("-") or "table"


def _free(name: str, taken: list[str]) -> str:
    """`name`, with a number where it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _aside(raw: RawTable, fact: Mapping[str, Any], dialect: Mapping[str, Any]) -> dict[str, Any]:
    """The lines that are no rows, where each is known and each record of the file stands on a line of its own."""
    if raw.whole and len(raw.broken) < raw.whole.rows_in - raw.whole.rows:
        return {}  # more of them than are remembered
    name = f"{fact['file']}:"
    broken = [int(b.source.rsplit(":", 1)[1]) for b in raw.broken if b.source.startswith(name)]
    below = [line for line in broken if line > max(dialect["headerRows"])]
    if not below or len(below) > _ASIDE:
        return {}
    rows, end = _rows_of(raw, name)
    if max(end, *below) != max(dialect["headerRows"]) + rows + len(below):
        return {}
    return {"commentRows": sorted({*below, *dialect.get("commentRows", [])})}


def _rows_of(raw: RawTable, name: str) -> tuple[int, int]:
    """(how many rows a file has, the line of its last one); `name`: the file, as sources begin."""
    if raw.whole:
        lines = raw.whole.lines.get(name.removesuffix(":"))
        return (lines.rows, lines.last) if lines else (0, 0)
    sources = raw.frame[SOURCE][raw.frame[SOURCE].str.startswith(name)]
    last = int(str(sources.iloc[-1]).rsplit(":", 1)[1]) if len(sources) else 0
    return len(sources), last
