"""How a column writes its numbers: from its distinct texts to a `Notation`.

Each text is taken apart once (`shape`). The decimal mark is a property of the file: `marks` counts what a column's cells
say about it beyond doubt, `decimal_of_file` lets these columns decide, and the delimiter where none does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from lifecycle.table import cells, notation, units
from lifecycle.table.notation import Notation
from lifecycle.table.roles import written

ALIKE = (
    0.9  # of the cells with a word beside the number, the share that must have the same one, where it is no known unit
)
FEW = 12  # different numbers; with "5+" among so few they are levels, not measures
MANY_RANGES = 20  # different ranges; fewer are bands, such as 20-29, which are levels
SAMPLE = 2_000  # distinct texts that are taken apart

_SURE = {
    ".": re.compile(r"\d*\.(?:\d{1,2}|\d{4,})|0\.\d+|\.\d+|\d{4,}\.\d+|0\d+\.\d+"),
    ",": re.compile(r"\d*,(?:\d{1,2}|\d{4,})|0,\d+|,\d+|\d{4,},\d+|0\d+,\d+"),
}
# both marks, or one mark more than once: which is which is beyond doubt
_BOTH = {
    ".": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*|\d{1,3}(?:,\d{3}){2,}|\d{1,2}(?:,\d{2})+,\d{3}"),
    ",": re.compile(r"\d{1,3}(?:\.\d{3})+,\d*|\d{1,3}(?:\.\d{3}){2,}"),
}
_DOUBTFUL = {".": re.compile(r"[1-9]\d{0,2}\.\d{3}"), ",": re.compile(r"[1-9]\d{0,2},\d{3}")}
DOUBT = "no column shows the decimal mark beyond doubt"
_ONE_POINT = re.compile(r"\d*\.\d+")
_OTHER = {".": ",", ",": "."}
_SIGNS = (("CR", "DR"), ("N", "S"), ("E", "W"), ("H", "S"))  # the second of each is minus; Haben and Soll
# statistical offices put a letter behind a figure: provisional, estimated, revised, a break in the series
_FLAGS = frozenset("b c d e f i n p r s u z be bd bp ep".split())
_ROOMS = frozenset("RM Rm rm RP Rp rp".split())
_FOREIGN = re.compile(
    r"^(?![^\W\d]+(?:/\d*[^\W\d]+\d?|[23])$).*(?:\d|\s[A-Z])"
)  # no unit: 12 Main St, 190Nm@ 2000rpm; but l/100km, m2
_HYPHENED = re.compile(r"-[^\W\d_]{3,11}")
_OUT_OF = re.compile(r"/ ?\d{1,4}")
_HAS_NUMBER = re.compile(r"[\d½¼¾]")
_NEVER = frozenset(":@#+~<>*†‡§¶¹²³⁴⁵⁶⁷⁸⁹⁰_\\()[]")  # in a word that is no known unit
_SAME_CURRENCY = {"us$": "$", "usd": "$", "dollar": "$", "dollars": "$", "eur": "€", "euro": "€", "euros": "€", "gbp": "£",
                  "inr": "₹", "rs": "₹", "rupees": "₹"}  # fmt: skip


@dataclass(frozen=True)
class NumberShape:
    """A text taken apart: its numbers as they stand there, the words beside them, and the forms it is written in."""

    cores: tuple[str, ...]
    words: tuple[str, ...] = ()
    forms: frozenset[str] = frozenset()
    unit: str = ""  # all that stands beside one number
    sign: str = ""  # CR or DR
    plus: bool = False  # 65+


@lru_cache(maxsize=cells.REMEMBERED)
def shape(text: str) -> NumberShape | None:
    """None where the text is no number, however it were written."""
    text = notation.plain(text)
    if notation.SIMPLE.fullmatch(text):
        return NumberShape((text.lstrip("+-"),))
    if not _HAS_NUMBER.search(text):
        return None
    counted = notation.without_ordinal(text)
    if counted != text:
        inner = shape(counted)
        return inner and replace(inner, forms=inner.forms | {notation.ORDINAL})
    forms: set[str] = set()
    bare = _single(text, forms)
    if bare:
        return bare
    for form, strip in _STRIPPED:
        stripped = strip(text)
        if stripped != text and any(c.isdigit() for c in stripped):
            plus = form == notation.BOUND and "+" in text
            inner = shape(stripped)
            if inner is None:
                return None
            return NumberShape(
                inner.cores, inner.words, inner.forms | {form}, inner.unit, inner.sign, plus or inner.plus
            )
    if notation.clock(text) is not None:
        return NumberShape((), (), frozenset({notation.CLOCK}))
    added = notation.pairs(text.lstrip("+-"))
    if added and len(added) > 1 and _one_dimension([word for _, word in added]):
        return NumberShape(tuple(core for core, _ in added), tuple(w for _, w in added), frozenset({notation.COMPOUND}))
    return _range(text)


_STRIPPED = (
    (notation.FOOTNOTE, notation.without_mark),
    (notation.MARGIN, notation.without_margin),
    (notation.ABOUT, notation.without_about),
    (notation.BOUND, notation.without_bound),
)


def _single(text: str, forms: set[str]) -> NumberShape | None:
    """The shape of one number with, perhaps, a unit."""
    found = notation.amount(text)
    if found is None or (len(found.core) > 1 and "," == found.core[-1]):
        return None
    if found.minus_behind:
        forms = forms | {notation.MINUS_BEHIND}
    after = found.after
    sign = ""
    if after:
        word = units.key(after)
        sign = next((mark for pair in _SIGNS for mark in pair if word == mark.casefold()), "")
    if sign not in ("CR", "DR") and after != sign:
        sign = ""
    before_words = notation.affix_words(found.before) if found.before else ()
    if not all(units.is_currency(word) or _multiplies_money(word) for word in before_words):
        return None
    after_words = notation.affix_words(after) if after else ()
    if not all(_may_be_unit(word) for word in after_words):
        return None
    unit = f"{found.before} {after}".strip()
    return NumberShape((found.core,), (*before_words, *after_words), frozenset(forms), unit, sign)


def _multiplies_money(word: str) -> bool:
    return any(units.is_currency(part) for part in units.split_currency(word))


def _may_be_unit(word: str) -> bool:
    if word.startswith("(") and word.endswith(")"):
        return len(word) > 4 and not any(c.isdigit() for c in word)  # a remark; (a) is the mark of a footnote
    if units.is_currency(word) or units.readings(word):
        return True
    if _OUT_OF.fullmatch(word):
        return True  # 4.1/5
    money, _, per = word.partition("/")
    if units.is_currency(money) and per.isalpha():
        return True  # €/h
    if len(word) > 12 or _FOREIGN.search(word) or any(c in _NEVER for c in word):
        return False
    if _HYPHENED.fullmatch(word):
        return True  # 5-star
    return word[0].isalpha() or word[0] in "%‰°★☆⭐" or (word[0] == "/" and word[1:].isalpha())


def _one_dimension(words: Iterable[str]) -> bool:
    return bool(_dimensions(words)) and len({units.key(w) for w in words}) > 1


def _dimensions(words: Iterable[str]) -> set[str]:
    found = [{dimension for dimension, _, _ in units.readings(word)} for word in words]
    return set.intersection(*found) if found else set()


def _range(text: str) -> NumberShape | None:
    ends = notation.range_ends(text)
    if not ends:
        return None
    low, high = (_single(end, set()) for end in ends)
    if not low or not high or low.forms or high.forms:
        return None
    return NumberShape(
        (*low.cores, *high.cores), tuple(dict.fromkeys((*low.words, *high.words))), frozenset({notation.RANGE})
    )


# ---- the decimal mark ---------------------------------------------------------------------------------------


@dataclass
class Marks:
    """What the cells of a column say about the decimal mark: `sure` of each mark; `doubtful` cells such as 1,234; whole
    numbers without a mark below and above 1,000. Each distinct text counts once."""

    sure: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    grouped: Counter[str] = field(default_factory=Counter)
    below: int = 0
    above: int = 0

    def decimal(self) -> str:
        """The mark that the column's own cells show, "" where they do not."""
        if not self.sure:
            return ""
        return max(".,", key=lambda mark: self.sure[mark])

    def looks_grouped(self, mark: str) -> bool:
        """Whole numbers to 999 beside 1.234, and none of four digits: the mark parts thousands."""
        return self.doubtful[mark] >= 10 and self.below > 0 and self.above == 0


def marks(shapes: Iterable[NumberShape | None]) -> Marks:
    found = Marks()
    for one in shapes:
        for core in one.cores if one else ():
            _count_mark(core, found)
    return found


_PLAIN = re.compile(r"[-+]?(?:(\d+)|(\d*)\.(\d+))")


def marks_of_plain(texts: Iterable[str]) -> Marks:
    """As `marks`, of texts that are digits, a sign and a point."""
    below = above = points = doubtful = 0
    found = Marks()
    for text in texts:
        parts = _PLAIN.fullmatch(text)
        if parts is None:
            _count_mark(text.lstrip("+-"), found)
            continue
        whole, before, decimals = parts.groups()
        if whole is not None:
            above += len(whole) > 3
            below += len(whole) <= 3
        elif len(decimals) == 3 and 0 < len(before) < 4 and before[0] != "0":
            doubtful += 1
        else:
            points += 1
    found.below += below
    found.above += above
    if points:
        found.sure["."] += points
    if doubtful:
        found.doubtful["."] += doubtful
    return found


def _count_mark(core: str, found: Marks) -> None:
    core, power, _ = core.replace("E", "e").partition("e")
    within = [c for c in core if c in _OTHER]
    if power and len(within) == 1:
        found.sure[within[0]] += 1  # 1.234e+01: before a power of ten no mark parts thousands
        return
    if core.isdigit():
        found.above += len(core) > 3
        found.below += len(core) <= 3
        return
    if _ONE_POINT.fullmatch(core):  # nearly all
        whole, _, decimals = core.partition(".")
        doubtful = len(decimals) == 3 and 0 < len(whole) < 4 and whole[0] != "0"
        (found.doubtful if doubtful else found.sure)["."] += 1
        return
    tail = re.split(r"[ ']", core)[-1]
    if tail != core:
        # 1'234.5: after other thousands, a mark is the decimal one
        for mark in ".,":
            found.sure[mark] += mark in tail
        return
    for mark in ".,":
        if _BOTH[mark].fullmatch(core):
            found.sure[mark] += 1
            found.grouped[_OTHER[mark]] += 1
        elif _SURE[mark].fullmatch(core):
            found.sure[mark] += 1
        elif _DOUBTFUL[mark].fullmatch(core):
            found.doubtful[mark] += 1


def decimal_of_file(columns: Iterable[Marks], delimiter: str) -> tuple[str, bool]:
    """(decimal mark, whether columns showed it): by the columns where it is beyond doubt, else by the delimiter."""
    votes = Counter(found.decimal() for found in columns)
    del votes[""]
    if votes["."] != votes[","]:
        return max(".,", key=lambda mark: votes[mark]), True
    if delimiter == ";":
        return ",", False
    return ".", bool(votes)


# ---- a column -----------------------------------------------------------------------------------------------


Met = tuple[str, NumberShape, int]  # a text, taken apart, and the cells that hold it
Table = dict[str, float | tuple[float, float]]  # {unit: scale, or scale and shift}


@dataclass(frozen=True)
class NumberForms:
    """A notation, and what a reader of the notes should know of it."""

    notation: Notation
    remarks: tuple[str, ...] = ()


def recognise(
    name: str,
    texts: Sequence[str],
    shapes: Sequence[NumberShape | None],
    counts: np.ndarray,
    found: Marks,
    file_decimal: str,
    sure: bool = True,
    forced: bool = False,
) -> NumberForms | None:
    """The notation under which most cells are numbers; None where they are none. `counts`: cells that hold each text.

    `found`: what the shapes say about the decimal mark; `sure`: whether the file's is beyond doubt. `forced`: the user says that
    it is a number, so that bands and levels are read as well.
    """
    good = [(t, s, int(c)) for t, s, c in zip(texts, shapes, counts, strict=True) if s]
    if not good:
        return None
    cores = (core for _, one, _ in good for core in one.cores)
    decimal, group, remarks = _decimal_and_group(name, found, file_decimal, sure, cores)
    if not any(s.words or s.forms or s.sign for _, s, _ in good):
        return NumberForms(Notation(decimal, group), tuple(remarks))
    forms = _forms(good, decimal, group, forced)
    if forms is None:
        return None
    signs = _signs_of(good)
    unit, table = _units_of(good, forms, bool(signs))
    if unit == "%" and not table and _shares_beside(good, decimal, group):
        table = {"%": 1.0, "": 100.0}
    if notation.COMPOUND in forms and _are_minutes(good):
        unit, table = "s", {"'": 60.0, '"': 1.0}
    if notation.COMPOUND in forms and _are_metres(good):
        unit, table = "m", {"m": 1.0, "s": 0.01, "": 1.0}
    bare = not unit and not table
    if bare and notation.CLOCK in forms:
        unit = "min"
    made = Notation(decimal, group, bare, unit, table, signs, {}, frozenset(forms))
    return NumberForms(made, tuple(remarks) + tuple(_remarks(good, made)))


def recognise_plain(name: str, texts: Sequence[str], found: Marks, file_decimal: str, sure: bool = True) -> NumberForms:
    """As `recognise`, of texts that are digits, a sign and a point."""
    cores = (text.lstrip("+-") for text in texts)
    decimal, group, remarks = _decimal_and_group(name, found, file_decimal, sure, cores)
    return NumberForms(Notation(decimal, group), tuple(remarks))


def _are_minutes(good: list[Met]) -> bool:
    """Whether 5'42" are minutes and seconds: of feet and inches none has twelve inches or more."""
    marked = [s.cores for _, s, _ in good if set(s.words) == {"'", '"'} and len(s.cores) == 2]
    return any(cores[1].isdigit() and 12 <= int(cores[1]) < 60 for cores in marked)


def _are_metres(good: list[Met]) -> bool:
    """Whether 1m68 is a height: minutes have no more than 59 seconds."""
    marked = [s.cores for _, s, _ in good if set(s.words) == {"m", "s"} and len(s.cores) == 2]
    beyond = sum(cores[1].isdigit() and 60 <= int(cores[1]) < 100 for cores in marked)
    return beyond > 0.1 * len(marked)  # of heights and jumps about every other one; a lap of 1m68 is a slip


def _shares_beside(good: list[Met], decimal: str, group: str) -> bool:
    """Whether the cells without a % are shares of one, 0.45 beside 45%: none beyond 1, and those with it mostly are."""
    percents: list[float] = []
    shares: list[float] = []
    for text, one, count in good:
        value = notation.number(notation.plain(text).strip("% ").replace(decimal, "."))
        if not one.words:
            value = notation.digits(notation.plain(text), decimal, group) or 0.0
        (percents if one.words else shares).extend([abs(value)] * min(count, 20))
    if len(shares) < 5 or len(percents) < 5 or max(shares) > 1 or not any(0 < v < 1 for v in shares):
        return False
    return bool(np.median(percents) > 1)


def _decimal_and_group(
    name: str, found: Marks, file_decimal: str, sure: bool, cores: Iterable[str]
) -> tuple[str, str, list[str]]:
    own = found.decimal()
    decimal = own or file_decimal
    remarks = []
    if not own and any(found.doubtful.values()):
        doubtful = max(".,", key=lambda mark: found.doubtful[mark])
        if not sure:
            decimal = _alone(found, doubtful, file_decimal)
            remarks.append(_doubt(name, cores, doubtful, decimal))
    if own and found.doubtful[own] and (odd := _padded(cores, own)):
        remarks.append(
            f"{odd[0]} is read as {float(odd[0].replace(own, '.')):g}, with three decimals, where others have fewer, such as {odd[1]}; if it is "
            f"{odd[0].replace(own, '')}, write all numbers in one way"
        )
    other = _OTHER[decimal]
    grouped = found.grouped[other] + found.doubtful[other]
    # in a column of decimal points, 1,5 is one as well; so is 1,234 there, unless it is met beside 12,345,678
    return decimal, other if grouped else "", remarks


def _padded(cores: Iterable[str], mark: str) -> tuple[str, str] | None:
    """(70.000, 70.5): a number that ends in 0 behind three decimals beside one with fewer, as no program writes both; the first
    may be thousands."""
    three = fewer = ""
    for core in cores:
        decimals = core.partition(mark)[2]
        if len(decimals) == 3 and decimals[-1] == "0" and _DOUBTFUL[mark].fullmatch(core):
            three = three or core
        elif len(decimals) in (1, 2) and decimals.isdigit():
            fewer = fewer or core
        if three and fewer:
            return three, fewer
    return None


def _alone(found: Marks, doubtful: str, file_decimal: str) -> str:
    """The decimal mark of a column such as 1.234 in a file that does not show it."""
    if found.looks_grouped(doubtful):
        return _OTHER[doubtful]
    if found.above:
        return doubtful
    return file_decimal


def _doubt(name: str, cores: Iterable[str], doubtful: str, decimal: str) -> str:
    example = next(c for c in cores if _DOUBTFUL[doubtful].fullmatch(c))
    whole = example.replace(doubtful, "")
    broken = example.replace(doubtful, ".")
    taken, other = (broken, whole) if decimal == doubtful else (whole, broken)
    keys = '{decimalChar: ",", groupChar: "."}' if _OTHER[decimal] == "," else '{decimalChar: ".", groupChar: ","}'
    return f"{DOUBT}: {example} is read as {taken}; if it is {other}, set columns: {{{written(name)}: {keys}}}"


def _forms(good: list[Met], decimal: str, group: str, forced: bool) -> set[str] | None:
    """The forms that the column uses; None where these say that it holds levels, codes or phone numbers."""
    counts: Counter[str] = Counter()
    for _, one, count in good:
        counts.update(dict.fromkeys(one.forms, count))
    forms = set(counts)
    if notation.FOOTNOTE in forms and _are_second_numbers(good):
        return None
    if notation.RANGE in forms and not _are_ranges(good, counts, decimal, group, forced):
        return None
    cores = {c for _, s, _ in good for c in s.cores}
    short = len(cores) <= FEW and all(c.isdigit() and len(c) < 3 for c in cores)
    if notation.MINUS_BEHIND in forms and short and not forced:
        return None  # school grades: 2-, 2, 2+
    bounded = counts[notation.BOUND] / sum(count for _, _, count in good)
    if 0 < bounded < 0.9 and len(cores) <= 4 and not forced:
        return None  # <30, 45 and >60 are levels
    plus = sum(count for _, s, count in good if s.plus)
    if 0 < plus <= 0.5 * sum(count for _, _, count in good) and len(cores) <= FEW and not forced:
        return None  # 0, 1, 2, 3+
    return forms


def _are_second_numbers(good: list[Met]) -> bool:
    """34 (12), 8 (3): what looks like the numbers of footnotes stands behind every cell, and differs."""
    marks = [
        text.strip()[len(notation.without_mark(notation.plain(text))) :]
        for text, s, _ in good
        if notation.FOOTNOTE in s.forms
    ]
    numbered = {mark for mark in marks if any(c.isdigit() for c in mark)}
    return len(marks) > 0.9 * len(good) and len(numbered) > 9


def _are_ranges(good: list[Met], counts: Counter[str], decimal: str, group: str, forced: bool) -> bool:
    """Ranges, rather than bands (20-29), scores (3-1), phone numbers or codes: many, and the higher end goes with the
    lower one."""
    ranges = [s.cores for _, s, _ in good if notation.RANGE in s.forms]
    measured = sum(bool(s.words) for _, s, _ in good if notation.RANGE in s.forms) > 0.9 * len(ranges)
    total = sum(count for _, _, count in good)
    if not forced and (len(ranges) < MANY_RANGES or counts[notation.RANGE] < 0.02 * total):
        return False
    if any(len(core) > 1 and core[0] == "0" and core.isdigit() for ends in ranges for core in ends):
        return False  # 555-0123
    if forced:
        return True
    ends = np.array([[notation.digits(c, decimal, group) or 0.0 for c in cores] for cores in ranges if len(cores) == 2])
    if len(ends) < 3 or np.mean(ends[:, 0] <= ends[:, 1]) < 0.98:
        return False
    if measured:
        return True  # with a unit it is no phone number
    if np.ptp(ends[:, 0]) == 0 or np.ptp(ends[:, 1]) == 0:
        return False
    low, high = (np.argsort(np.argsort(end)) for end in ends.T)
    return bool(np.corrcoef(low, high)[0, 1] > 0.4)


def _signs_of(good: list[Met]) -> dict[str, int]:
    """{CR: 1, DR: -1} where both stand behind numbers."""
    met = {s.sign for _, s, _ in good if s.sign}
    everywhere = all(s.sign for _, s, _ in good)
    for plus, minus in _SIGNS:
        booked = minus == "DR" or plus in met or everywhere  # 16S among bare numbers, or H, is no 16 degrees south
        if minus in met and met <= {plus, minus} and booked:
            return {plus: 1, minus: -1}
    return {}


# ---- units ---------------------------------------------------------------------------------------------------


def _units_of(good: list[Met], forms: set[str], signed: bool) -> tuple[str, Table]:
    """(unit of the values, {word: scale}); an empty table where all is one unit."""
    words: Counter[str] = Counter()
    affixes: Counter[str] = Counter()
    bare = 0
    for _, one, count in good:
        beside = one.words[:-1] if signed and one.sign else one.words
        words.update(dict.fromkeys(beside, count))
        if beside:
            affixes[one.unit] += count
        else:
            bare += count
    if not words:
        return "", {}
    if set(words) <= _ROOMS and all(core.isdigit() and len(core) < 5 for _, one, _ in good for core in one.cores):
        return "", {}  # RM 101, RP38: rooms and stations; sums have cents or thousands
    if len([w for w in words if _OUT_OF.fullmatch(w)]) > 1:
        return "", {}  # 2/2, 1/2, 1/1: pairs of genes, fractions; points are all out of one number
    money = _money(words) + _things(words, sum(affixes.values()))
    rest = Counter({w: c for w, c in words.items() if not units.is_currency(w) and w not in money})
    apart = all(" " in notation.plain(text) for text, one, _ in good if one.words)
    table, base = _table(rest, bool(money), bare, notation.COMPOUND in forms, apart)
    if base is None:
        return "", {}
    table |= dict.fromkeys(money, 1.0)
    label = base or (max(money, key=lambda w: words[w]) if money else "")
    if not label and len(rest) == 1 and set(table.values()) == {1.0}:
        label = next(iter(rest))
    if label and not units.readings(label) and not units.is_currency(label) and bare > 9 * sum(affixes.values()):
        return "", table  # 178c among bare numbers: a slip, and no unit of theirs
    plain = [w for w in table if w and table[w] != 1.0]
    if len({units.key(w).removesuffix("s") for w in table if w}) == 1 and not plain:
        return _singular(label), {}
    if not plain and len(affixes) and affixes.most_common(1)[0][1] >= ALIKE * sum(affixes.values()):
        usual = affixes.most_common(1)[0][0]
        if usual and not any(w not in usual for w in table if w):
            return _singular(usual), {}
    return _singular(label), table


def _singular(word: str) -> str:
    return word.rstrip(".").removesuffix("s") if len(word) > 2 else word.rstrip(".")


def _money(words: Counter[str]) -> list[str]:
    """The spellings of one currency: the usual one of the column."""
    by_currency: dict[str, Counter[str]] = {}
    for word, count in words.items():
        if units.is_currency(word):
            code = units.key(word)
            by_currency.setdefault(_SAME_CURRENCY.get(code, code), Counter())[word] += count
    if not by_currency:
        return []
    usual = max(by_currency.values(), key=lambda spelled: sum(spelled.values()))
    return list(usual)


def _things(words: Counter[str], cells: int) -> list[str]:
    """The spellings of what is counted in (nearly) all cells, in some of them by the thousand: 1.2k reviews, 45 reviews."""
    multiplied = any(units.is_multiplier(word) for word in words)
    strange = [w for w in words if not units.readings(w) and not units.is_currency(w) and w[0].isalpha()]
    if not multiplied or not strange:
        return []
    usual = units.key(max(strange, key=lambda w: words[w])).removesuffix("s")
    spelled = [w for w in strange if units.key(w).removesuffix("s") == usual]
    return spelled if sum(words[w] for w in spelled) >= ALIKE * cells else []


def _table(words: Counter[str], money: bool, bare: int, added: bool, apart: bool) -> tuple[Table, str | None]:
    """({word: scale}, the unit that scale 1 is) of the words that are no currency; "" as a word is a bare number. `apart`: a blank
    stands before each word, as before a flag: 2s and 2p, 1080i and 1080p, 10n and 4u are levels and units."""
    total = sum(words.values())
    if not total:
        return {"": 1.0}, ""
    several = apart and len(words) > 1 and bare > 0.2 * total
    if set(words) <= _FLAGS and (bare > 1.5 * total or several) and not money:
        flags: Table = dict.fromkeys(["", *words], 1.0)
        return flags, ""
    usual = max(words, key=lambda w: words[w])
    remarks = [w for w in words if w.startswith("(")]
    known = Counter({w: c for w, c in words.items() if units.readings(w)})
    if sum(known.values()) < ALIKE * (total - sum(words[w] for w in remarks)):
        spelled = [w for w in words if units.key(w).removesuffix("s") == units.key(usual).removesuffix("s")]
        if sum(words[w] for w in spelled) >= ALIKE * total:
            alike: Table = dict.fromkeys(["", *spelled, *remarks], 1.0)
            return alike, usual
        return {}, None
    if not known:
        unmeasured: Table = dict.fromkeys(["", *remarks], 1.0)
        return unmeasured, ""
    chosen = _dimension(known, money, bare)
    if chosen is None:
        return {}, None
    scales: dict[str, tuple[float, float]] = {}
    for word in known:
        for dimension, scale, shift in units.readings(word):
            if dimension == chosen:
                scales[word] = scale, shift
    if chosen == "time":
        scales = _with_months(scales)
    base, table = _relative(scales, known, chosen, added)
    table |= dict.fromkeys(remarks, 1.0)
    if len(set(scales.values())) == 1 or chosen in (units.MULTIPLIER, "cents"):
        table[""] = 1.0
    return table, base


def _with_months(scales: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """The m of 5y 10m is a month."""
    hours = any(units.key(word) != "m" and scale <= 60 for word, (scale, _) in scales.items())
    years = any(scale > 500_000 for scale, _ in scales.values())
    if hours or not years:
        return scales
    month = next(scale for dimension, scale, _ in units.readings("month") if dimension == "time")
    return {word: ((month, 0.0) if units.key(word) == "m" else pair) for word, pair in scales.items()}


def _relative(
    scales: dict[str, tuple[float, float]], known: Counter[str], dimension: str, added: bool
) -> tuple[str, Table]:
    """(unit, {word: scale to it}): multipliers multiply; of units, the most frequent one is what the values are in."""
    if dimension in (units.MULTIPLIER, "cents"):
        return "", {word: scale for word, (scale, _) in scales.items()}
    # what is added up has whole numbers of the smallest one
    base = min(scales, key=lambda w: (scales[w][0], -known[w])) if added else max(scales, key=lambda w: known[w])
    to_scale, to_shift = scales[base]
    table: Table = {}
    for word, (scale, shift) in scales.items():
        relative, moved = notation.tidy(scale / to_scale), notation.tidy((shift - to_shift) / to_scale)
        table[word] = (relative, moved) if moved else relative
    return base, table


def _dimension(known: Counter[str], money: bool, bare: int) -> str | None:
    """What the words measure: the one dimension that has (nearly) all of them."""
    support: Counter[str] = Counter()
    for word, count in known.items():
        for dimension in {dimension for dimension, _, _ in units.readings(word)}:
            support[dimension] += count
    most = max(support.values())
    if most < ALIKE * sum(known.values()):
        return None
    able = [d for d in support if support[d] == most]
    if money:
        for preferred in (units.MULTIPLIER, "cents"):
            if preferred in able:
                return preferred
    if units.MULTIPLIER in able and len(able) > 1:
        upper = any(word in ("M", "B", "G", "T") for word in known)
        if upper and bare:
            return units.MULTIPLIER
        able.remove(units.MULTIPLIER)
    return sorted(able, key=lambda d: (d == "cents", d))[0]


# ---- what is said ----------------------------------------------------------------------------------------------


def _remarks(good: list[Met], made: Notation) -> Iterable[str]:
    """What was done beyond reading digits, each with its number of cells and an example."""
    for form, said in (
        (notation.RANGE, "are ranges and are read as their middle"),
        (notation.BOUND, "are bounds (<, > or +) and are read as the bound"),
        (notation.FOOTNOTE, "have a mark of a footnote behind them, which is dropped"),
        (notation.MARGIN, "have a margin (±), which is dropped"),
        (notation.ABOUT, "are approximate and are read as the number"),
        (notation.ORDINAL, "are ordinals and are read as the number"),
    ):
        met = [(text, count) for text, one, count in good if form in one.forms]
        if form in made.forms and met:
            yield f"{sum(c for _, c in met)} of its cells, such as {met[0][0].strip()}, {said}"
    if {_pair_of(v) for w, v in made.units.items() if w} - {(1.0, 0.0)}:
        listed = ", ".join(
            f"{w} × {_say(value)}" for w, value in made.units.items() if w and _pair_of(value) != (1.0, 0.0)
        )
        yield f"its units are brought to {made.unit or 'one'} ({listed})"
    odd = [
        (t, c)
        for t, s, c in good
        if s.words and all(not units.readings(w) and not units.is_currency(w) for w in s.words)
    ]
    if not made.unit and odd and set(made.units.values()) == {1.0}:
        yield f"{sum(c for _, c in odd)} of its cells, such as {odd[0][0].strip()}, have a word or letter beside the number, which is dropped"
    bare = sum(c for t, s, c in good if not s.words and not s.forms and re.search("[1-9]", t))
    measured = made.unit not in ("", "%") and not units.is_currency(made.unit)
    total = sum(c for *_, c in good)
    if measured and made.bare_scale == (1.0, 0.0) and 0.02 * total < bare < 0.9 * total:
        yield f"{bare} of its cells have no {made.unit} beside the number, and are read as if they had"
    if made.units.get("") == 100.0:
        yield "its cells without a % are shares of one and are read as percent (0.45 as 45)"
    if made.signs:
        yield f"{' and '.join(made.signs)} behind a number are its sign"
    if made.forms & {notation.CLOCK, notation.SHORT_CLOCK}:
        yield "durations are read in minutes"


def _pair_of(value: float | tuple[float, float]) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, tuple) else (value, 0.0)


def _say(value: float | tuple[float, float]) -> str:
    scale, shift = _pair_of(value)
    text = f"{scale:,.0f}" if scale == int(scale) else f"{scale:.6g}"
    return text + (f" {shift:+.6g}" if shift else "")
