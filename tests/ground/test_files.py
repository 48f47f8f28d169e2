"""Outputs are written beside their place and renamed: whole, or not at all, and nothing is left for ever."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lifecycle.ground.files import csv_writer, read_json, replacing, replacing_folder, write_csv, write_json, write_text


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


def test_json_is_written_as_the_library_writes_it_but_for_what_json_lacks(tmp_path):
    content = {"a": [], "b": {}, "c": [1, [2.5, {'é\n"': None}], (True, "x")], "d": {"e": {"f": [1e-9, -0.0, 10**20]}}}
    write_json(tmp_path / "a.json", content)
    assert (tmp_path / "a.json").read_text("utf-8") == json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_json(tmp_path / "b.json", {1: [np.float64(0.1), np.nan, np.int64(3), np.bool_(True), float("inf")]})
    assert read_json(tmp_path / "b.json") == {"1": [0.1, None, 3, True, None]}


def test_a_cell_with_a_break_of_any_kind_is_one_cell_and_lines_end_by_one_sign(tmp_path):
    cells = ["a\rb", "a\nb", "a\r\nb", "a\r", "\r", "plain"]
    write_csv(tmp_path / "frame.csv", pd.DataFrame({"of\rtwo": cells}))
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv_writer(file).writerows([[cell] for cell in ["of\rtwo", *cells]])
    for name in ("frame.csv", "rows.csv"):
        with (tmp_path / name).open(encoding="utf-8", newline="") as file:
            assert [row for (row,) in csv.reader(file)] == ["of\rtwo", *cells]
        assert (tmp_path / name).read_bytes().endswith(b"plain\n")
