"""params.yaml is checked key by key before any work, and an editor's schema says the same."""

import json
from pathlib import Path

import pytest
import yaml

from lifecycle.ground.errors import UserError
from lifecycle.ground.params import BLOCKS, MonitorParams, SplitParams, TrainParams, check_params, schema

ROOT = Path(__file__).parents[2]


def blocks():
    return yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))


def test_each_block_of_params_yaml_is_within_its_ranges():
    check_params(ROOT / "params.yaml")


def test_a_block_is_read_into_its_class():
    train = TrainParams.load(ROOT / "params.yaml")
    assert train.folds == blocks()["train"]["folds"] and "linear" in train.candidates


@pytest.mark.parametrize(
    ("block", "key", "value", "said"),
    [
        ("train", "folds", 1, "train.folds is 1; it takes a whole number from 2 to 20"),
        ("train", "folds", 2.5, "train.folds is 2.5; it takes a whole number from 2 to 20"),
        ("train", "folds", True, "train.folds is True"),
        ("split", "test_size", "0.2", "split.test_size is '0.2'; it takes a number from 0.01 to 0.9"),
        ("clean", "duplicates", "maybe", "clean.duplicates is 'maybe'; it takes one of auto, drop, keep"),
        ("problem", "exclude", "name", "problem.exclude is 'name'; it takes a list of names"),
        ("problem", "criteria", "high", "problem.criteria is 'high'; it takes the form"),
        ("problem", "task", "forecast", "problem.task is 'forecast'; it takes one of binary, multiclass, regression"),
        ("evaluate", "confidence", 95, "evaluate.confidence is 95; it takes a number from 0.5 to 0.9999"),
    ],
)
def test_a_value_out_of_range_names_block_key_value_and_range(block, key, value, said):
    with pytest.raises(UserError, match="params.yaml: ") as error:
        BLOCKS[block].read(blocks()[block] | {key: value})
    assert said in str(error.value)


def test_a_misspelt_key_is_refused_with_the_one_that_was_meant():
    with pytest.raises(UserError, match=r'train has no key .fold.; did you mean "folds"\?'):
        TrainParams.read(blocks()["train"] | {"fold": 3})


def test_a_key_that_is_lacking_is_named_with_what_it_takes():
    lacking = {k: v for k, v in blocks()["split"].items() if k != "test_size"}
    with pytest.raises(UserError, match=r"has no split.test_size; add it: it takes a number from 0.01 to 0.9"):
        SplitParams.read(lacking)


def test_a_rule_within_a_block_is_named_by_its_whole_place():
    monitor = blocks()["monitor"]
    with pytest.raises(UserError, match=r"monitor.rules.quality is 'alarm'; it takes one of ok, warn, retrain"):
        MonitorParams.read(monitor | {"rules": monitor["rules"] | {"quality": "alarm"}})


def test_the_schema_beside_params_yaml_is_made_from_the_classes():
    """python -m lifecycle.ground.params writes it."""
    assert json.loads((ROOT / "params.schema.json").read_text("utf-8")) == json.loads(json.dumps(schema()))
