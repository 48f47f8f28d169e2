"""define: the problem block of params.yaml and the raw table become a checked contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.params import SplitParams
from lifecycle.ground.progress import shown
from lifecycle.table import dates, groups, infer, levels, notation, roles, vocabulary
from lifecycle.table.asked import as_name, check_names
from lifecycle.table.conform import conform
from lifecycle.table.contract import MODEL, USED, Contract, Field, Identity
from lifecycle.table.folds import scheme_of
from lifecycle.table.leaks import given_away, suspected
from lifecycle.table.problem import describe_problem
from lifecycle.table.profile import Candidate, Whole, candidates, widen
from lifecycle.table.read import SOURCE, RawTable
from lifecycle.table.recognise import DOUBT
from lifecycle.table.roles import Counts, Role, entry
from lifecycle.table.rows import keys_of, row_keys
from lifecycle.table.schema import as_standard
from lifecycle.table.split import even_draw
from lifecycle.table.texts import ODD, Texts, odd_texts

CONTRACT = "data/contract.yaml"
MOST_LIKELY = 2  # columns that may say which rows are of one thing, each with a line of its own
MIN_ROWS = 20
NAMED = 12  # columns that a sentence lists


@dataclass
class ColumnDraft:
    """`spec`: the field as the contract has it, the user's word included; `kind`, `role`, `alone`: what the table alone says;
    `filled`: its cells that are not missing."""

    spec: dict[str, Any]
    kind: str
    alone: dict[str, Any]
    role: Role
    filled: pd.Series
    texts: Texts


def build_contract(
    raw: RawTable, problem: dict, columns: dict, define: dict, split: SplitParams, before: Identity | None = None
) -> tuple[dict[str, Any], list[str]]:
    """(contract, notes): every column's role and type, the task and how it is measured; each decision made here is a note.

    `before`: the last contract's identity, whose draw of the test rows holds as long as rows are named alike.
    """
    frame = raw.frame.drop(columns=SOURCE)
    named = tuple(as_name(name, "split.identity") for name in split.identity)
    check_names(list(frame.columns), problem, columns, list(named))
    split = replace(split, identity=named)
    target, notes = problem["target"], list(raw.notes)
    made = look_at(raw, frame, define, columns, target)
    if raw.whole:
        notes.append(raw.whole.note())
    if (odd := odd_texts(frame.shape[1])) < ODD:
        notes.append(
            f"{frame.shape[1]:,} columns: how each writes its cells is told from {odd} of its different texts, and whether rows "
            f"of one value belong together from {groups.MOST_COLUMNS} columns, the target first"
        )
    identity, belongs = identify(raw, frame, made, target, split, columns, before, notes)
    for column in made:
        assign_role(column, problem, columns, identity, belongs, notes)
    fields = [column.spec for column in made]
    by_name = {f["name"]: f for f in fields}
    if not any(f["role"] == "time" for f in fields):
        assign_time(made)
    dated = [f["name"] for f in fields if f["type"] in ("date", "datetime") and f["name"] != target]
    answers = raw.whole.target if raw.whole else frame[target]
    described = describe_problem(problem, by_name[target], answers, notes, dated, "type" in (columns.get(target) or {}))
    contract = {"problem": described, "source": source(raw), "identity": identity.write(), "fields": fields}
    set_levels(raw, fields)
    check_overrides(frame, contract, columns)
    drop_giveaways(raw, frame, contract, columns, notes)
    notes += [not_used(f) for f in fields if f["role"] in ("ignored", "id")]
    notes += [
        f'"{f["name"]}" is the {f["role"]} column: {f["reason"]}' for f in fields if f["role"] in ("group", "time")
    ]
    if not any(f["role"] in MODEL for f in fields):
        raise UserError(
            f'data/raw has no column left to predict "{target}" from{left_out(fields)}; set a role under params.yaml: columns'
        )
    notes[:] = gathered(notes)
    contract |= {"fields": [as_standard(column.spec, column.texts) for column in made], "notes": notes}
    return contract, notes


# ---- columns and rows -------------------------------------------------------------------------------------


def look_at(raw: RawTable, frame: pd.DataFrame, define: dict, columns: dict, target: str) -> list[ColumnDraft]:
    """Each column as the table alone has it, and as the user's word has it."""
    plain = infer.look(frame, define, {}, target, delimiter_of(raw))
    asked = infer.look(frame, define, columns, target, delimiter_of(raw)) if columns else plain
    filled = {alone["name"]: filled_cells(raw, alone, texts) for alone, texts in plain}
    if raw.whole:
        asked = look_at_all(raw.whole, plain, asked, columns, filled, target)
    made = []
    pairs = zip(plain, asked, strict=True)
    for (alone, _), (spec, texts) in shown(pairs, "define: roles", len(plain)):
        name = spec["name"]
        role = Role("target")
        if name in raw.unusable:
            role = Role("ignored", raw.unusable[name])
        elif name != target:
            counts = counts_of(raw, alone, filled[name])
            written = notation.of_field(Field.read(alone))
            role = roles.role_of(name, alone["type"], filled[name], counts, written)
        made.append(ColumnDraft(dict(spec), alone["type"], alone, role, filled[name], texts))
    return made


Drafted = list[tuple[dict[str, Any], Texts]]


def filled_cells(raw: RawTable, field: Mapping[str, Any], texts: Texts | None = None) -> pd.Series:
    """A column's cells that are neither missing nor garbled, looked for once; `texts`: all of them, by which a full column is known."""
    key = field["name"], tuple(field["missingValues"])
    if key not in raw.kept:
        values = raw.frame[field["name"]]
        full = texts is not None and texts.total == len(values) and not texts.spelled(field["missingValues"])
        raw.kept[key] = values if full else levels.filled_cells(values, field)
    return raw.kept[key]


def look_at_all(
    whole: Whole, plain: Drafted, asked: Drafted, columns: dict, filled: dict[str, pd.Series], target: str
) -> Drafted:
    """`asked`, with what all rows hold that the sample does not show."""
    kinds = {alone["name"]: alone["type"] for alone, _ in plain}
    whole.look([spec for spec, _ in asked], columns, candidates(kinds, filled, target))
    out = []
    for (alone, _), (spec, texts) in zip(plain, asked, strict=True):
        name = spec["name"]
        if name == target:
            out.append((spec, whole.texts_of_target(spec)))
            continue
        was = spec["type"]
        widen(spec, whole.tallies[name], columns.get(name) or {})
        if alone["type"] == was:
            alone["type"] = spec["type"]
        out.append((spec, whole.tallies[name].texts(texts)))
    return out


def delimiter_of(raw: RawTable) -> str:
    """What parts the cells in (most of) the files; "" for formats that have none."""
    found = [fact.get("delimiter", "") for fact in raw.facts]
    return max(found, key=found.count) if found else ""


def assign_role(
    column: ColumnDraft, problem: dict, columns: dict, identity: Identity, belongs: str, notes: list[str]
) -> None:
    """The role that the rows' structure gives, unless params.yaml gives another; `belongs`: why the group is one."""
    spec, found = column.spec, column.role
    name, override = spec["name"], columns.get(spec["name"]) or {}
    is_group = name == identity.group and not identity.part
    if spec["role"] != "target":
        spec["role"] = found.role
        if found.reason:
            spec["reason"] = found.reason
        if is_group:
            spec |= {"role": "group", "reason": belongs}
        elif name == identity.group and found.role == "feature":
            spec |= {"role": "id", "reason": "a part of it says which rows belong together"}
        elif found.role == "group":
            reason = f'named like an id, and "{identity.group}" already says which rows belong together'
            spec |= {"role": "ignored", "reason": reason}
        if found.kind and "type" not in override:
            spec["type"] = found.kind
            spec.pop("constraints", None)
        if "role" in override:
            spec |= {"role": override["role"], "reason": "params.yaml: columns"}
        if name in problem["exclude"]:
            spec |= {"role": "ignored", "reason": "params.yaml: problem.exclude"}
        is_asked_out = "role" in override or name in problem["exclude"]
        if name in problem["protected"] and is_asked_out and spec["role"] == "ignored":
            spec |= {"role": "protected", "reason": "not learned from; groups are compared by it (problem.protected)"}
    if spec["role"] in ("id", "group") and "type" not in override:
        levels.as_name(spec)
    asked = "role" in override or name in problem["exclude"]
    sayings = [*spec.pop("notes", []), "" if asked else found.note]
    if spec["role"] in ("id", "group"):
        # that it may name a row is settled
        sayings = [said for said in sayings if not said.endswith(f"{{{name}: {{role: id}}}}")]
    if name == identity.group and identity.part:
        sayings.append(f"{belongs}: these rows stay on one side of the split")
    if is_group and spec["role"] != "group":
        sayings.append(
            f"rows of one value stay on one side of the split all the same ({belongs}); split.scheme: random parts them"
        )
    notes += [f'"{name}": {said}' for said in sayings if said]


def assign_time(made: list[ColumnDraft]) -> None:
    dated = [
        c for c in made
        if c.spec["role"] == "feature" and c.spec["type"] in ("date", "datetime") and not dates.is_clock(c.spec["format"])
    ]  # fmt: skip
    n_rows = max((len(c.filled) for c in made), default=0)
    found = roles.time_column([(c.spec["name"], c.filled.nunique(), len(c.filled) / max(n_rows, 1)) for c in dated])
    reason = "the first date column; used for its parts (month, weekday, hour), and for the time passed where the folds gain by it"
    for column in dated:
        if column.spec["name"] == found:
            column.spec |= {"role": "time", "reason": reason}


def identify(
    raw: RawTable,
    frame: pd.DataFrame,
    made: list[ColumnDraft],
    target: str,
    split: SplitParams,
    columns: dict,
    before: Identity | None,
    notes: list[str],
) -> tuple[Identity, str]:
    """(what a row is and what it belongs to, the reason of the latter), as the raw table says; no role and no type of
    params.yaml has a part in it, but for a group that the user names. And the draw of the test rows: the last contract's, else
    one that parts this table evenly."""
    named = names_of_a_row(made, split, notes)
    group = what_rows_belong_to(raw, frame, made, target, split, columns, notes) or groups.Group("", "", False)
    identity = Identity(tuple(named), group.column, group.part)
    if before and before.group == identity.group and set(before.columns) <= set(identity.columns):
        return replace(identity, random_state=before.random_state), group.reason
    keys = keys_of(row_keys(frame, identity), scheme_of(identity, split.scheme))
    return replace(identity, random_state=even_draw(keys, frame[target], split.test_size)), group.reason


def names_of_a_row(made: list[ColumnDraft], split: SplitParams, notes: list[str]) -> list[str]:
    """The columns that name a row: params.yaml's, else the id, else all but counters of whoever wrote the table."""
    if split.identity:
        return list(split.identity)
    ids = [c for c in made if c.role.role == "id"]
    given = [c for c in ids if not vocabulary.INDEX_NAME.match(c.spec["name"])]
    if given:
        best = max(given, key=lambda c: (len(c.filled), vocabulary.is_id(c.spec["name"])))
        name = best.spec["name"]
        notes.append(
            f'"{name}" identifies a row: it keeps its side of the split whatever else changes (split.identity)'
        )
        return [name]
    every = [c.spec["name"] for c in made if c not in ids]
    listed = ", ".join(roles.written(n) for n in every[:NAMED]) + (", ..." if len(every) > NAMED else "")
    notes.append(
        f"no column identifies a row: all {len(every)} cells together do; if the table will gain columns, list the present ones "
        f"in params.yaml, split.identity: [{listed}], so that each row keeps its side of the split"
    )
    return every


def what_rows_belong_to(
    raw: RawTable,
    frame: pd.DataFrame,
    made: list[ColumnDraft],
    target: str,
    split: SplitParams,
    columns: dict,
    notes: list[str],
) -> groups.Group | None:
    """The thing that several rows are of, where that is sure; what is likely is said."""
    asked = [c.spec["name"] for c in made if (columns.get(c.spec["name"]) or {}).get("role") == "group"]
    if asked:
        return groups.Group(asked[0], "params.yaml: columns", True)
    looked = groups_of_sample(raw.whole, made, target) if raw.whole else groups_of(frame, made, target)
    sure = [one for one in looked if one.group.sure]
    for column in made:
        if column.role.role == "group":
            name = column.spec["name"]
            cells = raw.whole.clusters.get(Candidate(name), frame) if raw.whole else frame
            group = groups.Group(name, column.role.reason, True)
            sure.append(Looked(group, groups.keys(blanked(cells, [column]), group), share_of(raw.whole, group)))
    if sure:
        return coarsest(sure).group
    for likely in looked[:MOST_LIKELY]:
        siblings = groups.siblings(likely.keys.to_numpy(), split.test_size)
        cure = entry(likely.group.column, role="group")
        notes.append(f"{groups.describe(likely.group, siblings)}; {cure} keeps them on one side")
    if others := [f'"{one.group.column}"' for one in looked[MOST_LIKELY:]]:
        notes.append(f"the same may be said of {', '.join(others)}")
    return None


@dataclass
class Looked:
    """A group, the keys of the rows in which it was found, and the share of all keys that they are."""

    group: groups.Group
    keys: pd.Series
    share: float = 1.0


def coarsest(sure: list[Looked]) -> Looked:
    """That of fewest values: of a patient and a visit the patient. A column that is not named as a thing, such as the time at which
    something stopped, counts beside one that is only where it holds whole things."""

    def number(one: Looked) -> float:
        return float(one.keys.nunique() / one.share)

    named = [one for one in sure if groups.is_named(one.group.column)]
    if not named:
        return min(sure, key=number)
    best = min(named, key=number)
    others = [one for one in sure if not groups.is_named(one.group.column) and holds(one, best)]
    return min([*named, *others], key=number)


def holds(one: Looked, other: Looked) -> bool:
    """Whether all rows of each thing of `other` are of the same one; of different samples of a large table that is not known, and
    taken to be so."""
    if not one.keys.index.equals(other.keys.index):
        return True
    both = pd.DataFrame({"one": one.keys, "other": other.keys}).dropna()
    return bool(both.groupby("other")["one"].nunique().mean() < 1.05)


def blanked(frame: pd.DataFrame, made: list[ColumnDraft]) -> pd.DataFrame:
    """The text cells, those that are missing empty."""
    filled = {c.spec["name"]: comparable(levels.filled_cells(frame[c.spec["name"]], c.alone), c) for c in made}
    return pd.DataFrame({name: with_gaps(cells, frame.index) for name, cells in filled.items()})


def comparable(filled: pd.Series, column: ColumnDraft) -> pd.Series:
    """The cells of a measure with a decimal point and no unit, so that rows can be compared by it whatever the file's way to
    write numbers; those of other columns as they stand."""
    if column.kind != "number":
        return filled
    written = notation.of_field(Field.read(column.alone))
    if written.decimal == "." and not written.group and written.bare:
        return filled
    values = notation.numbers(filled, written)
    return pd.Series(values, index=filled.index).astype("str").where(np.isfinite(values), "")


def with_gaps(filled: pd.Series, rows: pd.Index) -> pd.Series:
    """The filled cells among all rows, the others empty."""
    return filled if len(filled) == len(rows) else filled.reindex(rows, fill_value="")


def kinds_of(made: list[ColumnDraft]) -> dict[str, str]:
    """{column: type} of those that may be a group, or say that rows are of one."""
    return {c.spec["name"]: c.kind for c in made if c.role.role in ("feature", "id", "group", "target")}


def groups_of(frame: pd.DataFrame, made: list[ColumnDraft], target: str) -> list[Looked]:
    blank = {c.spec["name"]: with_gaps(comparable(c.filled, c), frame.index) for c in made}
    return [Looked(g, groups.keys(blank, g)) for g in groups.find_groups(blank, kinds_of(made), target)]


def groups_of_sample(whole: Whole, made: list[ColumnDraft], target: str) -> list[Looked]:
    """As `groups_of`; each column is asked about in all rows of some of its values."""
    found: list[Looked] = []
    drafts = {c.spec["name"]: c for c in made}
    for candidate, frame in whole.clusters.items():
        own = blanked(frame, [drafts[candidate.column]])
        if not candidate.part and not groups.are_shared(own[candidate.column]):
            continue  # an id of the row
        blank = blanked(frame, made)
        for group in groups.find_groups(blank, kinds_of(made), target, candidate.column):
            if group.part == candidate.part:
                found.append(Looked(group, groups.keys(blank, group), whole.shares[candidate]))
    return sorted(found, key=lambda one: not one.group.sure)


def share_of(whole: Whole | None, group: groups.Group) -> float:
    return whole.shares.get(Candidate(group.column, group.part), 1.0) if whole else 1.0


def gathered(notes: list[str]) -> list[str]:
    """The notes, those on the decimal mark of each of many columns in two lines: the first, and whose it is too."""
    doubts = [note for note in notes if DOUBT in note]
    if len(doubts) < 3:
        return notes
    others = ", ".join(note.split(f": {DOUBT}")[0] for note in doubts[1:])
    at = notes.index(doubts[0])
    rest = [note for note in notes[at + 1 :] if note not in doubts]
    return [*notes[: at + 1], f"the same is true of {others}", *rest]


def left_out(fields: list[dict]) -> str:
    """Why no field is learned from, each reason once: ` ("nr": the number of the row; "a" and 2 more: constant)`."""
    names: dict[str, list[str]] = {}
    for field in fields:
        if field.get("reason"):
            names.setdefault(field["reason"], []).append(field["name"])
    said = []
    for reason, of in list(names.items())[:NAMED]:
        more = f" and {len(of) - 1} more" if len(of) > 1 else ""
        said.append(f'"{of[0]}"{more}: {reason}')
    return f" ({'; '.join(said)})" if said else ""


def not_used(spec: dict) -> str:
    said = f'"{spec["name"]}" is not used: {spec["reason"]}'
    if spec["reason"].startswith(("params.yaml", "every cell", "constant")):
        return said
    return f"{said} (to learn from it: {entry(spec['name'], role='feature')})"


def set_levels(raw: RawTable, fields: list[dict]) -> None:
    """List the levels of each category in its field, unless there are too many to read."""
    for field in fields:
        if field["type"] == "string" and field["role"] == "feature" and "enum" not in field.get("constraints", {}):
            levels = levels_of(raw, field)
            field["constraints"] = {"enum": levels} if levels is not None and len(levels) <= infer.MAX_ENUM else {}


def levels_of(raw: RawTable, field: dict) -> list[str] | None:
    """The levels of a category; None where they are too many to be counted."""
    if not raw.whole:
        return levels.spellings(filled_cells(raw, field))
    counts = raw.whole.tallies[field["name"]].counts
    return None if counts is None else levels.spellings_of(counts)


def check_overrides(frame: pd.DataFrame, contract: dict, columns: dict) -> None:
    """UserError where the user's word makes every cell of a column unreadable, or a text the time."""
    said = [f for f in contract["fields"] if f["role"] in USED and f["name"] in columns]
    corrupt = conform(frame[[f["name"] for f in said]], Contract.read({**contract, "fields": said})).corrupt
    for field in said:
        filled = levels.filled_cells(frame[field["name"]], field)
        if field["name"] in corrupt and corrupt[field["name"]].sum() >= len(filled) > 0:
            form = f", format {field['format']}" if "format" in field else ""
            raise UserError(
                f'data/raw: no cell of "{field["name"]}" can be read as {field["type"]}{form} (such as {filled.iloc[0]!r}); '
                f"mend params.yaml: columns.{field['name']}"
            )
        if field["role"] == "time" and field["type"] not in ("date", "datetime", "number", "integer"):
            raise UserError(
                f'data/raw: "{field["name"]}" is {field["type"]} (such as {filled.iloc[0]!r}), and a time is a date or a number; '
                f"mend params.yaml: columns.{field['name']}"
            )


def drop_giveaways(raw: RawTable, frame: pd.DataFrame, contract: dict, columns: dict, notes: list[str]) -> None:
    """Ignore what gives the target away and name what may, unless the user gave the column a role."""
    target, task = contract["problem"]["target"], contract["problem"]["task"]
    raw.read = conform(frame, Contract.read(contract), ("target", "feature", "time"))
    typed = raw.read.frame
    by_name = {f["name"]: f for f in contract["fields"]}
    features = [c for c, f in by_name.items() if f["role"] in MODEL and "role" not in (columns.get(c) or {})]
    for name, reason in given_away(typed, target, features, task).items():
        by_name[name] |= {"role": "ignored", "reason": reason}
    left = [c for c in features if by_name[c]["role"] in MODEL]
    for name, reason in suspected(typed, target, left, task).items():
        by_name[name]["suspicion"] = reason
        notes.append(
            f'"{name}" may give the target away: {reason}; if it is not known when the prediction is made, put it under '
            f"problem.exclude, else say so: {entry(name, role=by_name[name]['role'])} (until then the gate fails)"
        )


def source(raw: RawTable) -> dict[str, Any]:
    """How the files were read; no row counts, which would change the contract with each new row."""
    encodings, delimiters = [sorted({f[k] for f in raw.facts}) for k in ("encoding", "delimiter")]
    return {
        "files": [f["file"] for f in raw.facts],
        "encoding": ", ".join(encodings),
        "delimiter": " ".join(delimiters),
        **raw.options.write(),
    }


def profile(raw: RawTable, contract: dict) -> dict[str, Any]:
    """What is in each column, for people."""
    columns = {}
    for field in contract["fields"]:
        name = field["name"]
        filled = filled_cells(raw, field)
        counts = counts_of(raw, field, filled)
        columns[name] = {
            "type": kind_of(field),
            "role": field["role"],
            "filled": counts.filled,
            "missing": counts.rows - counts.filled,
            "distinct": counts.distinct,
            "reason": field.get("reason", ""),
            "examples": [text[:60] for text in levels.first_different(filled, 3)],
        }
    out = {"rows": raw.rows_in, "files": raw.facts, "columns": columns, "notes": contract["notes"]}
    if raw.whole:
        # what is not counted in all rows, the different texts of a measure, is guessed from these
        out["sample"] = {"rows": raw.whole.sampled, "of": raw.whole.rows}
    return out


def counts_of(raw: RawTable, field: Mapping[str, Any], filled: pd.Series) -> Counts:
    """What all rows count of a column; `filled`: its cells in those that are held."""
    if raw.whole and field["role"] == "target":
        return Counts.of(levels.filled_cells(raw.whole.target, field), raw.whole.rows)
    key = field["name"], tuple(field["missingValues"])
    if key not in raw.counted:
        whole = raw.whole
        raw.counted[key] = whole.counts(key[0], filled, field) if whole else Counts.of(filled, len(raw.frame))
    return raw.counted[key]


def kind_of(field: Mapping[str, Any]) -> str:
    """What the house takes a field of the contract for."""
    return str(field.get("kind") or field["type"])


def changes(before: Any, after: Any) -> list[str]:
    """Sentences, for the eye alone, on the columns that are gone, new, or of another role or type than last time, and on what
    names a row where that is not what it was: rows may then change sides."""
    try:
        old, new = ({f["name"]: (f["role"], kind_of(f)) for f in c["fields"]} for c in (before, after))
    except (KeyError, TypeError):
        return []  # a contract of another make
    said = [f'since the last contract: "{n}" is gone' for n in old if n not in new]
    said += [f'since the last contract: "{n}" is new' for n in new if n not in old]
    for name in old:
        if name in new and old[name] != new[name]:
            said.append(f'since the last contract: "{name}" was {" ".join(old[name])}, and is {" ".join(new[name])}')
    return said + identity_changes(Identity.read(before.get("identity")), Identity.read(after.get("identity")))


def identity_changes(old: Identity, new: Identity) -> list[str]:
    """Sentences on what moves rows from one side of the split to the other."""
    if not old.columns:
        return []  # made before it was written down
    facts = []
    for columns, others, fact in (
        (old.columns, new.columns, "no longer by"),
        (new.columns, old.columns, "now also by"),
    ):
        known = set(others)
        if names := [roles.written(name) for name in columns if name not in known]:
            more = ", ..." if len(names) > NAMED else ""
            facts.append(f"a row is known {fact} {', '.join(names[:NAMED])}{more}")
    if (old.group, old.part) != (new.group, new.part):
        belongs = f'"{new.group}"' if new.group else "nothing"
        facts.append(f"rows belong together by {belongs}, and did by " + (f'"{old.group}"' if old.group else "nothing"))
    if old.random_state != new.random_state:
        facts.append(f"the test rows are drawn anew (random_state {new.random_state}, was {old.random_state})")
    if not facts:
        return []
    return [
        f"since the last contract: {'; '.join(facts)}; rows may change sides (split.identity names what shall name a row)"
    ]
