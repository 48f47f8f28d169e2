"""The Jinja filters that the template uses; cookiecutter.json lists them under `_extensions`.

    {{ "stages/clean.py" | from_root }}     the root's file as it is: a stub, so that each line has one home
    {{ "params.yaml" | from_root(after="# ---- ...") }}   what follows that line of it
    {{ cookiecutter.target | quoted }}      whatever was typed, as a string of YAML, TOML and Python

A filter added here later breaks `cruft update` of older projects, which keeps the old module in memory while it
renders the new stubs. A new filter goes into a new module.
"""

import json
import logging
import re
import sys
from pathlib import Path

from cookiecutter.utils import simple_filter


def _is_no_refusal(record):
    # an answer that a hook refuses is no crash: the hook's own line must not drown
    return "Stopping generation" not in str(record.msg)


logging.getLogger("cookiecutter.hooks").addFilter(_is_no_refusal)


@simple_filter
def from_root(name, after=None):
    """Text of the file `name` beside the template's folder, less one final newline: the stub has its own."""
    text = Path("..", name).read_text(encoding="utf-8")
    if after is not None:
        _, marker, text = text.partition(f"\n{after}\n")
        if not marker:
            raise ValueError(f'{name} has no line "{after}", after which the template takes the rest of it')
    return text.removesuffix("\n")


@simple_filter
def quoted(value):
    """A double-quoted string that YAML, TOML and Python read alike, with accents as they are."""
    text = json.dumps(str(value), ensure_ascii=False)
    # YAML takes none of the unprintable ones raw and folds exotic line ends; TOML refuses DEL
    return re.sub(r"[^ -~]", lambda m: m[0] if m[0].isprintable() else _escape(ord(m[0])), text)


def _escape(code):
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@simple_filter
def regenerating(tool):
    """Whether `tool` renders a throw-away copy to compare with (cruft update, diff), not a new project.

    cruft runs the hooks then too, passes nothing that tells, and a colleague's machine need not have the data.
    """
    frame, modules = sys._getframe(), set()
    while frame:
        modules.add(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    return f"{tool}._commands.create" not in modules and any(m.startswith(f"{tool}._commands") for m in modules)
