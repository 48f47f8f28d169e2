"""What a process hands to another one on this machine: through a file, where it is large.

A pipe copies each byte four times, a few at a time: of the rows that `clean` makes that took a seventh of all its seconds.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from lifecycle.ground.engine import Given, Made

LARGE = 1_000_000  # bytes, from which on a file is worth it
ALIGNED = 64  # bytes; each buffer begins at a multiple of them, as Arrow wants its own


@dataclass(frozen=True)
class Left:
    """Where a result lies: its pickle, then the buffers that belong to it; `sizes`: of each, in bytes."""

    path: str
    sizes: list[int]


@dataclass(frozen=True)
class Leaving(Generic[Given, Made]):
    """`function`, whose result is left in a file of `folder` where it is large."""

    function: Callable[[Given], Made]
    folder: str

    def __call__(self, part: Given) -> Made | Left:
        return leave(self.function(part), self.folder)


def leave(made: Made, folder: str) -> Made | Left:
    """`made` itself where it is small, or where the disk has no room."""
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(made, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    pieces = [memoryview(text), *(one.raw() for one in buffers)]
    sizes = [piece.nbytes for piece in pieces]
    if sum(sizes) < LARGE:
        return made
    path = ""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            path = file.name
            for piece in pieces:
                file.write(piece)
                file.write(bytes(-piece.nbytes % ALIGNED))
    except OSError:
        _remove(path)
        return made
    return Left(path, sizes)


def take(left: Any) -> Any:
    """What was left, read at once; its file goes."""
    if not isinstance(left, Left):
        return left
    with open(left.path, "rb") as file:
        # memory of no file, which a map would keep open as long as anything of it is held; it begins where Arrow wants it
        held = memoryview(mmap.mmap(-1, os.fstat(file.fileno()).st_size))
        file.readinto(held)
    _remove(left.path)
    pieces, begin = [], 0
    for size in left.sizes:
        pieces.append(held[begin : begin + size])
        begin += size + -size % ALIGNED
    return pickle.loads(pieces[0], buffers=pieces[1:])


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # the folder's end is its own
        Path(path).unlink(missing_ok=True)
