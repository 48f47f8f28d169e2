"""Outputs are written beside their place and renamed: whole, or not at all, and nothing is left for ever."""

import os
import subprocess
import sys

import pytest

from lifecycle.ground.files import replacing, replacing_folder, write_text


def a_process_that_is_gone():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_what_breaks_off_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    write_text(tmp_path / "out.csv", "old")
    with pytest.raises(ValueError), replacing(tmp_path / "out.csv") as beside:
        beside.write_text("half")
        raise ValueError
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"] and (tmp_path / "out.csv").read_text() == "old"


@pytest.mark.skipif(os.name == "nt", reason="there only what nobody holds open can be removed")
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path):
    gone = a_process_that_is_gone()
    (tmp_path / f".out.csv.{gone}.tmp").write_text("half")
    (tmp_path / f".bundle.{gone}.old").mkdir()
    (tmp_path / f".other.csv.{gone}.tmp").write_text("not ours")
    (tmp_path / f".out.csv.{os.getppid()}.tmp").write_text("of one that runs")
    write_text(tmp_path / "out.csv", "new")
    with replacing_folder(tmp_path / "bundle"):
        pass
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"out.csv", "bundle", f".other.csv.{gone}.tmp", f".out.csv.{os.getppid()}.tmp"}
