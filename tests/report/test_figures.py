"""What the templates ask of the sections: one weakest slice everywhere, one colour a class, the table's own words."""

import json

import pandas as pd
import pytest

from lifecycle.evaluate.evaluation import evaluate
from lifecycle.evaluate.slices import named, ranked
from lifecycle.gate.good import check_slices
from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import exact
from lifecycle.report import charts, figures, tables
from lifecycle.report.glossary import meaning, term
from lifecycle.report.model_card import model_card
from lifecycle.table.contract import Contract
from tests import small_model


def terms(task):
    return Contract.read(small_model.contract(task) | {"source": {"files": ["rows.csv"]}})


@pytest.fixture(params=small_model.CLASSES)
def evaluated(request):
    task = request.param
    test = small_model.table(task, 1200, seed=2)
    return task, evaluate(small_model.fitted(task), terms(task), test, small_model.SETTINGS)


def test_page_card_and_gate_name_the_same_weakest_slice(evaluated):
    task, evaluation = evaluated
    weakest = named(ranked(evaluation["slices"])[0])
    assert figures.weakest_slice(evaluation).startswith(f"The weakest slice is {weakest} (")
    gate = check_slices(evaluation, 0.0)
    assert f"on its own rows: {weakest} (" in gate.why
    card = model_card(terms(task), {"name": "linear", "n_rows": 400}, evaluation, {"passed": True, "checks": []})
    rows = card.partition("## Slices")[2].partition("| --- |")[2].splitlines()
    assert rows[1].startswith(f"| {weakest} |")


def test_slices_are_drawn_weakest_first_with_their_own_baseline(evaluated):
    _, evaluation = evaluated
    drawn = figures.slices(evaluation, columns=1)
    skills = [dot.row.value for dot in drawn.dots]
    assert skills == sorted(skills)
    first = figures.slices_of(evaluation, columns=1)[0]
    assert drawn.dots[0].row.text == f"{exact(first['score'])} / {exact(first['baseline'])}"
    assert drawn.dots[0].row.marked == first["weaker"]


def test_chance_is_not_called_a_weakness():
    one = {
        "where": [["kind", "a"]], "n": 40, "score": 0.5, "baseline": 0.6,
        "skill": 0.1, "skill_low": -0.2, "skill_high": 0.4, "weaker": False,
    }  # fmt: skip
    text = figures.weakest_slice({"slices": [one], "slice_metric": "log_loss"})
    assert "No slice is significantly weaker" in text


def test_a_class_has_one_colour_whatever_the_order_of_its_lines():
    evaluation = {"classes": [f"c{i}" for i in range(9)], "class_rows": [9, 1, 8, 2, 7, 3, 6, 4, 5]}
    colours = figures.palette(evaluation)
    assert list(colours) == ["c0", "c2", "c4", "c6", "c7", "c8"]  # the most frequent, in the contract's order
    assert len(set(colours.values())) == 6


def test_a_cell_is_what_the_table_calls_it():
    spec = {"name": "member", "role": "feature", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]}
    contract = Contract.read({"problem": {"target": "y", "task": "binary"}, "fields": [spec]})
    assert [figures.in_words("member", value, contract) for value in (True, False, None)] == ["yes", "no", None]
    assert figures.in_words("other", 3.5, contract) == 3.5


def test_a_class_called_like_a_colour_of_the_page_keeps_its_name():
    svg = charts.lines("x", [(charts.COLOURS[0], [0, 1], [0, 1]), ("b", [0, 1], [1, 0])], "x", "y")
    assert f">{charts.COLOURS[0]}<" in svg
    assert "var(--c1)" in svg


def test_every_metric_names_the_positive_class_where_it_speaks_of_one():
    for name in METRICS:
        assert term(name)
        assert "{" not in meaning(name, ["no", "yes"]) + meaning(name, ["a", "b", "c"]) + meaning(name, [])
    assert meaning("precision", ["no", "yes"]) == "of the rows predicted to be “yes”, the share that really is"


def test_an_undefined_score_is_a_dash_in_the_table():
    score = {"value": None, "low": None, "high": None, "baseline": 0.5}
    evaluation = {"classes": ["a", "b"], "metric": "roc_auc", "metrics": {"roc_auc": score}, "confidence": 0.95}
    (row,) = json.loads(json.dumps(tables.metrics(evaluation)["rows"]))
    assert row[1:4] == ["–", "–", "0.5000"]


def test_the_scores_of_the_leaderboard_are_compared_digit_by_digit():
    board = pd.DataFrame(
        {
            "name": ["a", "b"],
            "metric": "log_loss",
            "score": [0.41, 1.2345678],
            "rounds": [None, 12.0],
            "chosen": ["True", "False"],
        }
    )
    rows = tables.leaderboard(board)["rows"]
    assert rows == [["a ← chosen", "log_loss", "0.4100", ""], ["b", "log_loss", "1.2346", "12"]]
