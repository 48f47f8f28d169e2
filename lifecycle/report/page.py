"""The few pieces of HTML that a report is made of. Every text is escaped here: cells and names may hold anything."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any


def escape(text: Any) -> str:
    # control characters are no text in HTML, and a reversed or invisible one could fake what a reader sees
    return html.escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "\ufffd", str(text)))


def element(tag: str, text: Any, class_: str) -> str:
    return f'<{tag} class="{class_}">{escape(text)}</{tag}>'


def listed(items: Sequence[Any]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def details(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def table(
    head: Sequence[Any], rows: Sequence[Sequence[Any]], numeric: Sequence[int] = (), marked: Sequence[bool] = ()
) -> str:
    """A table that scrolls in its own box; columns in `numeric` are aligned right, rows in `marked` stand out."""

    def cells(tag: str, row: Sequence[Any]) -> str:
        kinds = ("n" if i in numeric else "w" if len(str(cell)) > 40 else "" for i, cell in enumerate(row))
        return "".join(
            f"<{tag}{f' class={kind}' if kind else ''}>{escape(cell)}</{tag}>"
            for kind, cell in zip(kinds, row, strict=True)
        )

    body = "".join(
        f"<tr{' class=marked' if i < len(marked) and marked[i] else ''}>{cells('td', row)}</tr>"
        for i, row in enumerate(rows)
    )
    return f'<div class="scroll"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(
    limit: int,
    what: str,
    head: Sequence[Any],
    rows: Sequence[Sequence[Any]],
    marked: Sequence[bool] = (),
    **options: Any,
) -> str:
    """A table whose rows beyond `limit` open on a click; `what` they are."""
    shown = table(head, rows[:limit], marked=marked[:limit], **options)
    if len(rows) > limit:
        rest = table(head, rows[limit:], marked=marked[limit:], **options)
        shown += details(f"{len(rows) - limit} more {what}", rest)
    return shown


def figure(title: str, how: str, svg: str, empty: str = "Nothing to draw.", wide: bool = False) -> str:
    """`svg` with its title and how to read it; `empty` in its place where there is none."""
    caption = f"<figcaption><b>{escape(title)}</b>{' ' + escape(how) if how else ''}</figcaption>"
    drawn = svg or f"<p class='muted'>{escape(empty)}</p>"
    return f'<figure{" class=wide" if wide else ""}>{caption}<div class="scroll">{drawn}</div></figure>'


def page(title: str, parts: Sequence[str]) -> str:
    names = [found.groups() for part in parts if (found := re.match(r'<section id="(\w+)"><h2>(.*?)</h2>', part))]
    links = "".join(f'<a href="#{name}">{heading}</a>' for name, heading in names)
    head, *rest = parts
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # nothing is fetched and nothing runs, whatever a cell may hold
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{CSS}</style></head>\n<body><main>\n{head}\n<nav>{links}</nav>\n"
        + "\n".join(rest)
        + "\n</main></body></html>\n"
    )


CSS = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --muted: #6b7280; --line: #d9dde3; --soft: #f5f6f8;
  --good: #1f7a45; --bad: #b42318; --c1: #2563a8; --c2: #b4531c; --c3: #2f7d4f; --c4: #7d4aa3; --c5: #8f6b00; --c6: #50607a }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e6e8eb; --muted: #9aa3ae; --line: #343a42;
  --soft: #1e2329; --good: #5cc48a; --bad: #ff8a7a; --c1: #6ea8e6; --c2: #e69563; --c3: #6cc091; --c4: #bb92da;
  --c5: #d1ac45; --c6: #a3b1c6 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", sans-serif }
main { max-width: 1020px; margin: 0 auto; padding: 28px 20px 60px }
h1 { font-size: 28px; line-height: 1.25; margin: 2px 0 14px; overflow-wrap: anywhere }
h2 { font-size: 20px; margin: 0 0 12px } h3 { font-size: 15px; margin: 24px 0 6px }
section { margin-top: 44px; padding-top: 20px; border-top: 1px solid var(--line) }
p { margin: 6px 0 } ul { margin: 6px 0; padding-left: 20px } li { overflow-wrap: anywhere }
.over, .muted, figcaption, nav, .card p { color: var(--muted) } .over { margin: 0; overflow-wrap: anywhere }
.lead { max-width: 76ch; margin: 14px 0 }
.badge { display: inline-block; font-weight: 600; padding: 3px 12px; border-radius: 5px; border: 1.5px solid; margin: 0 }
.good { color: var(--good) } .bad { color: var(--bad) }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 12px; margin-top: 18px }
.card { background: var(--soft); border-radius: 6px; padding: 12px 16px; overflow-wrap: anywhere }
.card .figure { color: var(--ink); font-size: 26px; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums }
nav { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-top: 24px; font-size: 14px } nav a { color: var(--c1) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0 }
dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere }
.scroll { overflow-x: auto } figure .scroll { margin-top: 4px }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; margin: 8px 0 }
th { text-align: left; font-weight: 600; color: var(--muted); vertical-align: bottom }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line) }
td { vertical-align: top; max-width: 36ch; overflow-wrap: break-word } .n { text-align: right; white-space: nowrap }
.w { min-width: 24ch }
.marked td { font-weight: 600; background: var(--soft) }
.sum { font-size: 18px } .bar { display: flex; height: 10px; border-radius: 3px; overflow: hidden; margin: 8px 0; gap: 2px }
.bar span { min-width: 2px } .clean { background: var(--c1) } .quarantined { background: var(--c2) } .duplicates { background: var(--muted) }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 28px 32px }
figure { margin: 0; min-width: 0 } .grid .wide { grid-column: 1 / -1 } figure.wide { margin-top: 12px } figcaption { font-size: 13.5px; max-width: 76ch }
figcaption b { color: var(--ink); display: block; overflow-wrap: anywhere }
svg { display: block; width: 100%; max-width: 520px; height: auto; font-family: inherit }
svg * { stroke-linejoin: round; stroke-linecap: butt }
.wide svg { max-width: 780px; min-width: 520px }
details { margin: 8px 0 } summary { cursor: pointer; color: var(--c1) }
@media (max-width: 560px) { main { padding: 18px 14px 40px } h1 { font-size: 23px } dl { grid-template-columns: 1fr; gap: 0 }
  dd { margin-bottom: 8px } }
@media print { nav { display: none } main { max-width: none; padding: 0 } section { margin-top: 24px }
  figure, tr, .card { break-inside: avoid } h2, h3, figcaption { break-after: avoid } .scroll { overflow: visible } }
""".strip()
