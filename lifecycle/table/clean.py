"""clean: parse and normalise each row, drop duplicates, set aside what cannot be used, with its reason and source line.

A part at a time: `clean_part` knows one part alone, so that it may run anywhere; `Cleaner` takes what comes of the parts in
their order, drops rows that an earlier one had, and counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.params import CleanParams
from lifecycle.ground.workplace import Workplace
from lifecycle.table import dates
from lifecycle.table.conform import Conformed, TextCodes, conform
from lifecycle.table.contract import MODEL, Contract
from lifecycle.table.duplicates import Seen, row_hashes
from lifecycle.table.part import Part
from lifecycle.table.read import SOURCE, Broken, Form, Place, Tables, formal, is_debris
from lifecycle.table.rows import row_keys

if TYPE_CHECKING:
    import pyarrow as pa

QUARANTINE = ["source", "reason", "record"]
EXAMPLES = 10


@dataclass
class CleanPart:
    """`rows`: usable typed rows, duplicates among them, as they are written; `hashes`: of each, where equal rows are one; `broken`,
    `unusable`: source, reason, record of each row set aside, by its form and by its cells; `cells`: counts by column."""

    rows: pa.Table
    hashes: np.ndarray | None
    broken: pd.DataFrame
    unusable: pd.DataFrame
    cells: dict[str, dict[str, int]]
    faults: list[Broken]  # of form


def clean_part(part: Part, contract: Contract, params: CleanParams) -> CleanPart:
    """Sort each row of a part into usable or set aside."""
    import pyarrow as pa

    raw = known_columns(part.table.to_pandas(), contract)
    conformed = conform(raw, contract, with_codes=True)
    rows = conformed.frame.assign(**row_keys(raw, contract.identity), **{SOURCE: raw[SOURCE]})
    reasons = unusable(raw, conformed, contract, params.min_filled)
    set_aside = np.flatnonzero(reasons != "")
    records = raw.drop(columns=SOURCE).iloc[set_aside].itertuples(index=False, name=None)
    quarantine = [
        (source, reason, ",".join(map(str, cells)))
        for source, reason, cells in zip(raw[SOURCE].iloc[set_aside], reasons[set_aside], records, strict=True)
    ]
    broken = [(b.source, b.reason, b.record) for b in part.broken]
    usable = reasons == ""
    rows = rows[usable]
    coded = {name: (codes[usable], texts) for name, (codes, texts) in conformed.coded.items()}
    return CleanPart(
        pa.Table.from_pandas(rows, preserve_index=False),
        hashes_of(rows, contract, params, coded) if drops_duplicates(contract, params) else None,
        pd.DataFrame(broken, columns=QUARANTINE, dtype="str"),
        pd.DataFrame(quarantine, columns=QUARANTINE, dtype="str"),
        count_cells(conformed),
        formal(part.broken),
    )


@dataclass
class Cleaner:
    """What became of the rows so far; `columns`: those in which equal rows are one."""

    contract: Contract
    rows_in: int = 0
    clean: int = 0
    quarantined: int = 0
    duplicates: int = 0
    cells: dict[str, dict[str, int]] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    seen: Seen = field(default_factory=Seen)
    # of the lines that are no rows, and of the rows that cannot be used: the file has them in this order
    reasons: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    first: tuple[list[dict], list[dict]] = field(default_factory=lambda: ([], []))

    def take(self, part: CleanPart) -> pa.Table:
        """The rows of the part that no earlier row equals."""
        for place, aside in enumerate((part.broken, part.unusable)):
            self.reasons[place].update(aside["reason"].tolist())
            wanted = EXAMPLES - len(self.first[place])
            self.first[place].extend(aside.head(max(wanted, 0)).to_dict("records"))
            self.quarantined += len(aside)
        for column, counts in part.cells.items():
            known = self.cells.setdefault(column, {})
            for kind, count in counts.items():
                known[kind] = known.get(kind, 0) + count
        rows = part.rows
        if part.hashes is not None:
            first = self.seen.first(part.hashes)
            self.duplicates += int((~first).sum())
            rows = rows.filter(first)
        self.clean += len(rows)
        self.rows_in += len(part.rows) + len(part.broken) + len(part.unusable)
        if self.contract.problem.task != "regression":
            self.classes.update(rows[self.contract.problem.target].unique().to_pylist())
        return rows

    @property
    def by_reason(self) -> dict[str, int]:
        """{reason: rows}, the most frequent first."""
        counts = {**self.reasons[0]}
        for reason, count in self.reasons[1].items():
            counts[reason] = counts.get(reason, 0) + count
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    @property
    def examples(self) -> list[dict]:
        return [*self.first[0], *self.first[1]][:EXAMPLES]

    @property
    def by_column(self) -> dict[str, dict[str, int]]:
        """Missing and corrupt cells of each column that has any, in the table's order."""
        order = ("missing", "corrupt")
        return {
            c: {kind: self.cells[c][kind] for kind in order if kind in self.cells[c]}
            for c in self.contract.names()
            if c in self.cells
        }

    def check(self) -> None:
        """UserError where nothing is left to learn from."""
        if self.clean + self.quarantined + self.duplicates != self.rows_in:
            raise AssertionError("a source row is unaccounted for")
        if not self.clean:
            worst = next(iter(self.by_reason))
            raise UserError(f"data/raw has no usable row: all {self.rows_in} were set aside, most since: {worst}")
        if self.contract.problem.task != "regression" and len(self.classes) < 2:
            target = self.contract.problem.target
            raise UserError(f'data/raw: of the target "{target}" one class is left in the usable rows; add rows')


def clean_parts(tables: Tables, contract: Contract, params: CleanParams, at: Workplace) -> Iterator[CleanPart]:
    """What comes of each part of the tables, in their order."""
    check_columns(tables.names, contract)
    work = partial(clean_parts_of, contract=contract, params=params)
    apart = tables.lie_apart(at)
    forms: dict[str, Form] = {}
    given: Iterator[Part | Place] = tables.places(at, forms) if apart else tables.cell_parts()
    for place, made in at.pairs(work, given, itself, "clean", travels=not apart):
        yield from made
        if isinstance(place, Place) and place.stretch:
            for part in made:
                forms[place.name].add(len(part.rows) + len(part.unusable), part.faults)
    tables.check_forms(forms)


def itself(given: Part | Place) -> Part | Place:
    return given


def clean_parts_of(given: Part | Place, contract: Contract, params: CleanParams) -> list[CleanPart]:
    """What comes of a part, or of all parts of a file, which is read here."""
    parts = given.cell_parts() if isinstance(given, Place) else [given]
    return [clean_part(part, contract, params) for part in parts]


def check_columns(header: list[str], contract: Contract) -> None:
    """UserError where the raw table changed its columns since the contract; one that is not used may come and go, and so may
    one without a name, which may hold nothing (`known_columns`)."""
    known, used = set(contract.by_name), set(contract.names())
    lost, new = sorted(used - set(header)), sorted(c for c in header if c not in known and not _is_nameless(c))
    if lost or new:
        facts = [f'lacks "{c}"' for c in lost[:5]] + [f'has the new column "{c}"' for c in new[:5]]
        raise UserError(
            f"data/raw {', '.join(facts)} compared with data/contract.yaml; `dvc repro` writes the contract anew"
        )


def known_columns(raw: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """`raw` without columns that have no name and hold nothing. UserError where one does, and the contract lacks it."""
    nameless = [c for c in raw if c not in contract.by_name and c != SOURCE]
    for column in nameless:
        if not is_debris(column, raw[column]):
            raise UserError(
                f'data/raw has the new column "{column}" compared with data/contract.yaml; `dvc repro` writes the contract anew'
            )
    return raw.drop(columns=nameless)


def _is_nameless(column: str) -> bool:
    return column == SOURCE or column.startswith("unnamed_")


def unusable(raw: pd.DataFrame, conformed: Conformed, contract: Contract, min_filled: float) -> np.ndarray:
    """The reason why each row cannot be used, "" where it can; shape (n,)."""
    frame, target = conformed.frame, contract.problem.target
    features = contract.names(MODEL)
    reasons = np.full(len(frame), "", dtype=object)
    empty = filled_share(frame, features) < min_filled
    if empty.any():
        empty[empty] = recorded(raw[empty], features) < min_filled
    reasons[empty] = f"less than {min_filled:.0%} of its features are filled"
    reasons[frame[target].isna()] = f'no value of the target "{target}"'
    if target in conformed.corrupt:
        reasons[conformed.corrupt[target]] = f'the target "{target}" cannot be read as a {kind_of(contract)}'
    return reasons


def filled_share(frame: pd.DataFrame, features: list[str]) -> np.ndarray:
    """The share of each row's features that hold a value, shape (n,)."""
    filled = np.zeros(len(frame), dtype=np.int64)
    for name in features:
        filled += frame[name].notna().to_numpy()
    return filled / len(features)


def recorded(raw: pd.DataFrame, features: list[str]) -> np.ndarray:
    """The share of each row's features that hold a figure, be it one that stands for no value, such as -200: an instrument
    that had nothing to say made a record all the same; a row of blanks is none."""
    present = [c for c in features if c in raw]
    held = [raw[c].str.contains(r"\d", regex=True).fillna(False).to_numpy(bool) for c in present]
    return np.sum(held, axis=0) / len(features) if held else np.zeros(len(raw))


def kind_of(contract: Contract) -> str:
    return "finite number" if contract.problem.task == "regression" else "class"


def drops_duplicates(contract: Contract, params: CleanParams) -> bool:
    """Whether equal rows are one row written twice: only an id or a time can tell them from different things alike."""
    if params.duplicates == "auto":
        return bool(telling_apart(contract))
    return params.duplicates == "drop"


def telling_apart(contract: Contract) -> list[str]:
    """The ids and times by which two rows that are equal are one; of a month, a week or a year there are many rows alike."""
    columns = contract.used(("id", "time"))
    return [c.name for c in columns if c.role == "id" or any(map(dates.names_a_day, dates.of_field(c)))]


def hashes_of(
    rows: pd.DataFrame, contract: Contract, params: CleanParams, coded: Mapping[str, TextCodes] | None = None
) -> np.ndarray:
    """Hashes by which equal rows are found; where an id or a time is what tells rows apart, a row without one is like no other."""
    hashes = row_hashes(rows[contract.names()], coded)
    if params.duplicates == "auto":
        names = telling_apart(contract)
        named = rows[names].notna().any(axis=1).to_numpy()
        hashes[:, ~named] = row_hashes(rows.loc[~named, [*contract.names(), SOURCE]])
    return hashes


def count_cells(conformed: Conformed) -> dict[str, dict[str, int]]:
    """Missing and corrupt cells of each column that has any."""
    kinds = {"missing": conformed.missing, "corrupt": conformed.corrupt}
    counts = {c: {k: int(m[c].sum()) for k, m in kinds.items() if c in m} for c in conformed.frame.columns}
    return {c: n for c, n in counts.items() if n}
