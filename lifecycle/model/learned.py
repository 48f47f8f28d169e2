"""Which rows a model has learned: what a bundle knows of them, so that it is never judged on one of them later.

Of each row's number (`__row__`, a hash of its cells) the upper 40 bits are kept, sorted, as differences, byte by byte: 2.4 MB a
million rows. One in a million rows of another table is taken for a learned one where ten million were learned.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from lifecycle.ground.files import replacing
from lifecycle.table.rows import ROW

__all__ = ["FILE", "ROW", "is_learned", "read_learned", "write_learned"]
FILE = "learned.bin"
KEPT, BYTES = 40, 5  # bits, and the bytes they take


def short(rows: np.ndarray) -> np.ndarray:
    """The kept bits of row numbers, uint64, shape (n,)."""
    return rows.astype(np.uint64) >> np.uint64(64 - KEPT)


def write_learned(path: Path, rows: np.ndarray) -> None:
    """`rows`: numbers of the rows that were learned, uint64, shape (n,)."""
    numbers = np.unique(short(rows))
    steps = np.diff(numbers, prepend=np.uint64(0))
    # all first bytes, then all second ones: the upper ones are nearly all zero
    planes = steps.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :BYTES].T
    with replacing(path) as beside:
        beside.write_bytes(zlib.compress(planes.tobytes(), 6))


def read_learned(path: Path) -> np.ndarray | None:
    """The kept bits of each learned row, sorted; None where the bundle does not say (it was made before it could)."""
    if not path.exists():
        return None
    planes = np.frombuffer(zlib.decompress(path.read_bytes()), dtype=np.uint8).reshape(BYTES, -1)
    padded = np.zeros((planes.shape[1], 8), dtype=np.uint8)
    padded[:, :BYTES] = planes.T
    return np.cumsum(padded.view("<u8").ravel(), dtype=np.uint64)


def is_learned(learned: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mask of the rows that are among the learned ones, shape (n,)."""
    return np.isin(short(rows), learned)
