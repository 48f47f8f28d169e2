"""HTML pages from the templates beside this file. Each value is escaped on its way in: cells and names may hold anything.

A page is a folder of templates/: headline.html.j2, and a file for each section. A section's template sets its `title`;
what it writes is its body, and a section that writes nothing is left out.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import lifecycle
from lifecycle.ground.words import between, count, cut, percent, plain, short

HERE = Path(__file__).parent
# control characters are no text in HTML, and a reversed or invisible one could fake what a reader sees
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class Section(NamedTuple):
    name: str
    title: str
    body: Markup


def visible(value: Any) -> Any:
    """`value` as text without characters that hide or reverse it; markup of our own stays as it is."""
    if isinstance(value, Markup):
        return value
    return HIDDEN.sub("\ufffd", str(value))


def cell(value: Any) -> str:
    """A value as a table shows it: a number short, a text on one line."""
    return cut(plain(value), 60)


def markdown_cell(value: Any) -> str:
    """A value that cannot end its cell of a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ")


TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=lambda name: name is None or not name.endswith(".md.j2"),
    undefined=StrictUndefined,
    finalize=visible,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.filters |= {
    "between": between, "cell": cell, "count": count, "cut": cut, "markdown_cell": markdown_cell, "percent": percent,
    "short": short,
}  # fmt: skip


def page(
    folder: str, title: str, sections: Sequence[str], facts: Mapping[str, Any], script: str = "", provenance: str = ""
) -> str:
    """The page of templates/`folder`, its `sections` in this order; each template sees `facts` by their names. `script`: a file of
    templates/, the only one that the page's policy lets run; `provenance`: what the page is about, to be found again."""
    written = []
    for name in sections:
        module = TEMPLATES.get_template(f"{folder}/{name}.html.j2").make_module(dict(facts))
        body = Markup(str(module).strip())
        if body:
            written.append(Section(name, module.title, body))  # type: ignore[attr-defined]  # set by the template
    style = Markup((HERE / "style.css").read_text(encoding="utf-8"))
    headline = Markup(TEMPLATES.get_template(f"{folder}/headline.html.j2").render(facts))
    layout = TEMPLATES.get_template("layout.html.j2")
    code = (HERE / "templates" / script).read_text(encoding="utf-8") if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() if code else ""
    return layout.render(
        title=title,
        style=style,
        headline=headline,
        sections=written,
        version=lifecycle.__version__,
        script=Markup(code),
        digest=digest,
        provenance=provenance,
    )


def text(name: str, facts: Mapping[str, Any]) -> str:
    """The text of the template `name`."""
    return TEMPLATES.get_template(name).render(facts)
