"""The house in figures: lines and density of each room, lines of each stage, code entries in dvc.yaml.

Run from the root of the repository (no dependency but PyYAML):

    python -m benchmarks.house

Density: nodes of the syntax tree on a line that holds code; 3.4 in gto, 4.6 in starlette, 5.9 in nanochat.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ("custom", "stages", "lifecycle", "service", "actions")
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def code_lines(text: str) -> int:
    """Lines with a token on them that is neither a comment nor a docstring."""
    docs = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docs |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docs)


def nodes(text: str) -> int:
    """Nodes of the syntax tree, without contexts (load, store), which stand on no line."""
    return sum(not isinstance(node, ast.expr_context) for node in ast.walk(ast.parse(text)))


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "lifecycle" and len(parts) > 2 else parts[0]


def main() -> None:
    rooms: dict[str, list[tuple[str, int, int, int]]] = {}
    for name in HOUSE:
        for path in sorted((ROOT / name).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            facts = (path.name, len(text.splitlines()), code_lines(text), nodes(text))
            rooms.setdefault(room(path), []).append(facts)
    print(f"{'room':<22}{'files':>6}{'lines':>8}{'nodes a line':>14}   largest file")
    for name, files in rooms.items():
        lines, code, tree = (sum(f[i] for f in files) for i in (1, 2, 3))
        largest = max(files, key=lambda f: f[1])
        print(f"{name:<22}{len(files):>6}{lines:>8}{tree / max(code, 1):>14.1f}   {largest[0]} {largest[1]}")
    every = [f for files in rooms.values() for f in files]
    print(
        f"{'all':<22}{len(every):>6}{sum(f[1] for f in every):>8}{sum(f[3] for f in every) / sum(f[2] for f in every):>14.1f}"
    )
    stages = ", ".join(f"{f[0].removesuffix('.py')} {f[1]}" for f in rooms["stages"] if f[0] != "__init__.py")
    print(f"lines of each stage: {stages}")
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    entries = [d for stage in pipeline.values() for d in stage["deps"] if d.split("/")[0] in HOUSE]
    print(
        f"code entries in dvc.yaml: {len(entries)}; lines: {len((ROOT / 'dvc.yaml').read_text('utf-8').splitlines())}"
    )


if __name__ == "__main__":
    main()
