"""reports/data.html: the table before anything is learned from it. Written by define, so that it waits for no drawing library."""

from __future__ import annotations

from typing import Any

from lifecycle.ground.words import brief, count, cut, percent, short
from lifecycle.report import svg
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.page import page
from lifecycle.report.provenance import of_table
from lifecycle.table.contract import Contract
from lifecycle.table.roles import as_cell, as_list, entry

# a section is a template, templates/data/NAME.html.j2
SECTIONS = ("remarks", "target", "columns", "together", "unused")
PAGE = "reports/data.html"
SHOWN = 60  # columns with a picture each


def data_page(
    contract: Contract, profile: dict[str, Any], overview: dict[str, Any], hashes: dict[str, str] | None = None
) -> str:
    """`hashes`: {file: its SHA-256}, where it is known."""
    from lifecycle.report import data_page as helpers

    facts = {"contract": contract, "profile": profile, "overview": overview, "look": helpers}
    about = of_table(contract.identity.random_state, dates(overview), PAGE, hashes or {})
    return page("data", f"Data: {contract.problem.target}", SECTIONS, facts, provenance=about)


def dates(overview: dict[str, Any]) -> list[str]:
    """The first and the last that the table covers."""
    found = overview["time"]
    return [str(found["first"])[:10], str(found["last"])[:10]] if found else []


# ---- first --------------------------------------------------------------------------------------------------------


def cards(contract: Contract, profile: dict[str, Any], overview: dict[str, Any]) -> list[tuple[str, str]]:
    files = profile["files"]
    cells = [one for one in profile["columns"].values() if one["role"] != "ignored"]
    filled = sum(one["filled"] for one in cells) / max(profile["rows"] * len(cells), 1)
    out = [
        (count(profile["rows"]), f"rows in {len(files)} file{'s' if len(files) > 1 else ''}"),
        (count(len(contract.features)), f"features, of {len(contract.fields)} columns"),
        (percent(min(filled, 1.0)), "of their cells are filled in"),
    ]
    if contract.problem.task == "binary":
        out.append((percent(overview["mean"]), f"of the rows are “{brief(contract.problem.positive)}”"))
    elif contract.problem.task == "regression":
        out.append((short(overview["mean"]), f"mean of {brief(contract.problem.target)}"))
    else:
        out.append((count(len(contract.problem.classes)), f"classes of {brief(contract.problem.target)}"))
    return out


def sample_in_words(overview: dict[str, Any], profile: dict[str, Any]) -> str:
    if overview["rows"] >= profile["rows"]:
        return ""
    return f"Pictures and associations are from {count(overview['rows'])} rows, spread evenly over all {count(profile['rows'])}; counts of filled and distinct cells are from all rows."


def associations(contract: Contract, overview: dict[str, Any]) -> Plot | None:
    known = [one for one in overview["columns"] if "strength" in one and one["role"] in ("feature", "time")]
    rows = [
        Row(cut(one["column"], 40, middle=True), one["strength"], None, None, text=f"{one['strength']:.2f}")
        for one in known[:30]
    ]
    return (
        plot(f"association with {brief(contract.problem.target)}, from 0 to 1", rows, {"none": 0.0}) if rows else None
    )


# ---- a column -----------------------------------------------------------------------------------------------------


def mean_name(contract: Contract) -> str:
    if contract.problem.task == "binary":
        return f"share of “{brief(contract.problem.positive)}”"
    return f"mean {brief(contract.problem.target)}"


def picture(one: dict[str, Any], overview: dict[str, Any]) -> str:
    """Rows by value as bars, the target's mean among them as a line."""
    if not one["bars"] or "levels" in one:
        return ""
    return svg.spark(f"{one['column']}", one["bars"], one.get("means") or [], overview["mean"])


def level_rows(one: dict[str, Any]) -> list[tuple[str, float, str]]:
    """(level, share of the most frequent, what is written) of a category."""
    most, total = max(one["bars"]), sum(one["bars"])
    out = []
    for i, (name, rows) in enumerate(zip(one["levels"], one["bars"], strict=True)):
        mean = one["means"][i] if one.get("means") else None
        says = percent(rows / total) if total else ""
        out.append(
            (
                cut(name, 30, middle=True),
                round(100 * rows / most, 1) if most else 0.0,
                says + (f" · {mean_text(mean)}" if mean is not None else ""),
            )
        )
    return out


def mean_text(mean: float) -> str:
    return percent(mean) if 0 <= mean <= 1 else short(mean, 3)


def ends(one: dict[str, Any]) -> tuple[str, str]:
    low, high = one["ends"]
    return (low, high) if isinstance(low, str) else (short(low, 3), short(high, 3))


def about(one: dict[str, Any], profile: dict[str, Any]) -> str:
    facts = profile["columns"][one["column"]]
    said = [facts["type"], "" if one["role"] == "feature" else one["role"], f"{count(facts['distinct'])} distinct"]
    if facts["missing"]:
        said.append(f"{percent(facts['missing'] / max(facts['missing'] + facts['filled'], 1))} missing")
    if one.get("strength") is not None:
        said.append(f"association {one['strength']:.2f}")
    return " · ".join(part for part in said if part)


def remarks(one: dict[str, Any]) -> list[str]:
    """Sentences, each with the line of params.yaml that changes it where there is one."""
    name = one["column"]
    out = []
    for remark in one["remarks"]:
        kind = remark["kind"]
        if kind == "cap":
            out.append(
                f"{percent(remark['share'])} of the rows hold exactly {short(remark['value'])}, the {remark['end']} value: a cap, or a code? If it means missing: {as_missing(name, remark['value'])}"
            )
        elif kind == "heap":
            out.append(
                f"{percent(remark['share'])} of the rows hold exactly {short(remark['value'])}. If it means missing: {as_missing(name, remark['value'])}"
            )
        elif kind == "far":
            lines = ", ".join(f"{short(line['value'])} ({line['source']})" for line in remark["lines"])
            out.append(f"{count(remark['rows'])} far from the rest: {lines}")
        elif kind == "rare":
            rare = remark["levels"]
            said = "1 value occurs" if rare == 1 else f"{count(rare)} values occur"
            out.append(f"{said} in fewer than 10 of the rows looked at")
        elif kind == "texts":
            out.append(f"texts of {count(remark['shortest'])} to {count(remark['longest'])} characters")
    return out


def as_missing(name: str, value: float) -> str:
    return entry(name, missingValues=as_list(["", as_cell(value)]))


# ---- together -----------------------------------------------------------------------------------------------------


def alike(overview: dict[str, Any]) -> dict[str, Any]:
    rows = [[cut(one["a"], 40), cut(one["b"], 40), f"{one['strength']:.2f}"] for one in overview["alike"][:20]]
    return {"head": ["Column", "Much the same as", "Association"], "rows": rows, "numeric": [2]}


def missing(overview: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for one in overview["missing"]:
        names = [brief(name) for name in one["columns"][:6]]
        more = f" and {len(one['columns']) - 6} more" if len(one["columns"]) > 6 else ""
        rows.append([", ".join(names) + more, count(one["rows"]), percent(one["rows"] / overview["rows"])])
    return {"head": ["Missing together", "Rows", "Share"], "rows": rows, "numeric": [1, 2]}


def time_in_words(overview: dict[str, Any]) -> str:
    found = overview["time"]
    days = short(found["gap_days"], 2)
    return f"{found['column']} runs from {found['first']} to {found['last']}; the longest gap without a row is {days} days, from {found['gap_from']} to {found['gap_to']}."


def group_in_words(overview: dict[str, Any]) -> str:
    found = overview["group"]
    return f"{found['column']} has {count(found['groups'])} groups, with a median of {short(found['median'])} rows and at most {count(found['largest'])}; each group stays on one side of the split."


def unused(contract: Contract) -> dict[str, Any]:
    rows = [
        [cut(field.name, 40, middle=True), field.role, cut(field.reason, 200)]
        for field in contract.fields
        if field.role in ("ignored", "id", "protected")
    ]
    return {"head": ["Column", "Role", "Why"], "rows": rows}
