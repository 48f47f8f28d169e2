"""score: answers go where they are told to, else to a folder that Git ignores."""

import subprocess
from pathlib import Path

import pytest

from actions.score import default_output

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("new.csv", "data/scored/new.csv"),
        ("elsewhere/May.TSV", "data/scored/May.tsv"),
        ("rows.parquet", "data/scored/rows.parquet"),
        ("rows.xlsx", "data/scored/rows.csv"),
        ("rows.csv.gz", "data/scored/rows.csv"),
        ("s3://bucket/new/", "data/scored/new/"),
        ("s3://bucket/new/rows.csv", "data/scored/rows.csv"),
    ],
)
def test_without_a_name_they_go_to_the_folder_of_scores(source, target):
    assert default_output(source) == target


@pytest.mark.parametrize("path", ["data/scored/new.csv", "data/scored/new.rejected.csv", "data/live/.new.csv.123.tmp"])
def test_git_takes_neither_scores_nor_what_a_killed_writer_leaves(path):
    done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT)
    assert done.returncode == 0
