"""The generation hook reads as `define` does: it is run here, in this process, as cookiecutter would render it."""

import gzip
import json
import re
import sys

import pytest

from lifecycle.ground.errors import UserError
from lifecycle.table.read import read_raw
from tests.scratch import ROOT
from tests.table.tables_as_text import lines

TABLE = lines()
SHOULD_READ = {
    "titles": ["Report of May", "", *TABLE],
    "a total": [*TABLE, "Total,,,"],
    "notes": [*TABLE, "Source: own", "and a remark that nobody reads", "one more", "one more", "one more"],
    "units": [TABLE[0], "[-],[n],[EUR],[-]", *TABLE[1:]],
    "carets": lines(delimiter="^"),
    "a few broken lines": [*TABLE[:20], "a,b", "c,d", *TABLE[20:]],
}
SHOULD_REFUSE = {
    "no rows": TABLE[:1],
    "few rows": TABLE[:13],
    "no names": TABLE[1:],
    "many broken lines": [line + ",x" if at % 9 == 1 else line for at, line in enumerate(TABLE)],
    "one column": [line.split(",")[0] for line in TABLE],
    "a page": ["<!doctype html>", "<p>gone</p>"],
    "merged heads": [",spring,,summer,", "site,good,kg,good,kg", *(f"S,{i},1,{i},2" for i in range(40))],
}


@pytest.fixture
def refusal(monkeypatch):
    """What the hook says of a table, or None; the project's modules are the copies that it carries."""

    def ask(data, target: str) -> str | None:
        text = (ROOT / "hooks/pre_gen_project.py").read_text(encoding="utf-8")
        text = re.sub(r'\{\{"([\w/.]+)" \| source_of \| quoted\}\}', lambda m: repr(source(m[1])), text)
        answers = json.dumps({"project_name": "p", "project": "p", "target": target})
        text = text.replace("{{cookiecutter | jsonify | quoted}}", repr(answers))
        text = text.replace("{{cookiecutter.data | from_here | quoted}}", repr(str(data)))
        text = text.replace('{{"cruft" | regenerating}}', "False")
        assert text.endswith("\nmain()\n")
        before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "lifecycle"}
        for name in before:
            monkeypatch.delitem(sys.modules, name)
        hook: dict = {"__name__": "hook"}
        try:
            exec(compile(text.removesuffix("main()\n"), "hook", "exec"), hook)
            hook["check_data"]()
            return None
        except hook["Refused"] as refused:
            return hook["shown"](str(refused))
        finally:
            for name in [name for name in sys.modules if name.split(".")[0] == "lifecycle"]:
                del sys.modules[name]
            sys.modules.update(before)

    return ask


def source(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHOULD_READ)
def test_what_define_reads_the_hook_accepts(tmp_path, refusal, name):
    (tmp_path / "t.csv").write_text("\n".join(SHOULD_READ[name]) + "\n", encoding="utf-8")
    assert len(read_raw(tmp_path, target="good").frame) == 40
    assert refusal(tmp_path / "t.csv", "good") is None
    assert refusal(tmp_path, "good") is None


@pytest.mark.parametrize("name", SHOULD_REFUSE)
def test_what_define_refuses_the_hook_refuses_in_a_line(tmp_path, refusal, name):
    (tmp_path / "t.csv").write_text("\n".join(SHOULD_REFUSE[name]) + "\n", encoding="utf-8")
    said = refusal(tmp_path / "t.csv", "good")
    assert said and "t.csv" in said and said.isprintable()
    try:
        raw = read_raw(tmp_path, target="good")
    except UserError as error:
        assert str(error).split(" ", 1)[1][:40] in said
    else:
        assert len(raw.frame) < 20


def test_a_packed_table_is_looked_into(tmp_path, refusal):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress("\n".join(TABLE).encode()))
    assert refusal(tmp_path / "t.csv.gz", "good") is None
    assert 'no column "god" in its header; did you mean "good"?' in refusal(tmp_path / "t.csv.gz", "god")


def test_a_name_that_a_terminal_would_obey_is_shown_written_out(tmp_path, refusal):
    (tmp_path / "t.csv").write_text("\n".join(["a\x1b[2J," + TABLE[0], *(f"1,{row}" for row in TABLE[1:])]))
    assert r"a\x1b[2J, town" in refusal(tmp_path / "t.csv", "zzzzz")


def test_the_hook_needs_the_standard_library_alone(tmp_path):
    import subprocess

    modules = re.findall(r'"(lifecycle/[\w/]+)\.py" \| source_of', source("hooks/pre_gen_project.py"))
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {', '.join(m.replace('/', '.') for m in modules)}"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
