"""The report is one page that needs nothing else, says what was measured, and lets nothing in a table become markup."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pandas as pd
import pytest
from jinja2 import ChoiceLoader, FileSystemLoader, UndefinedError

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import sha256, write_json, write_parquet, write_text, write_yaml
from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import as_scores
from lifecycle.report import charts, document
from lifecycle.report.glossary import WORDS
from lifecycle.report.page import TEMPLATES, visible
from lifecycle.report.tables import fold_gap
from stages import evaluate, report
from tests.small_model import CLASSES, PARAMS, contract, table, write_candidate

TASKS = ["binary", "multiclass", "regression"]
EVIL = "<script>alert('x')</script> & \"$y_1$\" </svg></style>"


def profile(fields):
    fact = {
        "type": "number",
        "role": "feature",
        "filled": 88,
        "missing": 12,
        "distinct": 40,
        "reason": "",
        "examples": [],
    }
    return {"rows": 100, "files": [{"file": "rows.csv", "rows": 100}], "columns": {f["name"]: fact for f in fields}}


CLEANING = {
    "rows_in": 1000, "clean": 900, "quarantined": 70, "duplicates": 30, "reasons": {"no value of the target": 70},
    "cells": {"noise": {"missing": 20, "corrupt": 17}},
    "examples": [{"source": "rows.csv:77", "reason": "no value of the target", "record": f"1,2,{EVIL}"}],
}  # fmt: skip
BOARD = "name,metric,score,score_std,chosen\nlinear,log_loss,0.412345678,0.01,True\nnaive baseline,log_loss,0.58,0.0,False\n"
PASSED = {
    "passed": True,
    "checks": [
        {"name": "latency", "measured": 7.3000000001, "required": "<= 200 ms", "passed": True, "why": "one row"}
    ],
}
FAILED = {
    "passed": False,
    "checks": [
        *PASSED["checks"],
        {"name": "slice floor", "measured": None, "required": "0.5", "passed": False, "why": f"weak {EVIL}"},
    ],
}


def project(folder, task, gate=PASSED, test=None, terms=None, place="place"):
    """Everything that report reads, evaluation by the real stage."""
    terms = terms or contract(task, place=place)
    write_candidate(folder, task, place)
    write_parquet(folder / "data/test.parquet", table(task, 300, seed=2, place=place) if test is None else test)
    write_yaml(folder / "data/contract.yaml", terms)
    write_yaml(folder / "params.yaml", {"evaluate": PARAMS, "engine": {"n_jobs": 1, "scheduler": ""}})
    write_json(folder / "reports/data_profile.json", profile(terms["fields"]))
    write_json(folder / "reports/cleaning.json", CLEANING)
    write_text(folder / "reports/leaderboard.csv", BOARD)
    write_json(folder / "reports/validation.json", gate)
    evaluate.main()
    report.main()
    return (folder / "reports/report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Tags, attributes and the text that a reader sees."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.text))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attributes]
        if tag not in ("meta", "br", "path", "use", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("task", TASKS)
def test_the_page_needs_no_network_no_script_and_no_other_file(here, task):
    html = project(here, task)
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "image", "base"} & set(page.tags)
    for tag, key, value in page.attributes:
        assert not key.startswith("on"), (tag, key)
        if key in ("src", "href", "xlink:href", "action"):
            assert value.startswith("#") or value == "decision.html", (tag, key, value)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert not re.search(r"https?://", html)


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_charts_and_none_is_empty(here, task):
    page = Page(project(here, task))
    for title in (
        ("Confusion", "Calibration") if CLASSES[task] else ("Predicted and actual", "Residuals", "Calibration")
    ):
        assert title in page.text
    dots = [value for tag, key, value in page.attributes if (tag, key, value) == ("div", "class", "dots")]
    assert len(dots) == 2  # slices, importance
    drawn = [value for tag, key, value in page.attributes if (tag, key) == ("svg", "role")]
    swarms = [value for tag, key, value in page.attributes if (tag, key, value) == ("div", "class", "dots swarm")]
    assert len(swarms) == 1
    assert len(drawn) + len(dots) + len(swarms) == page.tags.count("figure") >= 8
    assert "Nothing to draw" not in page.text
    assert "Not drawn" not in page.text


def test_references_inside_the_charts_have_their_targets(here):
    page = Page(project(here, "multiclass"))
    ids = {value for _, key, value in page.attributes if key == "id"}
    used = {value[1:] for _, key, value in page.attributes if key == "href" and value != "decision.html"}
    used |= {name for _, _, value in page.attributes for name in re.findall(r"url\(#([^)]+)\)", value)}
    assert used <= ids


def test_each_page_says_of_which_model_rows_and_libraries_it_is(here):
    (here / "pyproject.toml").write_text('[project]\nname = "flats"\n')
    project(here, "binary")
    facts = json.loads((here / "models/candidate/candidate.json").read_text())
    for name in ("report", "decision"):
        text = Page((here / f"reports/{name}.html").read_text(encoding="utf-8")).text
        assert f"odel {facts['sha256'][:12]}" in text
        assert f"test rows {sha256('data/test.parquet')[:12]} (SHA-256 of data/test.parquet)" in text
        assert "Project flats;" in text
        assert f"git log -1 -- reports/{name}.html" in text
        assert "drawn with seed 1" in text
        assert "dates from 2024-01-01 to 2024-03-30" in text
        assert f"scikit-learn {facts['versions']['scikit-learn']}" in text


@pytest.mark.parametrize("task", TASKS)
def test_the_same_reports_give_the_same_bytes(here, task):
    first = project(here, task)
    report.main()
    assert (here / "reports/report.html").read_text(encoding="utf-8") == first


def test_a_reader_finds_score_interval_baseline_and_gate_in_words(here):
    text = Page(project(here, "binary")).text
    (evaluation,) = json.loads((here / "reports/evaluation.json").read_text())
    score = evaluation["score"]
    assert "✓ Gate passed: all 1 checks" in text
    assert "Clearly better than the naive baseline, on 300 rows" in text
    for value in as_scores(score[key] for key in ("value", "low", "high", "baseline")):
        assert value in text.partition("Problem")[0]
    assert "7.3 " in text
    assert "7.3000000001" not in text
    assert "0.4123" in text
    assert "linear ← chosen" in text


def test_of_a_blend_the_blend_is_the_model_and_counts_stay_whole(here):
    project(here, "binary")
    board = "name,metric,score,score_std,weight,rounds,chosen\nblend,log_loss,0.4,0.01,1.0,,True\n"
    board += "network,log_loss,0.41,0.01,0.75,9,True\nlinear,log_loss,0.42,0.01,0.25,,True\nnaive baseline,log_loss,0.6,0.0,0.0,,False\n"
    write_text(here / "reports/leaderboard.csv", board)
    report.main()
    text = Page((here / "reports/report.html").read_text(encoding="utf-8")).text
    assert text.count("← chosen") == 1
    assert "blend ← chosen log_loss 0.4000 0.0100 100% " in text
    assert "network log_loss 0.4100 0.0100 75% 9 " in text


@pytest.mark.parametrize(
    ("metric", "fold", "score", "said"),
    [
        ("rmse", 37.0, {"value": 54.0, "low": 50.0, "high": 58.0}, True),
        ("rmse", 37.0, {"value": 54.0, "low": 36.0, "high": 80.0}, False),  # the interval holds it
        ("rmse", 37.0, {"value": 39.0, "low": 38.0, "high": 40.0}, False),  # sure, and too little to matter
        ("rmse", 37.0, {"value": 20.0, "low": 18.0, "high": 22.0}, False),  # better
        ("roc_auc", 0.9, {"value": 0.7, "low": 0.65, "high": 0.75}, True),
        ("roc_auc", 0.9, {"value": 0.97, "low": 0.95, "high": 0.98}, False),
        ("rmse", 37.0, {"value": 54.0, "low": None, "high": None}, False),
        ("mape", float("nan"), {"value": 0.2, "low": 0.1, "high": 0.3}, False),  # of the folds it is not defined
    ],
)
def test_a_score_far_below_that_of_the_folds_is_said_aloud(metric, fold, score, said):
    board = pd.DataFrame(
        {"name": ["blend", "linear"], "metric": metric, "score": [fold, 1.0], "chosen": ["True", "True"]}
    )
    told = fold_gap({"metric": metric, "score": score}, board)
    assert bool(told) is said and (not said or f"out of fold it was {fold:g}" in told)
    assert fold_gap({"metric": "mae", "score": score}, board) == ""  # chosen by another metric


def test_every_metric_has_words():
    assert set(WORDS) == set(METRICS)


def test_a_failed_gate_says_at_the_top_what_failed_and_why(here):
    text = Page(project(here, "binary", FAILED)).text
    assert "✗ Gate failed: 1 of 2 checks" in text
    assert text.index("slice floor: weak") < text.index("Data quality")


def test_every_row_and_unreadable_cell_is_accounted_for(here):
    text = Page(project(here, "binary")).text
    assert re.search(r"1,000 rows in = 900 clean \+ 70 quarantined \+ 30 duplicates", text)
    assert "no value of the target 70" in text
    assert "rows.csv:77" in text
    assert re.search(r"noise number feature 88% 40 17 ", text)
    assert "different in each row" in text


def evil_project(here):
    terms = contract("binary", place=EVIL)
    terms["problem"]["statement"] = terms["problem"]["owner"] = EVIL
    terms["notes"] = [EVIL]
    test = table("binary", 300, seed=2, place=EVIL)
    test[EVIL] = test[EVIL].replace("south", EVIL)
    return project(here, "binary", FAILED, test, terms, EVIL)


def test_markup_in_names_cells_and_verdicts_is_text(here):
    html = evil_project(here)
    page = Page(html)
    assert "script" not in page.tags
    assert "<script" not in html
    assert page.text.count("alert('x')") >= 6  # column table, statement, owner, note, record, chart labels
    assert html.count("</style>") == 1
    assert html.count("<svg") == html.count("</svg>")


def test_markup_in_a_class_name_is_text(here, monkeypatch):
    monkeypatch.setitem(CLASSES, "binary", ["<b>no</b>", "<i onclick=x>"])
    page = Page(project(here, "binary"))
    assert "b" in page.tags  # the report's own
    assert "<i onclick=x>" in page.text
    assert not any(key == "onclick" for _, key, _ in page.attributes)


def test_classes_called_na_and_numbers_stay_classes(here, monkeypatch):
    monkeypatch.setitem(CLASSES, "multiclass", ["1", "NA", "null"])
    page = Page(project(here, "multiclass"))
    assert "1, NA, null" in page.text
    assert page.text.count(" NA ") >= 3  # legends and the confusion chart
    assert "nan" not in page.text


def test_a_test_set_of_one_class_is_reported_without_its_curves(here):
    test = table("binary", 300, seed=2).query("target == 'no'").head(5).reset_index(drop=True)
    text = Page(project(here, "binary", test=test, terms=contract("binary", "roc_auc"))).text
    assert "ROC AUC cannot be computed on the 5 rows" in text
    assert "Not drawn: the test rows are of one class only." in text


def test_two_hundred_columns_are_folded_with_their_number(here):
    terms = contract("regression")
    terms["fields"] += [{"name": f"c{i}", "role": "ignored", "type": "number"} for i in range(192)]
    page = Page(project(here, "regression", terms=terms))
    assert "160 more columns" in page.text
    assert " c191 " in page.text  # folded, not lost


def test_a_missing_input_names_the_file(here):
    project(here, "binary")
    (here / "reports/leaderboard.csv").unlink()
    with pytest.raises(UserError, match="reports/leaderboard.csv is missing"):
        report.main()


def test_charts_take_names_that_are_not_plain_text():
    svg = charts.lines("x", [("$\\frac{$", [0, 1], [0, 1]), ("漢字\x00\n<&>", [0, 1], [1, 0])], "x", "y")
    assert "$\\frac{$" in svg
    assert "漢字 &lt;&amp;&gt;" in svg


def test_what_would_reverse_or_hide_text_is_shown_as_a_mark():
    assert visible("a\u202eb\x00c") == "a\ufffdb\ufffdc"


def test_a_cell_of_a_table_is_text():
    table = TEMPLATES.get_template("pieces.html.j2").module.table
    assert "<td>&lt;i&gt;\ufffd</td>" in table(["<td>"], [["<i>\u202e"]])
    assert "<th>&lt;td&gt;</th>" in table(["<td>"], [])


def test_a_section_is_a_template_and_its_name_in_one_list(here, monkeypatch, tmp_path):
    """No Python: it sees what the stages wrote."""
    folder = tmp_path / "templates/report"
    folder.mkdir(parents=True)
    text = '{% set title = "Costs" %}<p>{{ evaluation.n_rows | count }} rows, {{ contract.problem.target }}</p>'
    (folder / "costs.html.j2").write_text(text, encoding="utf-8")
    monkeypatch.setattr(TEMPLATES, "loader", ChoiceLoader([TEMPLATES.loader, FileSystemLoader(tmp_path / "templates")]))
    monkeypatch.setattr(document, "SECTIONS", (*document.SECTIONS, "costs"))
    text = Page(project(here, "binary")).text
    assert text.index("Costs") < text.rindex("Costs 300 rows, target")  # in the list of sections, then itself


def test_a_template_that_names_what_is_not_there_fails_rather_than_leaving_a_gap():
    with pytest.raises(UndefinedError):
        TEMPLATES.from_string("{{ evaluation.scroe }}").render(evaluation={"score": 1})


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_page_opens_in_a_browser_without_a_complaint_and_without_overflow(here, task, tmp_path):
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not browser:
        pytest.skip("NO BROWSER: install chromium to check that the report opens; apt-get install chromium")
    html = evil_project(here) if task == "binary" else project(here, task)
    # the probe is the only script there is; the page's own policy would forbid it
    probe = "<script>addEventListener('load', () => document.title = 'width ' + document.documentElement.scrollWidth)</script>"
    probed = re.sub(r"<meta http-equiv[^>]*>", "", html).replace("</body>", probe + "</body>")
    (tmp_path / "probed.html").write_text(probed, encoding="utf-8")

    def opened(path, width):
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},2000", "--enable-logging=stderr"]
        done = subprocess.run(
            [*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, encoding="utf-8", timeout=120
        )
        assert "CONSOLE" not in done.stderr, done.stderr
        return done.stdout

    assert "</html>" in opened(here / "reports/report.html", 1100)
    for width in (1100, 500):
        shown = int(re.search(r"<title>width (\d+)</title>", opened(tmp_path / "probed.html", width)).group(1))
        assert shown <= width  # tables and wide charts scroll in boxes of their own
