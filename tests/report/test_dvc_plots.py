"""`dvc plots show` draws without the network, and says what it draws for the task at hand."""

import configparser
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.test_decisions import BROWSER
from tests.report.test_report import here, project  # noqa: F401

ROOT = Path(__file__).parents[2]
DRAWN = ROOT / "lifecycle/report/dvc_plots"
SAID = {
    "binary": ["ROC curve: “yes”", "true positive rate", "predicted probability of “yes”", "Confusion matrix"],
    "multiclass": ["ROC curve: mean over the classes", "Calibration of the likeliest class", "Confusion matrix"],
    "regression": ["Test rows within an error", "absolute error of target", "mean actual target", "Fifths of target"],
}


def test_dvc_fills_a_page_that_names_no_address_to_fetch_from():
    config = configparser.ConfigParser()
    config.read_string((ROOT / ".dvc/config").read_text("utf-8").replace("    ", ""))
    page = (ROOT / ".dvc" / config["plots"]["html_template"]).resolve()
    assert page == DRAWN / "page.html"
    text = page.read_text("utf-8")
    assert "{plot_divs}" in text
    assert "{scripts}" not in text  # where DVC would put the addresses of its libraries
    assert "<script src" not in text


def test_each_picture_says_what_its_task_draws_in_its_first_row_alone(here):  # noqa: F811
    for task, said in SAID.items():
        project(here, task)
        tables = [
            (here / f"reports/plots/{name}.csv").read_text("utf-8") for name in ("curve", "calibration", "confusion")
        ]
        heads = "\n".join(table.splitlines()[1] for table in tables)
        rest = "\n".join(line for table in tables for line in table.splitlines()[2:])
        for text in said:
            assert text in heads, (task, text)
            assert text not in rest, (task, text)


def test_a_regressions_curve_has_that_of_the_mean_beside_it(here):  # noqa: F811
    project(here, "regression")
    rows = [line.split(",") for line in (here / "reports/plots/curve.csv").read_text("utf-8").splitlines()[1:]]
    within, baseline = ([float(row[place]) for row in rows] for place in (1, 2))
    assert sum(within) > sum(baseline) > 0
    assert baseline == sorted(baseline)


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="NO BROWSER: apt-get install chromium, or no plot is drawn")
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_dvc_plots_show_draws_with_the_network_off(here, task):  # noqa: F811
    from playwright.sync_api import sync_playwright

    project(here, task)
    (here / "reports/timings.json").write_text("{}")
    shutil.copy(ROOT / "dvc.yaml", here)
    shutil.copytree(DRAWN, here / "lifecycle/report/dvc_plots")
    (here / ".dvc").mkdir()
    config = (ROOT / ".dvc/config").read_text("utf-8")
    (here / ".dvc/config").write_text(config.replace("[core]\n", "[core]\n    no_scm = true\n"))
    done = subprocess.run([sys.executable, "-m", "dvc", "plots", "show", "-o", "shown"], capture_output=True, text=True)
    assert (here / "shown/index.html").exists(), done.stderr
    complaints = []
    with sync_playwright() as p:
        root = os.name == "posix" and os.geteuid() == 0
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"] if root else [])
        shown = browser.new_context(offline=True).new_page()
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on("request", lambda request: complaints.extend([request.url] * request.url.startswith("http")))
        shown.goto((here / "shown/index.html").as_uri())
        shown.wait_for_function("document.querySelectorAll('svg, canvas').length >= 5")
        specs = shown.content()
        texts = shown.evaluate("[...document.querySelectorAll('svg text')].map(one => one.textContent)")
        browser.close()
    assert complaints == []
    assert "cdn" not in specs.partition("<body>")[2]
    for text in (*SAID[task], "Candidates, the best first", "Permutation importance"):
        assert text in texts, json.dumps(texts)
