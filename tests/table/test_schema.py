"""The contract's fields are a Table Schema: what the standard says of a cell is what `clean` says of it."""

import hashlib
import json
import os
import re
import subprocess
import sys
import venv
import warnings
from datetime import datetime
from decimal import Decimal

import pytest
import yaml

from lifecycle.table import profile
from lifecycle.table.contract import Contract, Field
from lifecycle.table.schema import raw_field, standard_date, standard_number
from tests.here import run_here
from tests.scratch import ROOT, scratch
from tests.table.columns import N, made, spread

STANDARD = {"string", "integer", "number", "boolean", "date", "datetime", "any"}
DAYS = [f"{1 + i % 28:02}.{1 + i % 12:02}.2021" for i in range(N)]


def test_words_stand_as_the_file_spells_them():
    table = made(
        paid=["Ja" if i % 3 else "NEIN" for i in range(N)],
        size=["N/A" if i % 9 == 0 else " " if i % 7 == 0 else v for i, v in enumerate(spread(1, 99))],
        town=["Rom" if i % 3 else "rom " for i in range(N - 20)] + ["Bari"] * 20,
    )
    paid, size, town = table.field("paid"), table.field("size"), table.field("town")
    assert (paid["trueValues"], paid["falseValues"]) == (["Ja"], ["NEIN"])
    assert size["missingValues"] == ["", " ", "N/A"]
    assert town["constraints"]["enum"] == ["Bari", "Rom", "rom "] and town["levels"] == ["Bari", "Rom"]
    assert Field.read(town).levels == ("Bari", "Rom")


@pytest.mark.parametrize(
    ("cells", "keys"),
    [
        ([f"{v}" for v in spread(1, 99)], {"type": "integer"}),
        ([f"{v}.0" for v in spread(1, 99)], {"type": "number", "kind": "integer"}),
        ([f"{v}.5" for v in spread(1, 99)], {"type": "number"}),
        ([f"{v} kg" for v in spread(1, 99)], {"type": "integer", "bareNumber": False}),
        ([f"${v:,}" for v in spread(900, 99000)], {"type": "number", "groupChar": ",", "bareNumber": False}),
        ([f"{v:,}".replace(",", " ") for v in spread(900, 99000)], {"type": "number", "groupChar": " "}),
        ([f"~{v}" if i % 9 == 0 else v for i, v in enumerate(spread(1, 99))], {"type": "integer", "bareNumber": False}),
        (DAYS, {"type": "date", "format": "%d.%m.%Y"}),
        (
            [f"2021-03-{1 + i % 28:02} 08:{i % 60:02}" for i in range(N)],
            {"type": "datetime", "format": "%Y-%m-%d %H:%M"},
        ),
        (
            [f"the bake number {i} was a little too dark" for i in range(N)],
            {"type": "string", "kind": "text"},
        ),
    ],
)
def test_the_standard_says_how_cells_are_written(cells, keys):
    field = made(c=cells).field("c")
    assert {key: field.get(key) for key in keys} == keys and "raw" not in field
    assert field["type"] in STANDARD


@pytest.mark.parametrize(
    ("cells", "stray"),
    [
        ([f"{v}k" if i % 2 else f"{v}M" for i, v in enumerate(spread(1, 99))], "12 miles"),
        ([f"{v // 60}h {v % 60}m" for v in spread(61, 999)], "long"),
        ([f"{v},5" if i % 40 == 0 else f"{v}.5" for i, v in enumerate(spread(1, 99))], "hot"),
        ([f"({v})" if i % 5 == 0 else f"{v}" for i, v in enumerate(spread(1, 99))], "(none)"),
    ],
)
def test_what_the_standard_cannot_say_is_texts_of_a_pattern_in_the_raw_file(cells, stray):
    field = made(c=[stray, *cells[1:]]).field("c")
    assert field["type"] in ("number", "integer")  # what the cells are once read
    raw = raw_field(field, "c")
    assert raw["type"] == "string" and "decimalChar" not in raw
    fits = [bool(re.compile(f"^{raw['constraints']['pattern']}$").match(str(cell))) for cell in (stray, *cells[1:])]
    assert fits == [False] + [True] * (len(cells) - 1)


def test_a_zone_by_its_name_is_read_alike_wherever_the_machine_stands(monkeypatch):
    """Else the contract of a table from New York were another one in New York."""
    monkeypatch.setattr("time.tzname", ("EST", "EDT"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert standard_date("03/04/2021 10:07 AM EST", "any", "datetime") == datetime(2021, 3, 4, 10, 7)
        assert standard_date("03/04/2021 10:07 AM MSK", "any", "datetime") == datetime(2021, 3, 4, 10, 7)


def test_bounds_of_dates_are_written_as_the_file_writes_them_and_read_back():
    field = made(c=DAYS).field("c")
    assert field["constraints"] == {"minimum": "01.01.2021", "maximum": "28.12.2021"}
    assert Field.read(field).minimum == "2021-01-01T00:00:00"


def test_a_contract_of_before_is_read():
    spec = {"name": "c", "role": "feature", "type": "text", "missingValues": [""]}
    day = {
        "name": "d",
        "type": "date",
        "format": "%d.%m.%Y",
        "formats": ["%Y"],
        "constraints": {"minimum": "2021-01-01"},
    }
    assert Field.read(spec).type == "text" and Field.read(spec).is_text
    read = Field.read(day)
    assert (read.format, read.formats, read.minimum) == ("%d.%m.%Y", ("%Y",), "2021-01-01T00:00:00")


def test_the_package_names_bytes_hash_dialect_and_the_lines_that_are_no_rows(tmp_path):
    rows = "".join(f"{i};{i % 7},5;{'ja' if i % 3 else 'nein'}\n" for i in range(1, 61))
    text = "Bericht der Filiale;;\nNr;Preis;gut\n" + rows + "61;8\nSumme;210,0;\n"
    assert run_here(scratch(tmp_path, text.encode(), "gut", "März.csv"), "define").code == 0
    (found,) = json.loads((tmp_path / "data/datapackage.json").read_text("utf-8"))["resources"]
    assert found["path"] == "raw/März.csv" and found["bytes"] == len(text.encode())
    assert found["hash"] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert found["dialect"] == {"delimiter": ";", "headerRows": [2], "commentRows": [63, 64]}
    fields = {f["name"]: f for f in found["schema"]["fields"]}
    assert fields["Preis"]["type"] == "number" and fields["Preis"]["decimalChar"] == ","
    assert "role" not in fields["gut"]


def test_the_package_of_a_sampled_table_names_the_lines_that_are_no_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(profile, "ROWS", 40)
    monkeypatch.setattr(profile, "BLOCK", 10)
    rows = "".join(f"{i};{i % 7},5;{'ja' if i % 3 else 'nein'}\n" for i in range(1, 121))
    for name in ("a.csv", "b.csv"):
        scratch(tmp_path, ("Nr;Preis;gut\n" + rows + "121;8\nSumme;210,0;\n").encode(), "gut", name)
    assert run_here(tmp_path, "define").code == 0
    assert "sample" in json.loads((tmp_path / "reports/data_profile.json").read_text("utf-8"))
    for found in json.loads((tmp_path / "data/datapackage.json").read_text("utf-8"))["resources"]:
        assert found["dialect"]["commentRows"] == [122, 123]


def test_the_standard_is_read_as_its_tools_read_it():
    assert standard_number("ca. 1.234,5 €", ",", ".", bare=False) == float(Decimal("1234.5"))
    assert standard_number("1.5", ",", "", bare=True) is None
    assert standard_date("2021-02-30", "default", "date") is None


CHECK = """
import json, os, sys
from frictionless import Schema, validate
os.chdir(sys.argv[1])
import yaml
contract = yaml.safe_load(open("contract.yaml", encoding="utf-8"))
Schema.from_descriptor({"fields": contract["fields"], "missingValues": [""]})
report = validate("datapackage.json", limit_errors=100_000)
assert not report.errors, report.errors
found = [[e.type, e.field_name] for task in report.tasks for e in task.errors if hasattr(e, "field_name")]
other = [e.type for task in report.tasks for e in task.errors if not hasattr(e, "field_name")]
print(json.dumps([found, other]))
"""


@pytest.fixture(scope="session")
def frictionless(tmp_path_factory):
    """The Python of an environment of its own that has frictionless."""
    folder = tmp_path_factory.mktemp("frictionless")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run([python, "-m", "pip", "install", "-q", "frictionless>=5,<6"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("frictionless cannot be installed here (no package index within reach)")
    return python


def tables():
    yield "the example", None, "good"
    for name, target in (("telco_churn.csv", "Churn"), ("titanic.csv", "survived"), ("penguins.csv", "species")):
        yield name, ROOT.parent / "shared/datasets" / name, target


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "target"), list(tables()), ids=lambda v: v if isinstance(v, str) else "")
def test_frictionless_calls_the_cells_wrong_that_clean_calls_corrupt(name, path, target, tmp_path, frictionless):
    if path is None:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", "example.bakery"], cwd=tmp_path, env=env, check=True, capture_output=True)
        path = tmp_path / "data/raw/bakes.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    ran = run_here(scratch(tmp_path, path.read_bytes(), target, path.name), "define", "clean")
    assert ran.code == 0, ran.err
    said = json.loads((tmp_path / "reports/cleaning.json").read_text("utf-8"))["cells"]
    corrupt = {column: count["corrupt"] for column, count in said.items() if "corrupt" in count}
    done = subprocess.run([frictionless, "-c", CHECK, tmp_path / "data"], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    cells, other = json.loads(done.stdout)
    wrong = {column: [c for _, c in cells].count(column) for _, column in cells}
    assert wrong == corrupt and other == []
    assert Contract.read(yaml.safe_load((tmp_path / "data/contract.yaml").read_text("utf-8")))
