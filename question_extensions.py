"""The Jinja filters of the questions and hooks; cookiecutter.json lists them under `_extensions`.

    {{"." | template_path}}                 the template's folder, from which a hook imports the project's own reader
    {{ cookiecutter.data | from_here }}     a local path made absolute from where the command was typed
    {{ cookiecutter | likely_target }}      a question's default, for which the answers before it are checked first

cookiecutter renders the default of a question after the one before it was answered. So each filter here checks that answer,
says in a line what is wrong with it, and asks for it again; with --no-input, where nobody can answer, it only gives the default.

In a module of its own: `cruft update` keeps the older project's local_extensions in memory.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cookiecutter.prompt import read_user_variable
from cookiecutter.utils import simple_filter

TEMPLATE = Path(__file__).parent
STARTED_IN = Path.cwd()  # at import: later, cookiecutter works in the template's folder
Answers = dict[str, Any]


@simple_filter
def template_path(part: str) -> str:
    """`part` of the template, absolute: hooks are rendered where it stands, and run in the generated folder."""
    return str(Path(part).absolute())


@simple_filter
def from_here(path: str) -> str:
    return located(path)


def located(path: str) -> str:
    """A local path made absolute from where the command was typed: hooks run in the generated folder."""
    if not path.strip() or "://" in path:
        return path.strip()
    local = Path(path.strip()).expanduser()
    places = [STARTED_IN, Path(os.environ.get("PWD", ""))]  # PWD: one process that generates twice, from two places
    found = next((p / local for p in places if (p / local).exists()), STARTED_IN / local)
    return os.path.normpath(found)


# ---- defaults, in the order in which they are asked ---------------------------------------------------------


@simple_filter
def likely_target(answers: Answers) -> str:
    """Shows the table's columns; the one that is likely to be predicted, or nothing."""
    if not asking():
        return "" if answers["data"].strip() else "good"
    until_right(answers, "data", table)
    if not answers["data"].strip():
        return "good"
    seen = table(answers["data"])
    if seen.names:
        print(f"    {seen.told()}:\n{indented(checks().spoken(seen.names, 60))}")
    return seen.likely_target()


@simple_filter
def likely_name(answers: Answers) -> str:
    """The table's name, as people say it."""
    if not asking():
        return "Bakery"
    until_right(answers, "data", table)
    until_right(answers, "target", lambda target: check_target(answers["data"], target))
    return checks().name_of(answers["data"].strip()) or "Bakery"


@simple_filter
def likely_statement(answers: Answers) -> str:
    if asking():
        until_right(answers, "project_name", checks().check_name)
    if not answers["data"].strip():
        return "Will this bake turn out good?"
    return f"Predict {answers['target']} from the other columns."


@simple_filter
def after_project(answers: Answers) -> str:
    """Nothing; the folder was asked for before."""
    if asking():
        until_right(answers, "project", check_new_folder)
    return ""


def indented(text: str) -> str:
    """Beside the questions, on a terminal of 80 columns; a path is never parted."""
    return textwrap.fill(
        text, 78, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


# ---- asking again -------------------------------------------------------------------------------------------


def until_right(answers: Answers, key: str, check: Callable[[str], Any]) -> None:
    """Ask for `key` until `check` has nothing against it."""
    while True:
        try:
            check(answers[key])
            return
        except checks().Refused as reason:
            print(indented(str(reason)))
            answers[key] = read_user_variable(key, "", prefix="    ")


def check_target(data: str, target: str) -> None:
    if data.strip():
        seen = table(data, target)
        seen.check_target()
        seen.check_rows()
    else:
        checks().check_data("", target)


def check_new_folder(project: str) -> None:
    """cookiecutter itself would stop at the end, when all is answered."""
    checks().check_folder(project)
    frame = calling("cookiecutter")
    if frame and not frame["overwrite_if_exists"] and Path(frame["output_dir"], project).exists():
        raise checks().Refused(f'"{project}" is there already; give another name, or remove it')


def table(data: str, target: str = "") -> Any:
    """What is at `data`; None for the example."""
    return checks().Table(located(data), checks().tidy_name(target)) if data.strip() else None


def checks() -> Any:
    """hooks/answers.py of this template, whatever else the working folder has of that name."""
    if str(TEMPLATE) not in sys.path[:1]:
        sys.path.insert(0, str(TEMPLATE))
    from hooks import answers

    return answers


def asking() -> bool:
    """Whether somebody is asked: neither --no-input, nor a copy that cruft renders to compare with."""
    frame = calling("prompt_for_config")
    return bool(frame) and not frame["no_input"]


def calling(function: str) -> dict[str, Any]:
    """The variables of the function of cookiecutter's that has called us; empty where none has."""
    frame = sys._getframe()
    while frame := frame.f_back:
        if frame.f_code.co_name == function and frame.f_globals.get("__name__", "").startswith("cookiecutter."):
            return frame.f_locals
    return {}
