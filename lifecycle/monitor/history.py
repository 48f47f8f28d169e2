"""reports/history/batches.csv: what earlier looks found of each batch, a line for each batch and model.

The monitor is a function of the batches that are there and of this file; it does not write it. `actions.monitor` does, from
the reports of earlier looks, before the next one: so the course of time outlives the batches, and the same inputs still
give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import csv_writer, write_text

HISTORY = Path("reports/history/batches.csv")
PLACES = (HISTORY.parent, Path("data/live"))  # folders that the stage depends on, and that may be empty
TEXTS = ("batch", "from", "to", "version", "model", "metric")
COUNTS = ("rows", "looked_at", "labelled", "drifted")
NUMBERS = ("score", "low", "high", "estimated", "predicted", "outcome")
COLUMNS = (*TEXTS, *COUNTS, *NUMBERS)

Record = dict[str, Any]


def records(result: dict[str, Any]) -> list[Record]:
    """The batches of a look (reports/monitoring.json) that had rows to look at."""
    about = (result.get("about") or [{}])[0]
    shared = {
        "version": about.get("version", ""),
        "model": about.get("model", "")[:12],
        "metric": about.get("metric", ""),
    }
    out = []
    for batch in result.get("batches", []):
        if not batch.get("looked_at") or not shared["model"]:
            continue
        known = {key: batch.get(key) for key in COLUMNS} | {"batch": batch["file"]} | shared
        out.append(known | {key: known[key] or "" for key in TEXTS})
    return out


def read_history(path: Path = HISTORY) -> list[Record]:
    """Raises UserError where the file is no history."""
    if not path.exists():
        return []
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise UserError(f"{path} does not begin with {','.join(COLUMNS)}; `git checkout -- {path}` brings it back")
    try:
        return [_typed(row) for row in reader if row["batch"] != "batch"]  # two branches may each bring the header
    except (TypeError, ValueError):
        raise UserError(
            f"{path}, line {reader.line_num}: not a line of it; `git checkout -- {path}` brings it back"
        ) from None


def _typed(row: dict[str, str]) -> Record:
    out: Record = {key: row[key] for key in TEXTS}
    out |= {key: int(row[key]) if row[key] else None for key in COUNTS}
    return out | {key: float(row[key]) if row[key] else None for key in NUMBERS}


def make_places() -> None:
    """DVC stops where one of them was removed."""
    for place in PLACES:
        place.mkdir(parents=True, exist_ok=True)


def merged(*parts: Iterable[Record]) -> list[Record]:
    """One record for each batch and model: the last one."""
    by_key = {(record["batch"], record["model"]): record for part in parts for record in part}
    return sorted(by_key.values(), key=lambda record: (_when(record), record["version"], record["model"]))


def _when(record: Record) -> tuple[str, str]:
    return record["from"] or record["batch"], record["batch"]


def text_of(history: Iterable[Record]) -> str:
    out = io.StringIO()
    writer = csv_writer(out)
    writer.writerow(COLUMNS)
    for record in history:
        writer.writerow([*(record[key] for key in TEXTS), *(_shown(record[key]) for key in (*COUNTS, *NUMBERS))])
    return out.getvalue()


def write_history(history: Iterable[Record], path: Path = HISTORY) -> None:
    write_text(path, text_of(history))


def _shown(value: float | None) -> str:
    if value is None or value != value:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def timeline(history: Iterable[Record], now: Iterable[Record]) -> list[Record]:
    """Each batch once, in the order of time: as the model saw it that was there when it came, or, where only a later look had
    its labels, as that look did."""
    chosen: dict[str, Record] = {}
    for record in [*history, *now]:
        before = chosen.get(record["batch"])
        same = before is not None and before["model"] == record["model"]
        if before is None or same or (before["score"] is None and record["score"] is not None):
            chosen[record["batch"]] = record
    return sorted(chosen.values(), key=_when)
