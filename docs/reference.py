"""The reference pages, written from the code: python -m docs.reference (a test asks that they are current).

Nothing is imported that a page is about, but params.yaml's blocks: what the code says is read with `ast`, docstrings and comments
included, so that a page cannot say otherwise than the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from lifecycle.ground.metrics import JUDGED, METRICS
from lifecycle.ground.params import BLOCKS, Block, Inner, kinds
from lifecycle.report.glossary import WORDS
from lifecycle.table.contract import SPELLED, Contract, Field, Identity, Problem

ROOT = Path(__file__).parents[1]
PLACE = Path("docs/reference")
HEAD = "<!-- Written by `python -m docs.reference`; edit the code that it is made of, then run it again. -->\n\n"


def pages() -> dict[str, str]:
    """{path: text} of all of them."""
    made = {
        "params.md": params_page(),
        "checks.md": checks_page(),
        "metrics.md": metrics_page(),
        "service.md": service_page(),
        "contract.md": contract_page(),
        "commands.md": commands_page(),
        "messages.md": messages_page(),
    }
    return {(PLACE / name).as_posix(): HEAD + text.rstrip() + "\n" for name, text in made.items()}


def main() -> None:
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8", newline="\n")
        print(path)


# ---- pieces ---------------------------------------------------------------------------------------------------------


def source(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def tree(path: str) -> ast.Module:
    return ast.parse(source(path))


def functions(path: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)}


def cell(text: Any) -> str:
    """As one cell of a table."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").replace("<", "&lt;").strip()


def code(text: Any) -> str:
    """In backticks, where there is something to show."""
    shown = re.sub(r"\s+", " ", str(text)).replace("|", "\\|").strip()
    return f"`{shown}`" if shown else ""


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def first_sentence(node: ast.AST) -> str:
    """Of a docstring, on one line."""
    text = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", text)[0]


def shown(node: ast.AST | None, known: dict[str, str]) -> str:
    """A text in the code as it is read: constants as they are, what is filled in as …; "" where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.JoinedStr):
        return "".join(shown(part, known) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (shown(node.left, known) or "…") + (shown(node.right, known) or "…")
    return ""


def constants(body: ast.AST) -> dict[str, str]:
    """{name: text} of what is assigned a text there, alone or in a tuple."""
    found = {}
    for node in ast.walk(body):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
        for target, value in pairs:
            if isinstance(target, ast.Name) and (text := shown(value, {})):
                found[target.id] = text
    return found


def calls(body: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def comments(text: str, key: re.Pattern[str]) -> dict[str, str]:
    """{what `key` finds at a line's start: the line's comment, with the lines of comment alone that follow}."""
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        before, mark, comment = line.partition("# ")
        if match := key.match(line):
            last = match[1] if mark else ""
            if last:
                found[last] = comment
        elif mark and last and not before.strip():
            found[last] += " " + comment
        else:
            last = ""
    return found


# ---- params.yaml ----------------------------------------------------------------------------------------------------


def params_page() -> str:
    text = source("params.yaml")
    values = yaml.safe_load(text)
    parts = [
        "# params.yaml\n",
        "Every decision stands here, one block for each stage. A value outside its range is refused by the first stage, before "
        "anything is computed. `params.schema.json` says the same to an editor. Try another value without editing the file: "
        "`dvc exp run -S train.folds=10`.\n",
    ]
    for name, block in BLOCKS.items():
        parts += [f"## {name}\n", block_table(name, block, values[name], of_block(text, name))]
        if name == "problem":
            parts += [
                "## columns\n",
                "What inference got wrong, by column. Keys: `type` (`number`, `integer`, `boolean`, `date`, `datetime`, `string` for "
                "a category, `text`), `role` (`feature`, `id`, `group`, `time`, `weight`, `ignored`), `format`, "
                "`missingValues`, `decimalChar`, `groupChar`, and `was`: names that the column had in older files.\n",
                "```yaml\ncolumns:\n  zip: {type: string}\n  note: {role: ignored}\n  spend: {was: [amount]}\n```\n",
            ]
    return "\n".join(parts)


def of_block(text: str, name: str) -> str:
    """The lines of a block of params.yaml."""
    after = re.split(rf"^{name}:.*\n", text, maxsplit=1, flags=re.MULTILINE)[1]
    return re.split(r"^[a-z]", after, maxsplit=1, flags=re.MULTILINE)[0]


OF_PARAMS = {  # of keys whose line in params.yaml needs no comment there
    "test_size": "share of the rows held out for the test",
    "random_state": "seed of what is drawn",
    "confidence": "of the intervals",
    "n_bootstrap": "resamples of an interval",
    "max_size_mb": "of the model's file",
    "max_slice_levels": "a column with more levels is parted into ranges or left out of the slices",
    "min_slice_rows": "fewer test rows are no slice",
    "max_slices": "that are looked at",
    "max_age_days": "of the newest row, at monitor.as_of",
    "min_judged": "fewer newest labelled rows: no retraining",
    "min_learned": "fewer labelled rows to learn from: no retraining",
}


def block_table(name: str, block: type[Block], values: dict[str, Any], text: str) -> str:
    about = comments(text, re.compile(r"\s+(\w+):"))
    rows = []
    for key, (kind, words) in kinds(block).items():
        if isinstance(kind, Inner):
            inner = kinds(kind.block)
            rows += [
                [code(f"{key}.{k}"), code(values[key][k]), cell(i[0].wanted), cell(about.get(k, i[1]))]
                for k, i in inner.items()
            ]
            continue
        value = values.get(key, "")
        default = "see the file" if isinstance(value, dict) and len(value) > 3 else code("" if value is None else value)
        rows.append(
            [code(key), default or "empty", cell(kind.wanted), cell(about.get(key) or words or OF_PARAMS.get(key, ""))]
        )
    return table(["key", "default", "takes", "meaning"], rows)


# ---- checks ---------------------------------------------------------------------------------------------------------

MONITOR = ("quality", "faults", "drift", "performance")


def checks_page() -> str:
    return "\n".join(
        [
            "# Checks of the gate and the monitor\n",
            "## The gate (validate)\n",
            "Every check must pass before a bundle can be released. `reports/validation.json` has what was measured; "
            "[how the gate decides](../explanation/gate.md).\n",
            table(["check", "passes where"], list(gate_rows())),
            "## The monitor\n",
            "What an alarm leads to is the rule of its family, `monitor.rules` in params.yaml. "
            "[How chance is kept out](../explanation/drift.md).\n",
            table(["family", "check", "looks at"], list(monitor_rows())),
            "## Share of the false alarms\n",
            "`monitor.false_alarms` is parted among the families that can be tested, in these proportions:\n",
            table(["family", "share"], [[cell(k), cell(v)] for k, v in family_shares().items()]),
        ]
    )


OF_GATE = {
    "check_latency": "One row, from table cells to answer, takes no longer than validate.max_latency_ms of processor time.",
    "check_size": "The model's file is no larger than validate.max_size_mb.",
}


def gate_rows() -> Iterator[list[str]]:
    """In the order in which validate calls them."""
    made = {}
    for path in ("good", "right", "champion"):
        known = constants(tree(f"lifecycle/gate/{path}.py"))
        for name, node in functions(f"lifecycle/gate/{path}.py").items():
            names = [shown(call.args[0], known | constants(node)) for call in calls(node, "Check") if call.args]
            if name.startswith("check_") and any(names):
                made[name] = [cell(next(filter(None, names))), cell(first_sentence(node) or OF_GATE.get(name, ""))]
    order = [
        node.func.id
        for node in ast.walk(tree("stages/validate.py"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    for name in dict.fromkeys(sorted(order, key=lambda one: one != "check_criteria")):
        if name in made:
            yield made[name]


ABOUT = {  # of checks whose name is given far from a docstring that says it
    "missing cells": "cells without a value, by column",
    "type faults": "cells that the contract's type cannot read, by column",
    "out of range": "numbers outside the range that training saw, by column",
    "unseen categories": "levels that training did not see, by column",
    "… distribution": "each column's distribution, and the target's where it is known",
    "real performance…": "the score on labelled rows, against the one at release; also on the newest batch alone",
    "outcomes as expected…": "whether outcomes lie on the whole above or below the predictions",
    "estimated performance": "the score to be expected from the predictions themselves; needs no labels, and is blind to a changed relation",
    "whole rows": "whether a classifier can tell live rows from held-out ones",
    "relation of columns": "the association of each pair of columns",
    "prediction distribution": "the distribution of what the model predicts",
    "batches can be read": "each file of data/live",
    "lines that are no rows": "lines with more or fewer cells than their header",
    "column is there": "each column that the model uses, in each file",
    "enough live rows": "no fault: says where drift is not looked for yet",
    "rows in the newest batch": "its size beside that of earlier batches",
    "newest row": "the age of the newest row (monitor.as_of)",
    "copied rows": "rows that are copies of another",
}
FAMILY = {"newest_size": "volume", "freshness": "freshness", "estimate": "estimate", "performance": "performance"}
OF_DRIFT = {
    "changed_column": "columns",
    "changed_relations": "relations",
    "changed_rows": "rows",
    "changed_predictions": "predictions",
}


def monitor_rows() -> Iterator[list[str]]:
    for path in MONITOR:
        for name, node in functions(f"lifecycle/monitor/{path}.py").items():
            for maker in ("_row", "Finding", "Hits", "against", "_as_good"):
                for call in calls(node, maker):
                    check = shown(call.args[0], constants(node)) if call.args else ""
                    if not check or name == "_of_column" and maker == "Finding":
                        continue
                    family = FAMILY.get(name) or OF_DRIFT.get(name) or ("bias" if name == "_bias" else "quality")
                    yield [cell(family), cell(check), cell(ABOUT.get(check) or first_sentence(node))]


def family_shares() -> dict[str, int]:
    for node in tree("lifecycle/monitor/verdict.py").body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FAMILIES":
            return dict(ast.literal_eval(node.value))
    raise LookupError("lifecycle/monitor/verdict.py has no FAMILIES")


# ---- metrics --------------------------------------------------------------------------------------------------------


def metrics_page() -> str:
    rows = []
    for name, metric in METRICS.items():
        if name in WORDS:
            term, says = WORDS[name]
            better = "higher" if metric.greater_is_better else "lower"
            rows.append(
                [
                    code(name),
                    cell(term),
                    cell(", ".join(metric.tasks)),
                    better,
                    cell(says.replace("{class}", "the positive class")),
                ]
            )
    return (
        "# Metrics\n\nNames for `problem.metric`, `train.metric` and `problem.criteria`. "
        "One of your own: [custom metric](../howto/metric.md).\n\n"
        + table(["name", "term", "tasks", "better", "says"], rows)
        + "\n## Further names for criteria\n\nMeasured on the test rows beside the metrics. Of the columns under "
        "`problem.protected` it is the worst one that counts.\n\n" + table(["name", "tasks", "better"], judged_rows())
    )


def judged_rows() -> list[list[str]]:
    return [[code(name), cell(", ".join(tasks)), "higher" if up else "lower"] for name, (up, tasks) in JUDGED.items()]


# ---- the service ----------------------------------------------------------------------------------------------------


def service_page() -> str:
    return "\n".join(
        [
            "# Service: routes and settings\n",
            "`make serve` starts it; [how to deploy it](../howto/deploy.md). The running service describes itself in full at "
            "`/docs` and `/openapi.json`.\n",
            "## Routes\n",
            table(["method", "path", "for"], list(route_rows())),
            "## Status codes\n",
            table(["code", "meaning"], list(code_rows())),
            "## Settings\n",
            "Environment variables of the same name.\n",
            table(["variable", "default", "meaning"], list(setting_rows())),
        ]
    )


def route_rows() -> Iterator[list[str]]:
    for path in ("service/app.py", "service/inference.py"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in ("get", "post") or getattr(node.func.value, "id", "") != "app" or not node.args:
                continue
            route = re.sub("^…", "/v2/models/NAME", shown(node.args[0], {"path": "/v2/models/…"}))
            words = [
                shown(c.args[1], {"statement": "Predictions for rows, each with its id"})
                for c in calls(node, "described")
            ]
            yield [node.func.attr.upper(), code(route.replace("…", "NAME")), cell("".join(words))]
    yield ["GET", "`/`", "A page for people, made from the contract"]
    yield ["GET", "`/docs`", "The OpenAPI document to try out, without an outside address"]


def code_rows() -> Iterator[list[str]]:
    text = source("service/routes.py") + source("service/app.py")
    found = dict(re.findall(r'(\d{3}): \{"model": \w+, "description": "([^"]+)"', text))
    found["503"] = "too many rows wait, the prediction log cannot be written, or not ready: the body says which"
    found.setdefault("200", "answered; of /predict: and in the prediction log, unless it says `logged: false`")
    yield from ([number, cell(found[number])] for number in sorted(found))


OF_SETTINGS = {
    "HOST": "address to listen on; another than loopback needs an API_KEY or ALLOW_OPEN",
    "PORT": "0: any free one",
    "MAX_BODY_BYTES": "of one request",
}


def setting_rows() -> Iterator[list[str]]:
    about = comments(source("service/settings.py"), re.compile(r"    ([A-Z_]+): "))
    for node in tree("service/settings.py").body:
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
                    name = line.target.id
                    yield [
                        code(name),
                        code(ast.literal_eval(line.value)) or "empty",
                        cell(about.get(name) or OF_SETTINGS.get(name, "")),
                    ]


# ---- data/contract.yaml ---------------------------------------------------------------------------------------------

OF_PROBLEM = {
    "target": "the column to predict",
    "task": "binary, multiclass or regression",
    "classes": "labels in the order of the model's probabilities, the positive one last",
    "positive": "binary: the class whose probability is predicted",
    "capacity": "how many rows of how many can be acted on: {rows, of}",
    "tolerance": "an error that is small enough: {error} in the target's unit, or {share} of the actual value",
}
OF_FIELD = {
    "name": "as in the header, tidied",
    "role": "feature, id, group, time, weight, target or ignored",
    "type": "of Table Schema: number, integer, boolean, date, datetime, string; `kind` where the engine takes it for something else",
    "format": "of dates",
    "missing_values": "texts that mean: no value",
    "true_values": "texts for yes",
    "false_values": "texts for no",
    "decimal_char": "decimal mark",
    "group_char": "mark of thousands",
    "bare_number": "false where a unit or a currency stands beside the number",
    "unit": "of its numbers",
    "notation": "how its numbers are written, where Table Schema has no word for it (19M, 2h 50m)",
    "formats": "further formats of dates",
    "spellings": "label as written: the class that it is read as",
    "was": "names that the column had in older files",
    "minimum": "under `constraints`: the smallest value seen",
    "maximum": "under `constraints`: the largest value seen",
    "levels": "of a category; or `constraints.enum`",
    "reason": "why it has its role or type",
    "suspicion": "why it may give the target away",
}
OF_IDENTITY = {
    "columns": "those that name a row; none: all raw columns",
    "group": "the column of the thing that several rows are of",
    "part": "pattern of what counts in the group's cells",
    "random_state": "the draw of the test rows that parted this table evenly when it was first seen",
}


def contract_page() -> str:
    of_params = {name: words for name, (_, words) in kinds(BLOCKS["problem"]).items()}
    of_params |= comments(of_block(source("params.yaml"), "problem"), re.compile(r"\s+(\w+):"))
    return "\n".join(
        [
            "# data/contract.yaml\n",
            "`define` writes it from params.yaml and the raw table; every later stage reads it, and so does the service. It is "
            "in Git, so that a change of meaning shows in a pull request. To change it, change params.yaml: `problem` or "
            "`columns`.\n",
            "Its parts: " + ", ".join(code(f.name) for f in fields(Contract)) + ".\n",
            "## problem\n",
            table(
                ["key", "meaning"],
                [[code(f.name), cell(OF_PROBLEM.get(f.name) or of_params.get(f.name, ""))] for f in fields(Problem)],
            ),
            "## identity\n",
            "Which rows are the same thing; a row's side of the split hangs on it.\n",
            table(["key", "meaning"], [[code(f.name), cell(OF_IDENTITY.get(f.name, ""))] for f in fields(Identity)]),
            "## fields\n",
            "One entry for each column, a [Table Schema](https://specs.frictionlessdata.io/table-schema/) with keys of the "
            "engine's beside.\n",
            table(["key", "default", "meaning"], list(field_rows())),
        ]
    )


def field_rows() -> Iterator[list[str]]:
    for field in fields(Field):
        if field.name == "spec":
            continue
        default = "" if field.default in (MISSING, None) else field.default
        if default == ():
            default = ""
        yield [code(SPELLED.get(field.name, field.name)), code(default), cell(OF_FIELD.get(field.name, ""))]


# ---- commands -------------------------------------------------------------------------------------------------------


def commands_page() -> str:
    parts = [
        "# Commands\n",
        "`make` lists the targets. Each is one plain command, for Windows, `uv run` and CI.\n",
        table(["make", "does"], list(target_rows())),
    ]
    for path in sorted((ROOT / "actions").glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        if path.stem.startswith("__") or "python -m actions." not in text:
            continue
        title, _, rest = text.partition("\n")
        parts += [f"## actions.{path.stem}\n", title.strip() + "\n", "```text\n" + rest.strip("\n") + "\n```\n"]
        options = list(option_rows(path))
        if options:
            parts.append(table(["argument", "meaning"], options))
    return "\n".join(parts)


def target_rows() -> Iterator[list[str]]:
    for name, about in re.findall(r"^([a-z-]+):.*## (.*)$", source("Makefile"), re.MULTILINE):
        yield [code(f"make {name}"), cell(about)]


def option_rows(path: Path) -> Iterator[list[str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            about = {word.arg: shown(word.value, {}) for word in node.keywords}
            if about.get("help"):
                yield [code(shown(node.args[0], {})), cell(about["help"])]


# ---- messages -------------------------------------------------------------------------------------------------------

ROOMS = {
    "lifecycle/table": "The table and the problem",
    "lifecycle/ground": "Files, parameters and metrics",
    "lifecycle/model": "The model",
    "lifecycle/search": "Training",
    "lifecycle/evaluate": "Evaluation",
    "lifecycle/gate": "The gate and the bundle",
    "lifecycle/report": "The report",
    "lifecycle/monitor": "The monitor",
    "stages": "Stages",
    "service": "The service",
    "actions": "Commands",
}


def messages_page() -> str:
    parts = [
        "# Error messages\n",
        "An error ends a command with one line, `error: ...`, and exit status 1. The line names the file, the fact and the cure; "
        "… stands for what is filled in. `LIFECYCLE_DEBUG=1` shows the traceback. Causes that need more than a line are under "
        "[troubleshooting](../troubleshooting.md).\n",
    ]
    for room, title in ROOMS.items():
        found = sorted({(cell(text), path) for path, text in messages(room)})
        if found:
            parts += [f"## {title}\n", table(["message", "raised in"], [[text, code(path)] for text, path in found])]
    return "\n".join(parts)


def messages(room: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / room).rglob("*.py")):
        module = ast.parse(path.read_text("utf-8"))
        for call in calls(module, "UserError"):
            text = shown(call.args[0], {}) if call.args else ""
            if re.search(r"\w{3}", text):
                yield path.relative_to(ROOT).as_posix(), text


if __name__ == "__main__":
    main()
