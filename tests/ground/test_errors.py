"""What ends a stage is one line with a cure, or a traceback where the fault is ours."""

import os
import subprocess
import sys

import pytest

from lifecycle.ground.errors import UserError, stage
from tests.scratch import ROOT


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


@pytest.mark.parametrize(
    ("module", "package", "named"),
    [("stages.define", "pandas", "pandas"), ("actions.status", "yaml", "pyyaml"), ("service", "yaml", "pyyaml")],
)
def test_where_an_environment_is_half_set_up_each_command_says_so_in_one_line(tmp_path, module, package, named):
    """It is missing where the script is imported, before any code of it runs."""
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError('No module named {package}', name='{package}')\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    env = {k: v for k, v in os.environ.items() if k != "LIFECYCLE_DEBUG"} | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-m", module], cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith(f"error: {package} is not installed in this environment")
    assert "requirements-tools.txt" in line and line.endswith(f"or {named} alone")


@pytest.mark.parametrize(("package", "named"), [("pandas", "pandas"), ("pyarrow", "pyarrow"), ("yaml", "pyyaml")])
def test_a_notebook_whose_kernel_lacks_a_package_shows_one_line_with_the_command(package, named):
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "try:\n    from lifecycle import project\n"
        "except Exception as error:\n    print(*error._render_traceback_(), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"error: {package} is not installed in this environment ({sys.prefix})")
    assert "python -m pip install -r requirements-tools.txt" in line and line.endswith(f"or {named} alone")
