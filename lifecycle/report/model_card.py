"""MODEL_CARD.md in the form of the Hugging Face hub (YAML between dashes, then text), and REFUSED.md."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml

import lifecycle
from lifecycle.evaluate.slices import named, ranked
from lifecycle.ground.words import between
from lifecycle.report.glossary import inline, term
from lifecycle.report.page import text
from lifecycle.table.contract import MODEL, Contract, Field

SLICES = 12


def model_card(
    contract: Contract,
    facts: dict[str, Any],
    evaluation: dict[str, Any],
    gate: dict[str, Any],
    made: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> str:
    """`made`: {data: {file: SHA-256}, seeds: {params.yaml's key: value}}, what the model was made from."""
    problem = contract.problem
    return text(
        "model_card.md.j2",
        {
            "front": front(contract, facts, evaluation),
            "problem": problem,
            "said": {
                "Decision it serves": problem.decision,
                "Owner": problem.owner,
                "One row is": problem.unit,
            }.items(),
            "facts": facts,
            "covered": covered(contract),
            "data": made.get("data", {}),
            "seeds": ", ".join(f"{name} {value}" for name, value in made.get("seeds", {}).items()),
            "versions": ", ".join(f"{name} {value}" for name, value in facts.get("versions", {}).items()),
            "source": ", ".join(contract.source["files"]),
            "used": contract.features,
            "left": [field for field in contract.fields if field.role not in (*MODEL, "target")],
            "notes": contract.notes,
            "evaluation": evaluation,
            "weakest": ranked(evaluation["slices"])[:SLICES],
            "named": named,
            "inline": inline,
            "term": term,
            # the card is of this model alone: releasing it, which makes it the champion, must not change its bundle
            "checks": [check for check in gate["checks"] if "champion" not in check["name"]],
            "between": lambda score: between(score["low"], score["high"], 4),
            "seen": seen,
            "version": lifecycle.__version__,
        },
    )


def refusal(gate: dict[str, Any]) -> str:
    """Why there is no bundle."""
    return text("refused.md.j2", {"failed": [check for check in gate["checks"] if not check["passed"]]})


def front(contract: Contract, facts: dict[str, Any], evaluation: dict[str, Any]) -> str:
    """The hub's metadata: https://huggingface.co/docs/hub/model-cards"""
    problem = contract.problem
    task = "tabular-classification"
    if problem.task == "regression":
        task = "tabular-regression"
    metrics = [
        {"type": name, "value": score["value"], "name": name}
        for name, score in evaluation["metrics"].items()
        if score["value"] is not None
    ]
    dataset = {"name": ", ".join(contract.source["files"]), "type": "tabular", "split": "test"}
    result = {"task": {"type": task}, "dataset": dataset, "metrics": metrics}
    about = {
        "library_name": "sklearn",
        "pipeline_tag": task,
        "tags": ["tabular", problem.task],
        "metrics": list(evaluation["metrics"]),
        "model-index": [{"name": facts["name"], "results": [result]}],
    }
    return yaml.safe_dump(about, sort_keys=False, allow_unicode=True)


def covered(contract: Contract) -> str:
    """From when to when training rows are, where they have a date."""
    time = contract.time
    if time is None or not time.is_date or time.minimum is None:
        return ""
    first, last = (str(end).removesuffix("T00:00:00") for end in (time.minimum, time.maximum))
    return f"{first} to {last}"


def seen(field: Field) -> str:
    """The range, or the first of the categories, that training rows had."""
    if field.minimum is not None:
        return f"{field.minimum} to {field.maximum}"
    more = f" and {len(field.levels) - 8} more" if len(field.levels) > 8 else ""
    return ", ".join(field.levels[:8]) + more
