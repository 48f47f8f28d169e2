"""What stages, service and actions would meet on Windows, as far as it can be tried elsewhere: no fork, no call that only POSIX has,
no text in another encoding, and no command that needs a POSIX shell."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from actions import serve
from tests.released import table
from tests.scratch import QUICK, ROOT, scratch

ROOMS = ("lifecycle", "stages", "actions", "service", "custom", "hooks")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
# what Python's documentation calls "Availability: Unix"
POSIX = {
    "os": set(
        "fork forkpty execv execve execvp kill killpg setsid setpgid getpgid getpgrp getuid geteuid getgid chown fchmod fchown mkfifo mknod "
        "nice sched_getaffinity sched_setaffinity sysconf statvfs uname wait waitpid wait3 wait4 getloadavg openpty posix_spawn WNOHANG "
        "O_NOFOLLOW O_DIRECTORY O_CLOEXEC O_NONBLOCK".split()
    ),
    "signal": set("SIGKILL SIGHUP SIGUSR1 SIGUSR2 SIGALRM SIGCHLD SIGPIPE SIGQUIT SIGSTOP SIGCONT alarm pause setitimer".split()),
    "asyncio": {"add_signal_handler"},
}  # fmt: skip
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline", "crypt"}
GUARDS = ("os.name", "sys.platform", "ImportError", "hasattr(", "FORK", "NotImplementedError")


def posix_only(tree):
    """(line, what) of each use in a parsed file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in POSIX.get(node.value.id, ()) or node.attr == "add_signal_handler":
                yield node.lineno, f"{node.value.id}.{node.attr}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]:
                if name in MODULES:
                    yield node.lineno, name
        if isinstance(node, ast.keyword) and node.arg in ("preexec_fn", "start_new_session"):
            yield node.value.lineno, node.arg


def unguarded(source):
    """Uses in a function that never asks which system it is on."""
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for line, what in posix_only(tree):
        around = [f for f in functions if f.lineno <= line <= (f.end_lineno or 0)]
        text = ast.get_source_segment(source, max(around, key=lambda f: f.lineno)) if around else ""
        if not any(guard in (text or "") for guard in GUARDS):
            yield line, what


def found_in(room, look):
    """{file: what `look` finds in its text}, of those where it finds something."""
    by_file = {path: list(look(path.read_text("utf-8"))) for path in sorted((ROOT / room).rglob("*.py"))}
    return {path.relative_to(ROOT).as_posix(): found for path, found in by_file.items() if found}


@pytest.mark.parametrize("room", ROOMS)
def test_a_call_that_only_posix_has_stands_beside_the_question_which_system_it_is(room):
    assert found_in(room, unguarded) == {}


def test_the_search_for_them_finds_some():
    guarded = "def f():\n    if os.name == 'posix':\n        os.execve(a, b, c)\n"
    assert list(unguarded(guarded)) == []
    bare = "import fcntl\ndef f():\n    os.fork()\n    signal.SIGKILL\n    run(x, start_new_session=True)\n"
    assert {what for _, what in unguarded(bare)} == {"fcntl", "os.fork", "signal.SIGKILL", "start_new_session"}


def texts_without_an_encoding(source):
    """Windows reads and writes another one than UTF-8 where none is named."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        named = {keyword.arg for keyword in node.keywords}
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if "encoding" in named:
            continue
        if name == "read_text" and not node.args:
            yield node.lineno, name
        if name == "write_text" and len(node.args) == 1 and isinstance(node.func, ast.Attribute):
            yield node.lineno, name
        is_open = isinstance(node.func, ast.Name) and name == "open"
        mode = node.args[1].value if is_open and len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else "r"
        if is_open and "b" not in str(mode) and first is None:
            yield node.lineno, name
        if any(k.arg in ("text", "universal_newlines") and getattr(k.value, "value", 0) is True for k in node.keywords):
            yield node.lineno, "text=True"


@pytest.mark.parametrize("room", ROOMS)
def test_each_text_has_its_encoding(room):
    assert found_in(room, texts_without_an_encoding) == {}


def test_no_command_that_is_printed_needs_a_posix_shell():
    """`python` is named so on every system, and a path in a command is one that Windows takes, too."""
    needs = re.compile(
        r"(?<![\w/:-])(?:rm -r|cp -?\w|mv \w|source \.|export [A-Z_]+=|\./[\w]|/bin/\w|\.venv/bin/|2>&1|python3 )"
    )
    found = [
        (path.relative_to(ROOT).as_posix(), node.value)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
        if needs.search(node.value)
    ]
    assert found == []


def test_where_a_process_cannot_become_another_serve_waits_for_it_and_ends_as_it_ended(monkeypatch):
    ran = []

    def run(command, env):
        ran.append((command, env))
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(serve, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(serve, "locate", lambda version: (Path("models/bundle"), "v1.0.0"))
    monkeypatch.setattr(serve, "name", lambda: "ovens")
    monkeypatch.setattr(serve, "with_code_of", lambda folder, *arguments: (["serve", *arguments], {"A": "b"}))
    monkeypatch.setattr(serve, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(sys, "argv", ["serve"])
    with pytest.raises(SystemExit) as end:
        serve.main()
    assert end.value.code == 3 and ran == [(["serve", "service", "--name", "ovens", "--version", "v1.0.0"], {"A": "b"})]


# Run before the stages: what only POSIX has is there for libraries alone, and processes are started anew, never forked.
WITHOUT_POSIX = """
import builtins, importlib, multiprocessing, os, sys

OURS = ("lifecycle", "stages", "actions", "service", "custom")
NAMES, MODULES = {names!r}, {modules!r}


def asked_by_us():
    return sys._getframe(2).f_globals.get("__name__", "").split(".")[0] in OURS


def forbidden(name, real):
    def call(*arguments, **more):
        assert not asked_by_us(), f"os.{{name}} is not on Windows"
        return real(*arguments, **more)

    return call


if __name__ == "__main__":
    for name in NAMES:
        if callable(getattr(os, name, None)) and name != "kill":  # asked in a branch that Windows does not take
            setattr(os, name, forbidden(name, getattr(os, name)))
    real_import = builtins.__import__

    def without(name, *rest, **more):
        if name in MODULES and asked_by_us():
            raise ImportError(name)
        return real_import(name, *rest, **more)

    builtins.__import__ = without
    multiprocessing.set_start_method("spawn")
    real_context = multiprocessing.get_context
    multiprocessing.get_context = lambda method=None: real_context({{"fork": "none"}}.get(method, method))
    import lifecycle.search.workers

    lifecycle.search.workers.FORK = False
    for name in sys.argv[1:]:
        importlib.import_module(name).main()
"""


@pytest.mark.slow
def test_the_stages_run_where_nothing_forks_and_nothing_is_posix(tmp_path):
    train = {**QUICK["train"], "n_jobs": 2}
    folder = scratch(tmp_path / "Größe mit Raum", table(400, 1, "2025-01-01").to_csv(index=False), "good", train=train)
    shutil.copy(ROOT / "requirements-serve.txt", folder)
    for room in ("lifecycle", "service", "custom"):  # deploy copies them into the bundle
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    script = tmp_path / "without.py"
    script.write_text(WITHOUT_POSIX.format(names=sorted(POSIX["os"]), modules=sorted(MODULES)), "utf-8")
    names = "define clean split train evaluate validate report deploy monitor".split()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(script), *(f"stages.{name}" for name in names)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in names if f"\n{name}: " not in f"\n{done.stdout}"] == []
