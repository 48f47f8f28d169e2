"""Tables with the quirks of well-known public ones, and the real ones in ../shared/datasets where that folder is there:
what define, clean and split make of them with no help."""

import json
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lifecycle.table.define import kind_of
from tests.here import run_here
from tests.scratch import ROOT, scratch
from tests.table import alike

SHARED = ROOT.parent / "shared/datasets"


def made(folder: Path, table: str | bytes, target: str, files: dict[str, str] | None = None) -> dict:
    """The contract, with `said`: what was printed, and `counts`: reports/cleaning.json."""
    scratch(folder, table, target)
    for name, text in (files or {}).items():
        (folder / "data/raw" / name).write_text(text, encoding="utf-8")
    ran = run_here(folder, "define", "clean", "split")
    assert ran.code == 0, ran.err
    contract = yaml.safe_load((folder / "data/contract.yaml").read_text(encoding="utf-8"))
    counts = json.loads((folder / "reports/cleaning.json").read_text(encoding="utf-8"))
    assert counts["rows_in"] == counts["clean"] + counts["quarantined"] + counts["duplicates"]
    assert len(pd.read_parquet(folder / "data/clean.parquet")) == counts["clean"]
    return contract | {"said": ran.out, "counts": counts, "by": {f["name"]: f for f in contract["fields"]}}


def roles(contract: dict, role: str) -> set[str]:
    return {f["name"] for f in contract["fields"] if f["role"] == role}


def types(contract: dict, *names: str) -> list[str]:
    return [kind_of(contract["by"][n]) for n in names]


def test_adult_with_its_test_file(tmp_path):
    """Blanks before each cell, `?` for missing, and in the second file a full stop behind each label."""
    c = made(tmp_path, alike.adult(), "income", {"test.csv": alike.adult(dot=True)})
    assert c["problem"]["classes"] == ["<=50K", ">50K"] and c["counts"]["rows_in"] == 800
    assert c["by"]["workclass"]["missingValues"] == ["", " ?"] and not roles(c, "ignored")


def test_german_credit(tmp_path):
    c = made(tmp_path, alike.german(), "class")
    assert c["problem"]["positive"] == "2"  # the bad credit
    assert types(c, "status", "duration", "telephone") == ["string", "integer", "string"]


def test_bank_marketing(tmp_path):
    c = made(tmp_path, alike.bank(), "y")
    assert c["problem"]["positive"] == "yes" and c["source"]["delimiter"] == ";"
    assert "unknown" in c["by"]["job"]["constraints"]["enum"]
    assert c["by"]["pdays"]["missingValues"] == [""] and c["by"]["balance"]["constraints"]["minimum"] < 0


def test_wine_quality(tmp_path):
    c = made(tmp_path, alike.wine(), "quality")
    assert c["problem"]["task"] == "multiclass" and "problem.task: regression" in c["said"]
    assert '"9" (2)' in c["said"] and len(roles(c, "feature")) == 9


def test_bike_sharing(tmp_path):
    c = made(tmp_path, alike.bike(), "cnt")
    assert (
        roles(c, "ignored") == {"casual", "registered"}
        and roles(c, "id") == {"instant"}
        and roles(c, "time") == {"dteday"}
    )


def test_ames_housing(tmp_path):
    """`NA` says "none": a column that is nearly always NA has two values, and is no constant."""
    c = made(tmp_path, alike.ames(), "SalePrice")
    assert c["problem"]["task"] == "regression" and roles(c, "id") == {"Id"} and not roles(c, "ignored")
    assert types(c, "LotFrontage", "Alley", "MiscVal") == ["integer", "string", "integer"]
    assert c["by"]["MiscVal"]["missingValues"] == [""]


def test_credit_card_fraud(tmp_path):
    """Six positives in three thousand rows: none suspected, and where the split leaves none, a seed that does not."""
    scratch(tmp_path, alike.creditcard(), "Class", split={"seed": 2})
    ran = run_here(tmp_path, "define", "clean", "split")
    assert ran.code == 0, ran.err
    assert '"1", 0.2% of the rows' in ran.out and "give the target away" not in ran.out


def test_heart_disease(tmp_path):
    c = made(tmp_path, alike.heart(), "num")
    assert c["problem"]["classes"] == list("01234") and types(c, "ca", "thal", "oldpeak") == [
        "integer",
        "integer",
        "number",
    ]


def test_mushrooms(tmp_path):
    """All letters: their case counts, and the smell is a strong feature, not a leak."""
    c = made(tmp_path, alike.mushrooms(), "class")
    assert roles(c, "ignored") == {"veil-type"} and "suspicion" not in c["by"]["odor"]
    assert c["by"]["stalk-root"]["missingValues"] == ["", "?"] and c["problem"]["positive"] in ("e", "p")


def test_abalone(tmp_path):
    c = made(tmp_path, alike.abalone(), "Rings")
    assert c["problem"]["task"] == "regression" and c["counts"]["cells"]["Height"] == {"missing": 2}
    assert not roles(c, "ignored")


def test_auto_mpg(tmp_path):
    c = made(tmp_path, alike.autompg(), "mpg")
    assert types(c, "horsepower", "car name") == ["integer", "text"] and c["counts"]["cells"]["horsepower"] == {
        "missing": 7
    }


def test_online_news(tmp_path):
    c = made(tmp_path, alike.news(), "shares")
    assert roles(c, "id") == {"url"} and "timedelta" in c["by"] and c["by"]["kw_min_min"]["missingValues"] == [""]


def test_airline_delays(tmp_path):
    c = made(tmp_path, alike.airline(), "ArrDelay")
    assert roles(c, "ignored") == {"Year", "CancellationCode", "Diverted"} and c["counts"]["quarantined"] == 15
    assert "DepDelay" in roles(c, "feature")


def test_titanic_of_kaggle(tmp_path):
    c = made(tmp_path, alike.titanic(), "Survived")
    assert roles(c, "id") == {"PassengerId"} and types(c, "Name", "Ticket", "Cabin") == ["text", "string", "string"]
    assert c["by"]["Fare"]["constraints"]["minimum"] == 0  # some did travel free


def test_melbourne_housing(tmp_path):
    c = made(tmp_path, alike.melbourne(), "Price")
    assert c["by"]["Date"]["format"] == "%d/%m/%Y" and roles(c, "time") == {"Date"}
    assert types(c, "Address", "Postcode") == ["text", "string"] and c["counts"]["quarantined"] == 98


def test_used_cars(tmp_path):
    c = made(tmp_path, alike.cars(), "selling_price")
    assert c["problem"]["task"] == "regression"
    assert types(c, "km_driven", "mileage", "engine", "max_power", "torque") == [
        "integer",
        "number",
        "integer",
        "number",
        "text",
    ]
    assert c["counts"]["cells"]["mileage"] == {"corrupt": 18}  # km/kg is not kmpl


def test_a_shops_log(tmp_path):
    c = made(tmp_path, alike.shop(), "returned")
    assert roles(c, "group") == {"CustomerID"} and roles(c, "time") == {"InvoiceDate"}
    assert types(c, "InvoiceDate", "StockCode") == ["datetime", "string"] and "(group, random_state" in c["said"]


def test_a_sensors_log(tmp_path):
    """Decimal commas, -200 and -999 for missing, two columns without a name at the end."""
    c = made(tmp_path, alike.sensor(), "C6H6(GT)")
    assert len(c["fields"]) == 7 and roles(c, "time") == {"Date"}
    assert c["by"]["T"]["constraints"]["minimum"] > -2 and "-999" in c["by"]["PT08.S1(CO)"]["missingValues"]
    assert c["counts"]["quarantined"] == 48  # the target's own -200


# ---- the real ones ----------------------------------------------------------------------------------------


def shared(folder: Path, name: str, target: str) -> dict:
    path = SHARED / f"{name}.csv"
    if not path.exists():
        warnings.warn(f"{path} is not there: what is made of {name} is NOT tested", stacklevel=2)
        pytest.skip(f"{path} is not there")
    c = made(folder, path.read_bytes(), target)
    with path.open(encoding="utf-8", newline="") as file:  # no cell of these spans lines
        assert c["counts"]["rows_in"] == sum(bool(line.strip()) for line in file) - 1
    return c


def test_telco_churn(tmp_path):
    c = shared(tmp_path, "telco_churn", "Churn")
    assert roles(c, "id") == {"customerID"} and c["counts"]["cells"] == {"TotalCharges": {"missing": 11}}
    assert c["by"]["TotalCharges"]["type"] == "number" and c["problem"]["positive"] == "Yes"


def test_titanic(tmp_path):
    c = shared(tmp_path, "titanic", "survived")
    assert roles(c, "ignored") == {"alive"} and "suspicion" not in str(c["fields"])
    assert c["counts"]["duplicates"] == 0  # alike, and yet different people
    cells = [f["name"] for f in c["fields"] if f["role"] in ("feature", "target")]
    sides = [pd.read_parquet(tmp_path / f"data/{side}.parquet")[cells] for side in ("train", "test")]
    lines = [set(side.astype(str).fillna("").agg("|".join, axis=1)) for side in sides]
    assert not lines[0] & lines[1]


def test_penguins(tmp_path):
    c = shared(tmp_path, "penguins", "species")
    assert c["counts"]["quarantined"] == 2 and not roles(c, "ignored") and "suspicion" not in str(c["fields"])


def test_housing(tmp_path):
    c = shared(tmp_path, "housing", "median_house_value")
    assert c["counts"]["cells"] == {"total_bedrooms": {"missing": 207}} and len(roles(c, "feature")) == 9


def test_diamonds(tmp_path):
    c = shared(tmp_path, "diamonds", "price")
    assert {k: v["missing"] for k, v in c["counts"]["cells"].items()} == {"x": 8, "y": 7, "z": 20}
    assert c["counts"]["duplicates"] == 0 and len(roles(c, "feature")) == 9
