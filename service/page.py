"""GET /: a form for people, made from the contract and filled with a golden row; one file that loads nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from lifecycle.table.conform import used_fields
from lifecycle.table.contract import MODEL

HTML = Path(__file__).with_name("page.html")
MARK = "/*FACTS*/"


def page(service: Any) -> HTMLResponse:
    used = used_fields(service.bundle.contract, MODEL)
    facts = {
        "name": service.name,
        "version": service.bundle.version,
        "problem": service.bundle.contract["problem"],
        "fields": [{k: f.get(k) for k in ("name", "type", "constraints", "format")} for f in used],
        "row": service.bundle.golden["rows"][0],
        "asksKey": bool(service.settings.API_KEY),
    }
    html = HTML.read_text("utf-8")
    # a column may be called </script>
    html = html.replace(MARK, json.dumps(facts).replace("<", "\\u003c").replace("\u2028", "\\u2028"))
    allowed = {kind: _digest(html, kind) for kind in ("script", "style")}
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"script-src '{allowed['script']}'; style-src '{allowed['style']}'"
    )
    return HTMLResponse(html, headers={"content-security-policy": policy})


def _digest(html: str, kind: str) -> str:
    """Only the page's own script and style run: their hash is in its policy."""
    inside = html.split(f"<{kind}>", 1)[1].split(f"</{kind}>", 1)[0]
    return "sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
