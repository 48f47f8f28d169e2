"""One path for all rows: what the service makes of JSON cells is what `conform` makes of them."""

import itertools

import numpy as np
import pandas as pd
import pytest

from lifecycle.table.conform import conform
from lifecycle.table.contract import Contract
from service.predictor import Predictor

NUMBER = {"type": "number", "missingValues": ["", "?", "9999", "-1"], "constraints": {"minimum": 0, "maximum": 50}}
FIELDS = [
    {"name": "plain", **NUMBER},
    {"name": "comma", **NUMBER, "decimalChar": ",", "groupChar": "."},
    {"name": "unit", **NUMBER, "bareNumber": False},
    {"name": "whole", "type": "integer", "missingValues": [""]},
    {"name": "flag", "type": "boolean", "trueValues": ["yes", "y"], "falseValues": ["no"], "missingValues": ["", "-"]},
    {"name": "code", "type": "boolean", "trueValues": ["1"], "falseValues": ["2"], "missingValues": [""]},
    {"name": "level", "type": "string", "missingValues": ["", "n/a"], "constraints": {"enum": ["North", "south east", "é"]}},
    {"name": "free", "type": "text", "missingValues": ["", "n/a"]},
    {"name": "day", "type": "date", "format": "ISO8601", "missingValues": [""], "constraints": {"minimum": "2020-01-01", "maximum": "2025-12-31"}},
    {"name": "moment", "type": "datetime", "format": "%d.%m.%Y %H:%M", "missingValues": [""]},
]  # fmt: skip
CONTRACT = Contract.read(
    {"problem": {"task": "binary", "target": "y"}, "fields": [{**f, "role": "feature"} for f in FIELDS]}
)
NUMBERS = [
    None,
    0,
    1,
    -1,
    3,
    3.0,
    9999,
    9999.0,
    0.1,
    1234.5,
    1e-7,
    1e15,
    1e16,
    1.5e17,
    123456789012345678,
    -0.0,
    5e-324,
    1e308,
    50,
    50.0001,
]
TEXTS = [
    "",
    " ",
    "North",
    " north ",
    "NORTH",
    "south  east",
    "never",
    "n/a",
    " N/A",
    "é",
    "É",
    "é",
    "a\0b",
    "\N{SNOWMAN}",
    "1",
    "true",
    "-",
    "\u00a0x",
    "x" * 300,
]
CELLS = {
    "number": NUMBERS,
    "integer": NUMBERS,
    "boolean": [None, True, False, "yes", "YES ", "no", "y", "-", "", "maybe", "true", "1", "2", 1, 2, 0],
    "string": [None, *TEXTS],
    "text": [None, *TEXTS],
    "date": [None, "", "2024-05-31", " 2024-05-31 ", "2019-12-31", "2024-13-01", "31.05.2024", "2024-05-31T08:30:00Z", "x", "0001-01-01", "9999-12-31"],
    "datetime": [None, "31.05.2024 08:30", "2024-05-31T08:30:00", "2024-05-31T08:30:00+02:00", "31.05.2024", "never", "a\0b"],
}  # fmt: skip
KINDS = ("missing", "corrupt", "unseen", "out_of_range")


@pytest.fixture
def predictor():
    return Predictor(model=None, contract=Contract.read(CONTRACT))


def odd_rows(n, seed=0):
    rng = np.random.default_rng(seed)
    return [{f["name"]: CELLS[f["type"]][rng.integers(len(CELLS[f["type"]]))] for f in FIELDS} for _ in range(n)]


def check(typed, rows):
    expected = conform(pd.DataFrame(rows, dtype=object), CONTRACT, ("feature", "time"))
    for name, values in typed.columns.items():
        other = expected.frame[name].to_numpy(dtype=values.dtype)
        same = (values == other) | (pd.isna(values) & pd.isna(other))
        assert same.all(), (name, [r[name] for r in np.array(rows)[~same]], values[~same], other[~same])
    flags = {(f.row, f.column, f.kind) for f in typed.flags}
    masks = {(int(i), c, k) for k in KINDS for c, m in getattr(expected, k).items() for i in np.flatnonzero(m)}
    # a cell has one flag: where conform gives two, the last of KINDS
    assert {(r, c) for r, c, _ in flags} == {(r, c) for r, c, _ in masks}
    assert flags <= masks


def test_thousands_of_odd_rows_are_typed_as_conform_types_them(predictor):
    rows = odd_rows(5000)
    check(predictor.typed(rows), rows)
    check(predictor.typed(rows), rows)  # now all from memory


def test_one_row_is_typed_as_it_is_among_many(predictor):
    rows = odd_rows(150, seed=1)
    together = predictor.typed(rows)
    fresh = Predictor(None, Contract.read(CONTRACT))
    for i, row in enumerate(rows):
        single = fresh.typed([row]).columns
        for name, values in together.columns.items():
            assert single[name][0] == values[i] or pd.isna(single[name][0]) and pd.isna(values[i])


def test_each_pair_of_cells_is_kept_apart(predictor):
    """1, 1.0, True and "1" are the same key of a Python dict, or nearly."""
    cells = [True, 1, "1", 1.0, False, 0, "0", 2, "2", None]
    for a, b in itertools.permutations(cells, 2):
        rows = [dict.fromkeys(f["name"] for f in FIELDS) | {"flag": v, "code": v} for v in (a, b)]
        check(predictor.typed(rows), rows)


def test_memory_is_bounded(predictor, monkeypatch):
    monkeypatch.setattr("lifecycle.table.row_reader.REMEMBERED", 50)
    for i in range(20):
        rows = [dict.fromkeys(f["name"] for f in FIELDS) | {"level": f"level {i} {j}"} for j in range(20)]
        check(predictor.typed(rows), rows)
    assert len(predictor.readers["level"].known) <= 60


def test_a_null_category_is_answered_as_in_training(bundle, project):
    """pd.DataFrame([row]) makes of a null an object column, whose level for missing was then silently not set."""
    test = pd.read_parquet(project / "data" / "test.parquet")
    lacking = test[test["place"].isna()]
    assert len(lacking)
    rows = [
        {
            "size": None if np.isnan(r["size"]) else r["size"], "rooms": r["rooms"], "heated": bool(r["heated"]), "place": None,
            "day": r["day"].date().isoformat(), "note": r["note"],
        }
        for r in lacking.to_dict("records")
    ]  # fmt: skip
    expected = bundle.model.predictions(lacking)
    together = bundle.predictor.answers(rows)
    single = np.concatenate([bundle.predictor.answers([row]) for row in rows])
    assert np.array_equal(together, expected)
    assert np.abs(single - expected).max() < 1e-12


def test_answers_are_those_of_the_training_pipeline(bundle, project):
    from lifecycle.gate.bundle import as_cells

    test = pd.read_parquet(project / "data" / "test.parquet")
    rows = as_cells(test, bundle.contract).to_dict("records")
    assert np.array_equal(bundle.predictor.answers(rows), bundle.model.predictions(test))
