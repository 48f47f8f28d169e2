"""Snapshot the prediction log into data/live, a Parquet file a day, each row with its answer and its true value where one came.

    python -m actions.collect      or: make collect; PREDICTION_LOG names the log, as for the service

Cells are texts as the table in data/raw has them, so that one reader reads both, and a retraining can take them over. The
target is empty until feedback has come; a label that comes later changes its day's file at the next call. Days that
did not change keep their file as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import replacing, sha256
from lifecycle.monitor.batches import LIVE
from lifecycle.table import notation
from lifecycle.table.contract import Contract, Field, read_contract
from lifecycle.table.names import RESERVED
from service.log import LogError, PredictionLog
from service.settings import Settings


def spelled(value: Any, field: Field) -> str:
    """A JSON cell in the words of the table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        words = (field.true_values if value else field.false_values) or [str(value).lower()]
        return str(words[0])
    if isinstance(value, int | float) and field.is_number:
        return notation.write(value, notation.of_field(field))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def table(records: list[dict[str, Any]], contract: Contract) -> pd.DataFrame:
    """One row an answer: the contract's columns as text, then what the service knows, under names in underscores."""
    if taken := [f.name for f in contract.fields if RESERVED.fullmatch(f.name)]:
        raise UserError(
            f'data/contract.yaml has a column "{taken[0]}", a name for what the service knows; `dvc repro define` renames it'
        )
    target = contract.problem.target
    rows = [json.loads(r["row"]) for r in records]
    columns = {f.name: [spelled(row.get(f.name), f) for row in rows] for f in contract.fields if f.name != target}
    truth = contract.by_name[target]
    columns[target] = [spelled(json.loads(r["truth"]), truth) if r["truth"] else "" for r in records]
    columns["__id__"] = [r["id"] for r in records]
    columns["__time__"] = [r["time"].isoformat() for r in records]
    columns["__version__"] = [r["version"] for r in records]
    columns["__flags__"] = [r["flags"] for r in records]
    frame = pd.DataFrame(columns, dtype="str")
    answers = [json.loads(r["answer"]) for r in records]
    if contract.problem.task == "regression":
        frame["__answer__"] = answers
    else:
        for i in range(len(contract.problem.classes)):  # an older version may have known fewer
            frame[f"__p_{i}__"] = [a[i] if i < len(a) else None for a in answers]
    return frame


def write_day(path: Path, parts: Any, contract: Contract) -> tuple[int, int, bool]:
    """(rows, rows with a label, whether the file changed)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = labelled = 0
    writer: Any = None
    old = sha256(path) if path.exists() else ""
    try:
        with replacing(path) as beside:
            for records in parts:
                arrow = pa.Table.from_pandas(table(records, contract), preserve_index=False).replace_schema_metadata()
                writer = writer or pq.ParquetWriter(beside, arrow.schema)
                writer.write_table(arrow.cast(writer.schema))
                n, labelled = n + len(records), labelled + sum(r["truth"] is not None for r in records)
            writer.close()
            if sha256(beside) == old:
                raise _Same
    except _Same:
        return n, labelled, False
    return n, labelled, True


class _Same(Exception):
    """The day's file would have the bytes that it has."""


def main() -> None:
    settings, contract = Settings.from_environment(), read_contract()
    try:
        log = PredictionLog(settings.PREDICTION_LOG)
        done = {day: write_day(LIVE / f"{day}.parquet", log.read_day(day), contract) for day in log.days()}
    except LogError as error:
        raise UserError(str(error)) from None
    if not done:
        raise UserError("the prediction log is empty; make serve, and ask something")
    rows, labelled = sum(n for n, _, _ in done.values()), sum(m for _, m, _ in done.values())
    print(
        f"collect: {rows} answers, {labelled} with their true value, of {len(done)} days; {sum(c for _, _, c in done.values())} files changed in {LIVE}"
    )
    print(
        "next: dvc add --glob data/live/*.parquet && git add data/live && git commit -m 'Live rows'; dvc repro judges them"
    )


if __name__ == "__main__":
    stage(main)
