"""An answer says how sure it is, and with explain=true what moved it; both are the model's own."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.model import reasons
from service import score
from service.bundle import Bundle
from tests.service.build import ROW, table

ROWS = {"rows": [ROW, ROW | {"place": None, "size": 60}]}


def test_a_class_comes_with_the_set_of_those_that_may_be_right(serve):
    for one in serve().post("/predict", ROWS).json()["predictions"]:
        assert set(one["set"]) <= {"no", "yes"}
        assert max(one["probabilities"], key=one["probabilities"].get) in one["set"]
        assert "explanation" not in one


def test_a_value_comes_with_its_interval(serve, regression):
    client = serve(Bundle(regression / "models/bundle"))
    for one in client.post("/predict", ROWS).json()["predictions"]:
        low, high = one["interval"]
        assert low < one["prediction"] < high


@pytest.mark.parametrize("given", ["true", "True", "3"])
def test_reasons_add_up_from_the_average_to_the_prediction(serve, given):
    told = serve().post(f"/predict?explain={given}", ROWS).json()
    assert told["logged"] is True
    for one in told["predictions"]:
        why = one["explanation"]
        assert why["of"] == "yes"
        if given == "3":
            assert len(why["reasons"]) == 3
            continue
        total = why["average"] + sum(reason["amount"] for reason in why["reasons"])
        assert total == pytest.approx(one["probabilities"]["yes"], abs=1e-9)
    texts = [reason["text"] for reason in told["predictions"][1]["explanation"]["reasons"]]
    if given != "3":
        assert any(text.startswith("place is not known: ") for text in texts)


@pytest.mark.parametrize(
    ("query", "rows", "fault"),
    [("maybe", 1, "takes true, false, or a number"), ("", 1, "takes true"), ("true", 51, "at most 50 rows")],
)
def test_what_cannot_be_explained_is_refused_before_anything_is_logged(serve, query, rows, fault):
    client = serve()
    told = client.post(f"/predict?explain={query}", {"rows": [ROW] * rows})
    assert told.status_code == 422
    assert fault in told.json()["faults"][0]["fault"]
    assert told.json()["faults"][0]["column"] == "explain"


def test_explain_false_is_an_answer_as_ever(serve):
    (one,) = serve().post("/predict?explain=false", {"rows": [ROW]}).json()["predictions"]
    assert "explanation" not in one


def test_a_scored_table_has_likely_classes_and_reasons_beside_each_row(bundle, tmp_path):
    source = tmp_path / "new.csv"
    table(40, seed=5).drop(columns="price").to_csv(source, index=False)
    score.score(bundle, source, tmp_path / "out.csv", explain=3)
    out = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert set(out["likely classes"]) <= {"no", "yes", "no; yes"}
    assert out[["reason_1", "reason_2", "reason_3"]].notna().all(axis=None)
    assert out["reason_1"].str.contains(" is .*: [+−].* points?$").all()


def test_a_scored_table_has_intervals_in_two_columns(regression, tmp_path):
    bundle = Bundle(regression / "models/bundle")
    source = tmp_path / "new.csv"
    table(40, seed=5).drop(columns="let").to_csv(source, index=False)
    score.score(bundle, source, tmp_path / "out.parquet")
    out = pd.read_parquet(tmp_path / "out.parquet")
    assert (out["interval low"] < out["prediction"]).all()
    assert (out["interval high"] > out["prediction"]).all()


def test_the_service_s_reasons_are_those_of_the_table(bundle):
    cells = bundle.predictor.typed([ROW]).columns
    alone = reasons.explain(bundle.model, cells)
    twice = reasons.explain(bundle.model, bundle.predictor.typed([ROW, ROW]).columns)
    assert np.allclose(alone.amounts[0], twice.amounts[1], atol=1e-12)
