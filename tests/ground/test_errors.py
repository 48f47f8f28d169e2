"""What ends a stage is one line with a cure, or a traceback where the fault is ours."""

import pytest

from lifecycle.ground.errors import UserError, stage


def ended(error: Exception) -> str:
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        stage(main)
    return str(end.value)


def test_what_the_user_can_mend_is_one_line():
    assert ended(UserError("data/raw has no table; put one there")) == "error: data/raw has no table; put one there"


def test_a_package_that_is_not_installed_is_named_with_the_lock_that_has_it(monkeypatch):
    monkeypatch.delenv("LIFECYCLE_DEBUG", raising=False)
    said = ended(ModuleNotFoundError("No module named 'pyarrow.parquet'", name="pyarrow.parquet"))
    assert said.startswith("error: pyarrow is not installed") and "requirements-tools.txt" in said


def test_a_module_of_ours_that_is_missing_is_no_matter_of_packages():
    def main() -> None:
        raise ModuleNotFoundError("No module named 'lifecycle.tables'", name="lifecycle.tables")

    with pytest.raises(ModuleNotFoundError):
        stage(main)
