"""Where the work over parts is done: in this process, in processes beside it, or on a Dask cluster.

    with workplace() as at:
        for made in at.map(function, parts): ...      # in the order of the parts, whatever does them

DASK_SCHEDULER_ADDRESS names a cluster, else engine.scheduler in params.yaml. No stage knows which it is: a function takes one
part and gives what can be merged, and the bytes that are written hang on neither the place nor its size.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from lifecycle.ground.engine import Given, Made, over_parts
from lifecycle.ground.errors import UserError
from lifecycle.ground.handover import Leaving, take
from lifecycle.ground.params import PATH, EngineParams
from lifecycle.ground.progress import shown

if TYPE_CHECKING:
    from lifecycle.ground.cluster import Cluster

Whole = TypeVar("Whole")
# seconds of work that must be left for others to be asked: two processes take two to start, and are fed
ALONE = 3.0
LOOKED_AT = 12  # parts that are held here, at most, to tell whether so much is left
CERTAIN = 300_000_000  # bytes of files, whose rows are seconds of work for certain
ADDRESS = "DASK_SCHEDULER_ADDRESS"


class Workplace:
    """So many processes, or the workers of the cluster at `scheduler`; they are started where there is work for them."""

    def __init__(self, n_jobs: int, scheduler: str = "") -> None:
        self.n_jobs, self.scheduler = n_jobs, scheduler
        self.opened = ExitStack()
        self.executor: Executor | None = None
        self.cluster: Cluster | None = None
        self.folder = ""  # where processes leave what they made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.opened.__exit__(kind, error, at)

    def map(
        self, function: Callable[[Given], Made], parts: Iterable[Given], what: str = "", travels: bool = False
    ) -> Iterator[Made]:
        """`function` of each part, in order. It must be importable, as its part and what it gives must be picklable.
        `what`: what a terminal is told is done, with the parts that are. `travels`: to hand a part over takes about as long as the
        work on it, so that without a cluster all is done here."""
        done = map(function, parts) if travels and not self.scheduler else self._done(function, parts)
        return shown(done, what, unit="parts") if what else done

    def _done(self, function: Callable[[Given], Made], parts: Iterable[Given]) -> Iterator[Made]:
        parts = iter(parts)
        following: deque[Given] = deque(itertools.islice(parts, 1))
        if not self.scheduler:
            yield from self._here(function, parts, following)
        if not following:
            return
        self._open()
        left = itertools.chain(_drained(following), parts)
        try:
            if self.cluster:
                yield from over_parts(function, left, self.cluster.bearing(function), n_jobs=self.n_jobs)
            else:
                leaving = Leaving(function, self.folder)
                yield from map(take, over_parts(leaving, left, self.executor, n_jobs=self.n_jobs))
        except Exception as error:
            raise self._explained(error) from error

    def _here(
        self, function: Callable[[Given], Made], parts: Iterator[Given], following: deque[Given]
    ) -> Iterator[Made]:
        """What is done sooner here than processes start, of `following` and then of `parts`; those that are left for others are
        `following` at last. Which they are changes no result."""
        spent, done = 0.0, 0
        while following and not self._others_are_worth_it(parts, following, spent, done):
            begin = time.process_time()
            made = function(following.popleft())
            spent += time.process_time() - begin
            done += 1
            yield made
            following.extend(itertools.islice(parts, max(0, 1 - len(following))))

    def _others_are_worth_it(self, parts: Iterator[Given], following: deque[Given], spent: float, done: int) -> bool:
        """Whether so much is left, by the seconds that were `spent` on those `done`. `following`: takes the parts that are looked at."""
        enough = self._enough(spent, done) if self.n_jobs > 1 else 0
        following.extend(itertools.islice(parts, max(0, enough - len(following))))
        return bool(enough) and len(following) >= enough

    def _enough(self, spent: float, done: int) -> int:
        """Parts that must be left; 0 where it cannot be told yet."""
        if self.executor:
            return 2
        if not done:
            return 0
        parts = max(2, math.ceil(ALONE * done / max(spent, 1e-9)))
        if parts > LOOKED_AT and spent < ALONE:
            return 0  # they are small, and may be few
        return min(parts, LOOKED_AT)

    def pairs(
        self,
        function: Callable[[Given], Made],
        parts: Iterable[Whole],
        of: Callable[[Whole], Given],
        what: str = "",
        travels: bool = False,
    ) -> Iterator[tuple[Whole, Made]]:
        """(part, `function` of what `of` takes from it): the rest of the part does not travel."""
        waiting: deque[Whole] = deque()

        def handed() -> Iterator[Given]:
            for part in parts:
                waiting.append(part)
                yield of(part)

        for made in self.map(function, handed(), what, travels):
            yield waiting.popleft(), made

    def expect(self, size: int) -> None:
        """Files of so many bytes will be worked on: processes start while the first look at them is taken, which is this one's."""
        if self.n_jobs < 2 or self.scheduler or self.executor or size < CERTAIN:
            return
        self._open()
        assert self.executor is not None
        for _ in range(self.n_jobs):  # each starts one
            self.executor.submit(int)

    @property
    def spreads(self) -> bool:
        """Whether others than this process may do the work."""
        return bool(self.scheduler) or self.n_jobs > 1

    def sees(self, path: Path) -> bool:
        """Whether all who do the work find this file where it is, with the bytes that it has here."""
        if not self.scheduler:
            return True
        self._open()
        return self.cluster is not None and self.cluster.sees(path)

    def _explained(self, error: Exception) -> Exception:
        if self.cluster:
            return self.cluster.explained(error)
        if isinstance(error, BrokenProcessPool):
            return UserError(
                "the system ended a process, most often for want of memory; close other programs, or set engine.n_jobs to 1"
            )
        return error

    def _open(self) -> None:
        if self.executor or (self.n_jobs < 2 and not self.scheduler):
            return
        if self.scheduler:
            from lifecycle.ground.cluster import Cluster

            self.cluster = self.opened.enter_context(Cluster(self.scheduler))
            self.executor, self.n_jobs = self.cluster.executor, self.cluster.threads
            print(f"  on {self.cluster}", flush=True)
        else:
            # not forked: threads of Arrow's may hold locks that a fork would keep for ever
            method = multiprocessing.get_context("spawn")
            self.folder = self.opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            self.executor = self.opened.enter_context(ProcessPoolExecutor(self.n_jobs, method))
            print(f"  on {self.n_jobs} processes here", flush=True)


def _drained(given: deque[Given]) -> Iterator[Given]:
    """Each of them, held no longer than until it is asked for."""
    while given:
        yield given.popleft()


def workplace() -> Workplace:
    """As the environment says, else params.yaml; this process where there is neither."""
    params = EngineParams.load() if Path(PATH).exists() else None
    scheduler = os.environ.get(ADDRESS, "") or (params.scheduler if params else "")
    return Workplace(params.n_jobs if params else 1, scheduler)
