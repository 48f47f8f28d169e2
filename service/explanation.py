"""Why an answer is what it is, for `POST /predict?explain=true`: in a thread of its own, so that no other request waits for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lifecycle.model.reasons import explain, listed
from lifecycle.table.contract import Contract
from service.predictor import Predictor
from service.replies import Refusal

MAX_ROWS = 50  # of one request: each takes as long as a thousand answers
MAX_WAITING = 200  # rows, of all requests

PATTERN = r"[Tt]rue|[Ff]alse|[0-9]{1,4}"


def wanted(query: Mapping[str, str]) -> int | None:
    """How many reasons are asked for, 0 for all; None where none are. Raises Refusal."""
    given = query.get("explain", "false")
    if not re.fullmatch(PATTERN, given):
        raise refusal("takes true, false, or a number of reasons")
    if given.lower() == "false":
        return None
    return int(given) if given.isdecimal() else 0


def refusal(fault: str) -> Refusal:
    return Refusal.of([{"row": None, "column": "explain", "fault": fault}])


class Explainer:
    def __init__(self, predictor: Predictor, contract: Contract) -> None:
        self.predictor, self.contract = predictor, contract
        self.thread = ThreadPoolExecutor(1, "explain")
        self.waiting = 0

    def check(self, rows: list[dict[str, Any]]) -> None:
        """Before anything is answered. Raises Refusal."""
        if self.predictor.model.background is None:
            raise refusal("is not known to this version, which was made without reasons")
        if len(rows) > MAX_ROWS:
            raise refusal(f"is for at most {MAX_ROWS} rows at once; send fewer, or score a table")
        if self.waiting and self.waiting + len(rows) > MAX_WAITING:
            raise Refusal(503, "too many rows wait for their reasons; try again in a moment")

    async def explain(self, rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
        """{average, of, reasons} of each row; `of` the class whose probability it is."""
        self.waiting += len(rows)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.thread, self._explain, rows, most)
        finally:
            self.waiting -= len(rows)

    def _explain(self, rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
        cells = self.predictor.typed(rows).columns
        found = explain(self.predictor.model, cells)
        out = []
        for i in range(len(rows)):
            one: dict[str, Any] = {"average": float(found.base[i])}
            if found.codes[i] >= 0:
                one["of"] = self.contract.problem.classes[found.codes[i]]
            out.append(one | {"reasons": listed(found, i, cells, self.contract, most or None)})
        return out

    def close(self) -> None:
        self.thread.shutdown(wait=False, cancel_futures=True)
