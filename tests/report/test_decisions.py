"""The decision page is complete without its script, and its script says the same of another threshold."""

import os
import re
import shutil

import pytest

from lifecycle.ground.files import read_json
from lifecycle.report import decisions
from tests.report.test_report import EVIL, TASKS, Page, here, project  # noqa: F401
from tests.small_model import contract

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def page_of(folder, task, **problem):
    terms = contract(task)
    terms["problem"] |= problem
    project(folder, task, terms=terms)
    return (folder / "reports/decision.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_page_and_only_two_classes_have_a_script(here, task):  # noqa: F811
    html = page_of(here, task)
    page = Page(html)
    wanted = {"binary": "Which threshold?", "multiclass": "By class", "regression": "How large are the errors?"}
    assert wanted[task] in page.text
    assert "Would more rows help?" in page.text
    assert page.tags.count("script") == (1 if task == "binary" else 0)
    assert ("script-src 'sha256-" in html) == (task == "binary")
    assert not re.search(r"https?://", html)
    assert "Nothing to draw" not in page.text


def test_costs_capacity_and_groups_are_said(here):  # noqa: F811
    costs = {"false_positive": 1, "false_negative": 5, "true_positive": 2}
    html = page_of(here, "binary", costs=costs, capacity={"rows": 10, "of": 100}, protected=["place"])
    text = Page(html).text
    assert "predicted “yes”, but is not: 1; is “yes”, but was missed: 5" in text
    assert "At most 10% of the rows can be acted on" in text
    assert "Demographic parity ratio" in text
    assert "Cost per row" in text
    assert "north" in text


def test_a_class_that_is_markup_is_text_in_the_script_s_facts_too(here):  # noqa: F811
    page_of(here, "binary", protected=["place"])
    (evaluation,) = read_json("reports/evaluation.json")
    evaluation["classes"][1] = EVIL
    evaluation["groups"][0]["levels"][0]["level"] = EVIL
    from lifecycle.table.contract import Contract

    html = decisions.decision_page(Contract.read(contract("binary")), evaluation)
    assert Page(html).tags.count("script") == 1
    assert "alert('x')" not in html


@pytest.mark.parametrize(
    ("scores", "says"),
    [([0.7, 0.5], "More rows would probably help"), ([0.5, 0.499], "would hardly help"), ([0.5, None], "too few rows")],
)
def test_the_learning_curve_in_words(scores, says):
    points = [{"rows": 100 * (i + 1), "score": score, "std": 0.02} for i, score in enumerate(scores)]
    evaluation = {"metric": "log_loss", "learning": {"name": "linear", "points": points}}
    assert says in decisions.learning_in_words(evaluation)


@pytest.mark.skipif(not BROWSER, reason="NO BROWSER: apt-get install chromium, or the slider is not tried")
def test_the_slider_says_what_the_rows_say(here):  # noqa: F811
    from playwright.sync_api import sync_playwright

    page_of(here, "binary", costs={"false_positive": 1, "false_negative": 5})
    (evaluation,) = read_json("reports/evaluation.json")
    decision = evaluation["decision"]
    complaints = []
    with sync_playwright() as p:
        root = os.name == "posix" and os.geteuid() == 0
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"] if root else [])
        shown = browser.new_page(viewport={"width": 390, "height": 800})
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.goto((here / "reports/decision.html").as_uri())
        used = decision["points"][0]["test"]
        assert shown.text_content("#counts").startswith(f"{used['tp']} true positives, {used['fp']} false positives")
        shown.fill("#slider", "0")
        at, tp, fp = min(decision["cuts"])
        assert shown.text_content("#counts").startswith(f"{tp} true positives, {fp} false positives, 0 false negatives")
        assert f"threshold: {at:.6g}"[:14] in shown.text_content("#line")
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    assert complaints == []
