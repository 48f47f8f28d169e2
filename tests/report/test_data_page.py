"""reports/data.html: by define alone, for each task, without a script, and nothing of a table becomes markup."""

import re

import pytest

from lifecycle.report.svg import spark
from tests.report.test_report import EVIL, Page
from tests.scratch import run_stages, scratch

ROWS = 120


def csv(target):
    lines = [f"size,place,{target}"]
    for i in range(ROWS):
        outcome = {"let": "yes" if i % 3 else "no", "kind": "abc"[i % 3], "price": str(100 + 3.5 * i)}[target]
        lines.append(f"{i * 1.37:.2f},{'north' if i % 2 else '<b>south'},{outcome}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("target", "says"), [("let", "share of “yes”"), ("kind", "classes of kind"), ("price", "mean price")]
)
def test_define_writes_a_page_that_says_what_is_in_the_table(tmp_path, target, says):
    folder = scratch(tmp_path, csv(target), target)
    run_stages(folder, "define")
    html = (folder / "reports/data.html").read_text(encoding="utf-8")
    page = Page(html)
    assert f"{ROWS} rows in 1 file" in page.text
    assert says in page.text
    assert "<b>south" in page.text
    assert "script" not in page.tags
    assert not re.search(r"https?://", html)


def test_the_same_table_gives_the_same_page(tmp_path):
    folder = scratch(tmp_path, csv("let"), "let")
    run_stages(folder, "define")
    first = (folder / "reports/data.html").read_bytes()
    run_stages(folder, "define")
    assert (folder / "reports/data.html").read_bytes() == first


def test_a_small_picture_names_itself_without_markup_and_nothing_is_drawn_of_nothing():
    assert "<script" not in spark(EVIL, [1, 2], [], None)
    assert spark("none", [0, 0], [], None) == ""
