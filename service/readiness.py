"""Whether a prediction would be answered now: what GET /health/ready says."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from lifecycle.model.store import wrong_files
from service.bundle import CLOSE, Bundle, wrong_versions
from service.engine import Engine
from service.log import LogError

CHECK_SECONDS = 5.0  # what was found serves all who ask within them: anybody may, and it costs as much as a prediction
MEMORY_SECONDS = 10.0  # so long a real answer that could not be logged counts, whatever the checks say
PATIENCE_SECONDS = 15.0  # for the golden rows to be answered


class Readiness:
    """The engine answers the golden rows and logs them, down to the disk, and takes them back; the bundle's files and the
    libraries are compared with its manifest. So it is ready where the next prediction would be answered."""

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle, self.engine = bundle, engine
        self.lock = asyncio.Lock()
        self.checked_at = -np.inf
        self.found: list[str] = []
        self.log_fault = ""

    async def faults(self) -> list[str]:
        """Empty: ready."""
        async with self.lock:
            if time.monotonic() - self.checked_at >= CHECK_SECONDS:
                self.found = await self._check()
                self.checked_at = time.monotonic()
        if self.engine.log_written_at > self.checked_at:  # a real answer was logged since
            self.log_fault = ""
        if time.monotonic() - self.engine.log_failed_at < MEMORY_SECONDS:
            return [*self.found, self.engine.log_fault]
        return [*self.found, self.log_fault] if self.log_fault else self.found

    async def _check(self) -> list[str]:
        found = await asyncio.to_thread(wrong_files, self.bundle.folder, self.bundle.manifest)
        found += wrong_versions(self.bundle.manifest)
        self.log_fault = ""
        try:
            rehearsal = self.engine.rehearse(self.bundle.golden["rows"])
            answers = await asyncio.wait_for(rehearsal, PATIENCE_SECONDS)
        except TimeoutError:
            return [*found, f"golden rows were not answered within {PATIENCE_SECONDS:g} seconds"]
        except LogError as error:
            self.log_fault = str(error)
            return found
        except Exception as error:
            return [*found, f"golden rows are not answered ({type(error).__name__})"]
        released = np.array(self.bundle.golden["answers"])
        difference = np.abs(answers - released).max() / max(1.0, np.abs(released).max())
        if not difference <= CLOSE:
            found.append(f"golden rows are answered otherwise than at release (by up to {difference:.3g})")
        return found
