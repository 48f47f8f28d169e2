"""The other side of `Released`: run by its path, in a process that imports a bundle's own code and nothing of the work tree's.

A line of JSON in, a line of JSON out: {"n", "rows": {column: cells}} gives {"answers"}, with "sure" {"sure"} in their place; {"decide": answers} gives {"labels"};
what cannot be done gives {"error"}. It knows no module of this project by another way than the bundle's PYTHONPATH.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

# the modules of `conform` and of MODEL, the newest layout first
LAYOUTS = (
    ("lifecycle.table.conform", "lifecycle.table.contract"),
    ("stages.lib.conform", "stages.lib.conform"),  # before the engine had a folder of its own
)


def load(folder: str) -> tuple[Any, Callable[..., Any]]:
    """(the bundle, verified once more by its own code; a function from cells by column to typed rows)."""
    import pandas as pd

    # by name: these are not the work tree's modules, whatever they are called
    bundle = importlib.import_module("service.bundle").Bundle(folder)
    conform, roles = reader()

    def typed(n: int, columns: dict[str, list[Any]]) -> Any:
        frame = pd.DataFrame(columns, index=range(n), dtype=object)
        return conform(frame, bundle.contract, roles).frame

    return bundle, typed


def reader() -> tuple[Callable[..., Any], Any]:
    """(the bundle's own `conform`, the roles of what its model sees), in the layout that it has."""
    for conform, contract in LAYOUTS:
        try:
            return importlib.import_module(conform).conform, importlib.import_module(contract).MODEL
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("lifecycle", "stages"):
                raise
    raise ModuleNotFoundError("no layout of a bundle that is known here", name=LAYOUTS[0][0])


def answer(question: dict[str, Any], model: Any, typed: Callable[..., Any]) -> dict[str, Any]:
    import numpy as np

    if "decide" in question:
        return {"labels": np.asarray(model.decide(np.array(question["decide"], dtype=float))).tolist()}
    predictions = getattr(model, "predictions", None) or model.answers  # as it was called before 0.2
    rows = typed(question["n"], question["rows"])
    answers = predictions(rows)
    if not question.get("sure"):
        return {"answers": answers.tolist()}
    found = None
    if hasattr(model, "intervals"):  # before, no model said how sure it is
        found = model.intervals(rows, answers)
        if found is None:
            found = model.class_sets(answers)
    return {"sure": None if found is None else found.tolist()}


def say(channel: BinaryIO, content: dict[str, Any]) -> None:
    channel.write(json.dumps(content).encode() + b"\n")
    channel.flush()


def main(folder: str) -> None:
    # what the user's own code prints must not come between two answers
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        bundle, typed = load(folder)
    except ModuleNotFoundError as error:
        say(channel, {"error": f"it needs the package {error.name}; install the bundle's requirements.txt"})
        return
    except Exception as error:  # BundleError of whichever layout
        say(channel, {"error": f"{error}"})
        return
    say(channel, {"classes": list(bundle.model.classes) if bundle.model.task != "regression" else []})
    for line in sys.stdin.buffer:
        try:
            content = answer(json.loads(line), bundle.model, typed)
        except Exception as error:
            content = {"error": f"{type(error).__name__}: {error}"}
        say(channel, content)


if __name__ == "__main__":
    main(sys.argv[1])
