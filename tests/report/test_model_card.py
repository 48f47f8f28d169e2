"""The card is one that the hub reads, and its tables hold whatever a table's cells hold."""

import pytest
import yaml

from lifecycle.evaluate.evaluation import evaluate
from lifecycle.report.model_card import model_card, refusal
from lifecycle.table.contract import Contract
from tests.small_model import CLASSES, SETTINGS, contract, fitted, table

GATE = {
    "passed": True,
    "checks": [
        {"name": "beats the naive baseline", "measured": 0.1234567, "required": "> 0", "passed": True, "why": ""},
        {"name": "not worse than the champion", "measured": 1, "required": "", "passed": True, "why": ""},
    ],
}


MADE = {"data": {"data/train.parquet": "a" * 64}, "seeds": {"split.random_state": 16}}


def card(task, place="place"):
    terms = Contract.read(contract(task, place=place) | {"source": {"files": ["rows.csv"]}})
    evaluation = evaluate(fitted(task, place), terms, table(task, 300, seed=2, place=place), SETTINGS)
    facts = {"name": "linear", "n_rows": 46374, "sha256": "f" * 64, "versions": {"numpy": "2.4.6"}}
    return model_card(terms, facts, evaluation, GATE, MADE)


@pytest.mark.parametrize("task", CLASSES)
def test_the_card_is_metadata_of_the_hub_and_then_text(task):
    empty, front, text = card(task).split("---\n", 2)
    front = yaml.safe_load(front)
    assert empty == ""
    assert front["pipeline_tag"].startswith("tabular-")
    assert front["model-index"][0]["results"][0]["metrics"][0]["value"] is not None
    for heading in ("## Data", "## Metrics", "## Slices", "## Limits", "## Acceptance", "## Provenance", "## Use"):
        assert f"\n\n{heading}\n\n" in text
    assert "fitted on 46,374 rows" in text
    assert "| beats the naive baseline | 0.1235 | > 0 | yes |" in text
    assert text.endswith("manifest.json.\n")


def test_a_bundle_does_not_change_when_it_becomes_the_champion():
    assert "champion" not in card("binary")


def test_the_card_says_what_the_model_was_made_from_and_with():
    text = card("binary").partition("## Provenance")[2]
    assert f"`data/train.parquet`: SHA-256 `{'a' * 64}`" in text and f"Model: SHA-256 `{'f' * 64}`" in text
    assert "Made with numpy 2.4.6, lifecycle" in text and "Seeds: split.random_state 16" in text


def test_a_name_with_a_bar_or_a_line_end_stays_one_cell():
    (line,) = [line for line in card("binary", "a|b\nc <d>").splitlines() if "north, south" in line]
    assert line == "| `a\\|b c <d>` | string | north, south, west |"


def test_a_refusal_says_what_failed_and_what_to_do():
    failed = {"name": "size", "measured": 300.5, "required": "<= 200 MB", "passed": False, "why": "model.joblib"}
    text = refusal({"checks": [*GATE["checks"], failed]})
    assert "\n\n- **size**: 300.5, required <= 200 MB. model.joblib\n\nChange params.yaml" in text
    assert "champion" not in text
