"""Memory that is free in this process, given back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def give_back() -> None:
    """Arrow's pool and the heap keep what was freed, so that a process that is forked then has it for its own: of a table that
    was read, as much as it takes. Where the system's library has no way to ask for it, nothing is done."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such call
            ctypes.CDLL(None).malloc_trim(0)
