"""Jinja filters of the hooks, which are rendered from the template's root; cookiecutter.json lists them under `_extensions`.

    {{"lifecycle/table/read.py" | source_of | quoted}}     a module's text, for a hook that carries a copy of it

In a module of its own: `cruft update` keeps the older project's local_extensions in memory.
"""

from pathlib import Path

from cookiecutter.utils import simple_filter


@simple_filter
def source_of(name):
    """Text of the template's file `name`; hooks are rendered where it stands."""
    return Path(name).read_text(encoding="utf-8")
