"""One person's rows leave the prediction log and what was collected from it.

    python -m actions.forget --id ID [--id ID ...]            answers, by the id that each was given
    python -m actions.forget --where COLUMN=VALUE             answers to rows whose cell in COLUMN, as received, is VALUE

The log is the one that the service writes (PREDICTION_LOG). The table that the model was trained on, released models and
what DVC has in its cache and remotes are other places: each is yours to change, and this says so.
"""

import argparse
from pathlib import Path

from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import replacing
from lifecycle.monitor.batches import LIVE
from service.log import LogError, PredictionLog
from service.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.forget", description="one person's rows leave the log")
    parser.add_argument("--id", action="append", default=[], help="of an answer; may be given several times")
    parser.add_argument("--where", default="", help="COLUMN=VALUE")
    given = parser.parse_args()
    if not given.id and not given.where:
        raise UserError("nothing to forget; name --id ID, or --where COLUMN=VALUE")
    column, equals, value = given.where.partition("=")
    if given.where and not (column and equals):
        raise UserError(f"--where is {given.where!r}; write it as COLUMN=VALUE")
    try:
        log = PredictionLog(Settings.from_environment().PREDICTION_LOG)
        ids = list(dict.fromkeys([*given.id, *(log.find(column, value) if column else [])]))
        n_log = log.forget(ids)
        log.close()
    except LogError as error:
        raise UserError(str(error)) from None
    n_live = sum(forget_in(path, set(ids), column, value) for path in sorted(LIVE.glob("*.parquet")))
    print(
        f"forget: {n_log} rows of the prediction log and {n_live} of {LIVE} are gone; not looked into: data/raw, models, DVC's cache"
    )


def forget_in(path: Path, ids: set[str], column: str, value: str) -> int:
    """Rows that leave a batch: those of `ids`, and those whose `column` reads `value`."""
    import pandas as pd

    frame = pd.read_parquet(path)
    gone = pd.Series(False, index=frame.index)
    if "__id__" in frame:
        gone |= frame["__id__"].isin(ids)
    if column in frame:
        gone |= frame[column].astype(str) == value
    if not gone.any():
        return 0
    if gone.all():
        path.unlink()
        return len(frame)
    with replacing(path) as beside:
        frame[~gone].to_parquet(beside, index=False)
    return int(gone.sum())


if __name__ == "__main__":
    stage(main)
