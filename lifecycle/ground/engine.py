"""Work over parts, here or in processes beside this one; what comes back is in the order of the parts.

No stage knows where its parts are worked on. A part travels as it is, so a function takes one part and gives what can be
merged: results must not hang on how large the parts are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
AHEAD = 2  # parts that are handed out for each process before the first is awaited: they are what memory holds


def over_parts(
    function: Callable[[Given], Made], parts: Iterable[Given], executor: Executor | None = None, n_jobs: int = 1
) -> Iterator[Made]:
    """`function` of each part, in order. Without an executor it is done here, when the result is asked for; with one, at most
    `AHEAD` parts a process are on their way at a time."""
    if executor is None:
        yield from map(function, parts)
        return
    waiting: deque[Future[Made]] = deque()
    for part in parts:
        waiting.append(executor.submit(function, part))
        if len(waiting) >= AHEAD * n_jobs:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
