"""What is known of a column while it is typed: its cells with the user's word, and the draft of what it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table import cells
from lifecycle.table.notation import Notation
from lifecycle.table.roles import as_list
from lifecycle.table.sentinels import Verdict
from lifecycle.table.texts import Texts

MAX_WORDS = 5  # different words between numbers that may all say that there is none
LEVELS = 10  # different numbers; beside one word, so few are levels, and the word is one more
NUMBERS, DATES = ("number", "integer"), ("date", "datetime")


@dataclass
class Draft:
    """What a column was found to be. `kind`: number, date, boolean, or "" where it is none of these. `words`: what stands
    for "no value" between numbers or dates."""

    texts: Texts
    kind: str = ""
    keys: dict[str, Any] = dataclasses.field(default_factory=dict)
    words: tuple[str, ...] = ()
    values: np.ndarray | None = None
    notation: Notation = dataclasses.field(default_factory=Notation)
    notes: list[str] = dataclasses.field(default_factory=list)
    verdict: Verdict | None = None  # on its numbers that may stand for no value


class Untyped:
    """A column's cells, and what the user says of it."""

    def __init__(self, name: str, values: pd.Series, override: Mapping[str, Any], is_target: bool, odd: int) -> None:
        self.name, self.override, self.is_target = name, override, is_target
        tokens = cells.MISSING_TARGET if is_target else cells.MISSING
        if "missingValues" in override:
            tokens = frozenset(cells.fold(str(t)) for t in override["missingValues"]) | {""}
        self.tokens = tokens
        self.texts, self.seen = Texts.of(name, values, tokens, odd)

    @property
    def forced(self) -> str:
        return str(self.override.get("type") or "")

    @property
    def takes_words(self) -> bool:
        """Whether the file's words for "no value" go for this column."""
        return "missingValues" not in self.override and not self.is_target


def with_missing(one: Untyped, *texts: str) -> str:
    """missingValues as params.yaml takes it, where the user's list is all there is: ['?', '-1']."""
    return as_list(dict.fromkeys([*filter(None, one.seen), *texts]))


def plain_number(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


def second(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[s]"))
