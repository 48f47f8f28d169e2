"""Batch scoring: the same rows with answers beside them; what cannot be used goes aside; all or nothing."""

import csv
import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lifecycle.ground.errors import UserError
from service import score
from service.bundle import Bundle
from tests.service.build import environment, table

HEADER = "flat,size,rooms,heated,place,day,note,let\n"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "new.csv"
    table(60, seed=5).drop(columns="price").to_csv(path, index=False)
    return path


def answers_of(bundle, path):
    from lifecycle.table.conform import conform
    from lifecycle.table.read import read_raw

    return bundle.model.predictions(conform(read_raw(path).frame, bundle.contract, ("feature", "time")).frame)


def test_each_row_comes_back_with_its_answer(bundle, source, tmp_path):
    assert score.score(bundle, source, tmp_path / "out.csv") == {"rows": 60, "rejected": 0}
    given, out = pd.read_csv(source, dtype=str), pd.read_csv(tmp_path / "out.csv", dtype=str)
    pd.testing.assert_frame_equal(out[given.columns], given)
    assert np.array_equal(
        out[["probability no", "probability yes"]].astype(float).to_numpy(), answers_of(bundle, source)
    )
    assert set(out["model version"]) == {"v1.0.0"} and set(out["prediction"]) <= {"yes", "no"}
    assert not (tmp_path / "out.rejected.csv").exists()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_cell_of_any_signs_comes_back_as_it_was(bundle, tmp_path, delimiter):
    notes = ["a,b;c", 'she said "no"', "two\nlines", "a\rb", '"', "", "x\ty|z", " kept ", "über"]
    with open(tmp_path / "in.csv", "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, delimiter=delimiter)
        lines.writerow(HEADER.strip().split(","))
        lines.writerows([f"F-{i}", 20.5, 3, "Yes", "north", "2024-03-04", note, ""] for i, note in enumerate(notes))
    score.score(bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        out = list(csv.DictReader(file, delimiter=delimiter))
    assert [row["note"] for row in out] == notes and {row["model version"] for row in out} == {"v1.0.0"}


def test_chunks_make_no_difference(bundle, source, tmp_path, monkeypatch):
    score.score(bundle, source, tmp_path / "whole.csv")
    monkeypatch.setattr(score, "CHUNK", 7)
    score.score(bundle, source, tmp_path / "parts.csv")
    whole, parts = pd.read_csv(tmp_path / "whole.csv"), pd.read_csv(tmp_path / "parts.csv")
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-12)


def test_parquet_in_and_out_keeps_its_types(bundle, source, tmp_path):
    frame = pd.read_csv(source)
    frame["day"] = pd.to_datetime(frame["day"])
    frame.to_parquet(tmp_path / "new.parquet")
    score.score(bundle, tmp_path / "new.parquet", tmp_path / "out.parquet")
    score.score(bundle, source, tmp_path / "out.csv")
    out = pd.read_parquet(tmp_path / "out.parquet")
    assert out["rooms"].dtype == "int64" and out["day"].dtype.kind == "M"
    assert np.array_equal(out["probability yes"], pd.read_csv(tmp_path / "out.csv")["probability yes"])


def test_rows_that_cannot_be_used_go_aside_with_line_and_reason(bundle, tmp_path):
    path = tmp_path / "odd.csv"
    good = "F-1,20.5,3,Yes,north,2024-03-04,quiet,\n"
    path.write_text(
        HEADER + good + "F-2,1,2\n" + 'F-3,"20,3,Yes,north,2024-03-04,quiet,\n' + good + "F-4,,,,,,,\n" + good, "utf-8"
    )
    assert score.score(bundle, path, tmp_path / "out.csv") == {"rows": 3, "rejected": 3}
    aside = pd.read_csv(tmp_path / "out.rejected.csv")
    assert aside["source"].tolist() == ["odd.csv:3", "odd.csv:4", "odd.csv:6"]
    assert aside["reason"].tolist() == ["has 3 cells where the header has 8", "broken quote", "no feature is filled"]


def test_a_corrupt_or_unseen_cell_is_answered_and_flagged(bundle, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(HEADER + 'F-1,many,300,Yes,moon,2024-03-04,"a\nb",\n', "utf-8")
    score.score(bundle, path, tmp_path / "out.csv")
    (flags,) = pd.read_csv(tmp_path / "out.csv")["flags"]
    assert flags == "size: corrupt; place: unseen; rooms: out_of_range"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_the_usual_encodings_and_delimiters_are_read(bundle, tmp_path, encoding):
    path = tmp_path / "neu.csv"
    path.write_bytes((HEADER + "Straße,20.5,3,Yes,north,2024-03-04,über,\n").replace(",", ";").encode(encoding))
    score.score(bundle, path, tmp_path / "out.csv")
    assert "Straße;20.5" in (tmp_path / "out.csv").read_text("utf-8")


REFUSED = {
    "a column is missing": (
        "flat,size,room,heated,place,day,note\n1,2,3,Yes,x,2024-01-01,y\n",
        'no column "rooms"; did you mean "room"?',
    ),
    "empty": ("", "is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_cannot_be_scored_is_refused_in_a_line(bundle, tmp_path, name):
    text, says = REFUSED[name]
    (tmp_path / "in.csv").write_text(text, "utf-8")
    with pytest.raises(UserError) as error:
        score.score(bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    assert says in str(error.value) and not (tmp_path / "out.csv").exists()


def test_a_column_that_is_called_as_an_answer_stays_and_the_answer_says_that_it_is_the_models(bundle, source, tmp_path):
    given = pd.read_csv(source, dtype=str).rename(columns={"let": "prediction"})
    given.assign(flags="own").to_csv(source, index=False)
    score.score(bundle, source, tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert set(out["prediction (model)"]) <= {"yes", "no"} and set(out["flags"]) == {"own"}


def test_what_training_reads_is_scored_as_training_read_it(bundle, source, tmp_path):
    """A line for Excel, a name twice, one in other case, the header once more, a total, and all that packed."""
    lines = source.read_text("utf-8").replace(",", ";").splitlines()
    lines[0] = lines[0].replace("place", "PLACE").replace("let", "flat")
    total = "Total;;180;;;;;"
    text = "\n".join(["sep=;", *lines, lines[0], total, ""])
    (tmp_path / "odd.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert score.score(bundle, tmp_path / "odd.csv.gz", tmp_path / "out.csv") == {"rows": 60, "rejected": 2}
    score.score(bundle, source, tmp_path / "plain.csv")
    odd, plain = pd.read_csv(tmp_path / "out.csv", sep=";"), pd.read_csv(tmp_path / "plain.csv")
    assert odd["probability yes"].tolist() == plain["probability yes"].tolist()
    assert pd.read_csv(tmp_path / "out.rejected.csv")["source"].tolist() == ["odd.csv.gz:63", "odd.csv.gz:64"]


def test_interrupted_it_leaves_no_half_file(bundle, source, tmp_path, monkeypatch):
    (tmp_path / "out.csv").write_text("from before", "utf-8")
    monkeypatch.setattr(score, "CHUNK", 10)
    calls = []

    def stop(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    real = score.score_rows
    monkeypatch.setattr(score, "score_rows", stop)
    with pytest.raises(KeyboardInterrupt):
        score.score(bundle, source, tmp_path / "out.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.csv", "out.csv"]
    assert (tmp_path / "out.csv").read_text("utf-8") == "from before"


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(folder, tmp_path):
    """Twice the rows, the same memory but for a few megabytes; each further process holds parts of its own."""
    code = (
        "import resource, sys; from service.score import main; sys.argv[1:] = sys.argv[1:]; main(); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for n in (800_000, 1_600_000):  # from there on as many parts as ever are on their way
        path = tmp_path / f"{n}.csv"
        pd.concat([table(20_000).drop(columns="price")] * (n // 20_000)).to_csv(path, index=False)
        done = subprocess.run(
            [sys.executable, "-c", code, folder, path, tmp_path / "out.csv"],
            env=environment(PYTHONPATH=folder / "code"), cwd=tmp_path, capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip
        peaks.append(int(done.stdout.split()[-1]) / 1000)
    assert peaks[1] < peaks[0] + 60, peaks


def test_a_regression_is_scored_with_numbers(regression, tmp_path):
    path = tmp_path / "new.csv"
    table(20, seed=6).drop(columns="let").to_csv(path, index=False)
    score.score(Bundle(regression / "models" / "bundle"), path, tmp_path / "out.parquet")
    out = pd.read_parquet(tmp_path / "out.parquet")
    assert out["prediction"].dtype == float and not any(c.startswith("probability") for c in out)


def test_without_pyarrow_the_model_answers_and_scoring_says_what_it_needs(folder, project):
    code = """import sys
sys.modules["pyarrow"] = None  # as where it is not installed
from service.bundle import main
assert main([sys.argv[1], "--exact"]) == 0
from service.app import create_app
from lifecycle.ground.errors import UserError
from service.score import check_paths
from pathlib import Path
try:
    check_paths(Path(sys.argv[2]), Path("out.parquet"))
except UserError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, str(folder), str(project / "data" / "raw" / "flats.csv")]
    env = environment(PYTHONPATH=folder / "code", PYTHONSAFEPATH="1")
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "answered alike" in done.stdout and "pip install pyarrow" in done.stdout
