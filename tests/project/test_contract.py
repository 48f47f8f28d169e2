"""The contract is whole, and says what params.yaml says."""

from lifecycle.ground.metrics import metric
from lifecycle.ground.params import check_params

ROLES = {"feature", "target", "id", "group", "time", "weight", "ignored"}


def test_each_value_of_params_yaml_is_one_that_its_key_takes(root):
    check_params(root / "params.yaml")


def test_each_column_is_named_once_and_has_a_role(contract):
    names = [field.name for field in contract.fields]
    assert len(set(names)) == len(names)
    assert {field.role for field in contract.fields} <= ROLES


def test_there_is_one_target_and_something_to_predict_it_from(contract):
    assert contract.names(["target"]) == [contract.problem.target]
    assert contract.features


def test_the_classes_are_those_that_the_task_needs(contract):
    problem = contract.problem
    if problem.task == "regression":
        assert problem.classes == ()
    elif problem.task == "binary":
        assert len(problem.classes) == 2 and problem.classes[-1] == problem.positive
    else:
        assert len(problem.classes) > 2
    assert metric(problem.metric, problem.task)


def test_the_contract_says_what_params_yaml_says(contract, params):
    """`dvc repro define`, and a look at what changed in data/contract.yaml, are due where this fails."""
    asked, problem = params["problem"], contract.problem
    for key in ("statement", "target", "task", "metric", "positive"):
        if asked.get(key) not in ("", None):
            assert str(getattr(problem, key)) == str(asked[key]), f"problem.{key}"


def test_params_yaml_speaks_of_columns_that_are_there(contract, params):
    names = {field.name for field in contract.fields}
    assert set(params["columns"] or {}) <= names, "columns"
    assert set(params["problem"].get("exclude") or ()) <= names, "problem.exclude"


def test_a_column_that_must_not_be_used_is_not(contract, params):
    used = {field.name for field in contract.features}
    assert used & set(params["problem"].get("exclude") or ()) == set()
