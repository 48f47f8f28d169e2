"""Retention: days older than LOG_KEEP_DAYS leave the prediction log, whole, while the service runs."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from service.log import LogError, PredictionLog

logger = logging.getLogger("uvicorn.error")
PAUSE_SECONDS = 600


def first_kept(days: int, now: datetime | None = None) -> str:
    """The UTC day before which all goes. Whole days: `actions.collect` has a file for each, and a day cut in two would be
    collected again, shorter."""
    today = (now or datetime.now(UTC)).date()
    return (today - timedelta(days=days)).isoformat()


async def keep(log: PredictionLog, days: int) -> None:
    """Again and again, for ever. Several processes may do so on one log."""
    while True:
        try:
            removed = await asyncio.to_thread(log.forget_days_before, first_kept(days))
        except LogError as error:
            logger.error("old days are still in the prediction log: %s", error)
        else:
            if removed:
                logger.warning("%d answers older than %d days have left the prediction log", removed, days)
        await asyncio.sleep(PAUSE_SECONDS)
