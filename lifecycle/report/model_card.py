"""MODEL_CARD.md in the form of the Hugging Face hub (YAML between dashes, then text), and REFUSED.md."""

from __future__ import annotations

from typing import Any

import yaml

from lifecycle.ground.words import short
from lifecycle.table.conform import used_fields
from lifecycle.table.contract import MODEL

SLICES = 12


def model_card(
    contract: dict[str, Any], facts: dict[str, Any], evaluation: dict[str, Any], gate: dict[str, Any]
) -> str:
    return f"---\n{_front(contract, facts, evaluation)}---\n\n{_text(contract, facts, evaluation, gate)}"


def refusal(gate: dict[str, Any]) -> str:
    """Why there is no bundle."""
    failed = [c for c in gate["checks"] if not c["passed"]]
    lines = [
        "# Refused by the gate",
        "",
        "No bundle was made of this candidate, so it cannot be released or served.",
        "",
    ]
    lines += [f"- **{c['name']}**: {c['measured']}, required {c['required']}. {c['why']}" for c in failed]
    return "\n".join([*lines, "", "Change params.yaml, the data or the stages, and run `dvc repro`.", ""])


def _front(contract: dict[str, Any], facts: dict[str, Any], evaluation: dict[str, Any]) -> str:
    """The hub's metadata: https://huggingface.co/docs/hub/model-cards"""
    problem = contract["problem"]
    task = "tabular-regression" if problem["task"] == "regression" else "tabular-classification"
    metrics = [
        {"type": n, "value": m["value"], "name": n} for n, m in evaluation["metrics"].items() if m["value"] is not None
    ]
    dataset = {"name": ", ".join(contract["source"]["files"]), "type": "tabular", "split": "test"}
    front = {
        "library_name": "sklearn",
        "pipeline_tag": task,
        "tags": ["tabular", problem["task"]],
        "metrics": list(evaluation["metrics"]),
        "model-index": [
            {"name": facts["name"], "results": [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}]}
        ],
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def _text(contract: dict[str, Any], facts: dict[str, Any], evaluation: dict[str, Any], gate: dict[str, Any]) -> str:
    problem = contract["problem"]
    said = [("Decision it serves", problem["decision"]), ("Owner", problem["owner"]), ("One row is", problem["unit"])]
    used = used_fields(contract, MODEL)
    left = [f for f in contract["fields"] if f["role"] not in (*MODEL, "target")]
    n = len(evaluation["slices"])
    # the card is of this model alone: releasing it, which makes it the champion, must not change its bundle
    checks = [c for c in gate["checks"] if "champion" not in c["name"]]
    weakest = sorted(evaluation["slices"], key=lambda s: s["score"] or 0, reverse=not evaluation["greater_is_better"])[
        :SLICES
    ]
    lines = [
        f"# {problem['target']}",
        "",
        problem["statement"] or f"Predicts {problem['target']}.",
        "",
        f"- Predicted: `{problem['target']}` ({_kind(problem)})",
        *[f"- {name}: {value}" for name, value in said if value],
        f"- Model: {facts['name']}, fitted on {facts['n_rows']} rows",
        "",
        "## Data",
        "",
        f"{', '.join(contract['source']['files'])}: {facts['n_rows']} rows to fit on, {evaluation['n_rows']} rows kept apart for these figures.",
        "",
        *_table(["column", "type", "seen in training"], [[f"`{f['name']}`", f["type"], _seen(f)] for f in used]),
        "",
        *[f"- `{f['name']}` is not used: {f.get('reason') or f['role']}" for f in left],
        "",
        "## Metrics",
        "",
        f"On rows that the model never saw; intervals of {evaluation['confidence']:.0%} by bootstrap; the baseline sees no feature.",
        "",
        *_table(
            ["metric", "value", "interval", "baseline"], [[m, *_figures(v)] for m, v in evaluation["metrics"].items()]
        ),
        "",
        "## Slices",
        "",
        f"The weakest of {n} by {evaluation['metric']}." if n else "No slice has enough test rows.",
        "",
        *(_table(["slice", "rows", evaluation["metric"], "interval"], [_slice(s) for s in weakest]) if n else []),
        "",
        "## Limits",
        "",
        "- The figures hold for rows like those of the test set; categories never seen and values outside the ranges above are answered, and flagged.",
        "- An association in the data is not a cause: changing a column's value in the world need not change the outcome.",
        *[f"- {note}" for note in contract.get("notes", [])],
        "",
        "## Acceptance",
        "",
        *_table(
            ["check", "measured", "required", "passed"],
            [[c["name"], str(c["measured"]), c["required"], "yes" if c["passed"] else "no"] for c in checks],
        ),
        "",
        "## Use",
        "",
        "`python -m service FOLDER` (with `code/` of this folder on PYTHONPATH and requirements.txt installed) answers `POST /predict`.",
        "The file model.joblib executes code when loaded: load it only where its hash is the one in manifest.json.",
    ]
    return "\n".join(lines) + "\n"


def _kind(problem: dict[str, Any]) -> str:
    return (
        problem["task"]
        if problem["task"] == "regression"
        else f"{problem['task']}: {', '.join(map(str, problem['classes']))}"
    )


def _seen(field: dict[str, Any]) -> str:
    bounds = field.get("constraints", {})
    if "minimum" in bounds:
        return f"{bounds['minimum']} to {bounds['maximum']}"
    levels = [str(v) for v in bounds.get("enum", [])]
    return ", ".join(levels[:8]) + (f" and {len(levels) - 8} more" if len(levels) > 8 else "")


def _figures(m: dict[str, Any]) -> list[str]:
    return [short(m["value"]), f"{short(m['low'])} to {short(m['high'])}", short(m["baseline"])]


def _slice(s: dict[str, Any]) -> list[str]:
    return [
        f"{s['column']} = {s['level']}",
        str(s["n"]),
        short(s["score"]),
        f"{short(s['low'])} to {short(s['high'])}",
    ]


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in line) + " |" for line in lines]
