"""Memory that is free in this process: how often Python looks for it, and when the system has it back."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator

# objects made, after which Python looks for circles that nobody holds; its own are (700, 10, 10)
SELDOM = (50_000, 50, 50)


@contextlib.contextmanager
def collecting_seldom() -> Iterator[None]:
    """For work that makes millions of objects that stay, as on thousands of columns: to look through all of them again and again
    takes an eighth of its time. What nobody holds any more is freed at once all the same, unless it holds itself."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def give_back() -> None:
    """Arrow's pool and the heap keep what was freed, so that a process that is forked then has it for its own: of a table that
    was read, as much as it takes. Where the system's library has no way to ask for it, nothing is done."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such call
            ctypes.CDLL(None).malloc_trim(0)
