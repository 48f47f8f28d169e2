"""Evidence of the file before that of the column: the decimal mark, the order of day and month, what stands for "no value".

Columns in which these are beyond doubt decide for those in which they are not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lifecycle.table import dates, recognise
from lifecycle.table.texts import Texts

# words that never are a measure or a level; others say "no value" where two columns of numbers or dates hold them
UNKNOWN = frozenset(
    "error|err|unknown|unknow|unk|missing|invalid|undefined|undetermined|unavailable|not available|not known|not recorded|not reported|"
    "no data|nodata|no value|tbd|tba|n.a|n.d.|nd|n/d|none given|not applicable|unbekannt|fehler|ungültig|keine angabe|keine angaben|"
    "nicht bekannt|k. a.|n. v.|n.v.|ohne angabe|inconnu|inconnue|erreur|non renseigné|n.c.|nc|desconocido|sin dato|sin datos|no disponible|"
    "desconhecido|não informado|sem dados|sconosciuto|errore|non disponibile|onbekend|fout|nieznane|brak|brak danych|błąd|okänd|saknas|"
    "ukjent|ukendt|tuntematon|neznámé|неизвестно|нет данных|ошибка|未知|不明|欠測|없음|#error|#err".split("|")
)


# marks of statistical offices, perhaps with a flag: ... and ** and : c
_MARK_ALONE = re.compile(r"[.…*:/#_·–—-]+ ?[a-z]{0,2}")


def says_none(word: str) -> bool:
    """Whether a folded text between numbers is never a measure or a level."""
    return word in UNKNOWN or _MARK_ALONE.fullmatch(word) is not None


@dataclass(frozen=True)
class FileEvidence:
    """`decimal`: the file's mark; `decimal_is_sure`: whether columns showed it, not the delimiter alone. `day_first`: None
    where no column shows it. `words`: folded texts that stand for "no value"; `sentinels`: {number: columns that hold it so}.
    """

    decimal: str = "."
    decimal_is_sure: bool = True
    day_first: bool | None = None
    words: frozenset[str] = frozenset()
    sentinels: Mapping[float, int] = field(default_factory=dict)


def of_marks(columns: Iterable[Texts], delimiter: str) -> FileEvidence:
    """What the texts alone show: the decimal mark, and whether the day stands first."""
    found, orders = [], Counter[bool]()
    for texts in columns:
        if not texts.sample:
            continue
        if texts.are_numbers:
            found.append(texts.marks)
        elif texts.are_dates:
            order = dates.day_first(texts.dates)
            if order is not None:
                orders[order] += 1
    decimal, sure = recognise.decimal_of_file(found, delimiter)
    day_first = None
    if orders[True] != orders[False]:
        day_first = orders[True] > orders[False]
    return FileEvidence(decimal, sure, day_first)


def missing_words(found: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The words that say "no value" in the whole file; `found`: {column of numbers or dates: the words between them}."""
    columns = Counter(word for words in found.values() for word in set(words))
    return frozenset(word for word, count in columns.items() if says_none(word) or count > 1)
