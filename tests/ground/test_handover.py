"""What one process leaves for another is what it made, and nothing of it stays on the disk."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lifecycle.ground.handover import Leaving, Left, leave, take
from lifecycle.table.part import Part


def large():
    rows = 60_000
    cells = pa.table({"a": pa.array([f"text {i}" for i in range(rows)], pa.large_string()), "b": np.arange(rows)})
    frame = pd.DataFrame({"word": pd.array(["x", None, "y"] * 9, dtype="str")})
    return {
        "part": Part(cells.slice(100, 50_000)),
        "hashes": np.arange(2 * rows).reshape(2, -1),
        "frame": frame,
        "n": 3,
    }


def test_a_large_result_is_taken_as_it_was_made_and_its_file_is_gone(tmp_path):
    made = large()
    left = Leaving(dict, str(tmp_path))(made)
    assert isinstance(left, Left) and len(list(tmp_path.iterdir())) == 1
    found = take(left)
    assert list(tmp_path.iterdir()) == []
    assert found["part"] == made["part"] and found["n"] == 3
    pd.testing.assert_frame_equal(found["frame"], made["frame"])
    assert (found["hashes"] == made["hashes"]).all()
    found["hashes"][0, 0] = 7  # as an array of one's own
    assert made["hashes"][0, 0] == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells the open files of a process on Linux")
def test_what_is_held_keeps_no_file_open(tmp_path):
    """As many results as a large table has parts are held at a time."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    held = [take(leave(large(), str(tmp_path))) for _ in range(3)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before and len(held) == 3


@pytest.mark.parametrize("made", [[], [1, "two"], None, np.arange(9)], ids=str)
def test_a_small_result_goes_as_it_is(tmp_path, made):
    assert leave(made, str(tmp_path)) is made and take(made) is made
    assert list(tmp_path.iterdir()) == []


def test_where_no_file_can_be_written_the_result_goes_as_it_is(tmp_path):
    made = large()
    assert leave(made, str(tmp_path / "is not there")) is made
