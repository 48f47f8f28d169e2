"""The one reader of numbers: how a column writes its numbers, and what each of its cells is then worth.

A `Notation` is found once (lifecycle.table.recognise), stands in the column's field of the contract, and alone decides
how define, clean, score and the service read a cell. A form that the column was not seen to use is not understood.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.table import cells, units

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lifecycle.table.contract import Field

# forms beyond digits, sign, marks and unit; the contract lists those that the column uses
ABOUT = "about"  # ca. 12, ~12: the number
BOUND = "bound"  # <0.10, >50, 65+: the bound
CLOCK = "clock"  # 1:05:30, 2 days 03:04:05, PT2H: minutes
SHORT_CLOCK = "minutes and seconds"  # 45:30: minutes
COMPOUND = "compound"  # 2h 50m, 5'7": several units of one dimension, added up
FOOTNOTE = "footnote"  # 1,234*, 12[3]: the mark is dropped
MARGIN = "margin"  # 12.5 ± 0.3: the number
MINUS_BEHIND = "minus behind"  # 12.50-
ORDINAL = "ordinal"  # 1st, 2nd, 3ème: the number
RANGE = "range"  # 62k-95k: the middle
FORMS = (ABOUT, BOUND, CLOCK, SHORT_CLOCK, COMPOUND, FOOTNOTE, MARGIN, MINUS_BEHIND, ORDINAL, RANGE)

_PLAIN = {" ": "\u00a0\u202f\u2009\u2007\u2008\u200a\u2002\u2003\u3000\t", "-": "\u2212\u2010\u2011\u2012\u2013\u2014\uff0d",
          "'": "\u2019\u2018\u02bc\u2032\u00b4`\uff07", '"': "\u201d\u201c\u2033", ",": "\uff0c\u066c", ".": "\uff0e\u066b"}  # fmt: skip
_TRANSLATE = {ord(odd): plain for plain, odds in _PLAIN.items() for odd in odds}
_TRANSLATE |= dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\u2060"), "")
# East Asian units in one character, and marks of full width
_WIDE = dict(
    zip(
        "㎡㎢㎥㎜㎝㎞㎎㎏㏄ℓ￥＄￡％（）：／～＋",
        "m² km² m³ mm cm km mg kg cc l ¥ $ £ % ( ) : / ~ +".split(),
        strict=True,
    )
)
_TRANSLATE |= {ord(c): plain for c, plain in _WIDE.items()}

SIMPLE = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# the same for Arrow's kernel, which knows ASCII alone; what it does not take goes to `read`
SIMPLE_CELL = r"^[ \t]*-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[ \t]*$"
_INFINITE = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,2}(?:,\d{2})*,\d{3}(?:\.\d*)?"),  # the second: lakh and crore
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d*)?"),
}
_SPACED = re.compile(r"\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?")
_DOUBTFUL = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # thousands, or three decimals
CORE = r"(?:\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?|\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?"
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125, "⅜": 0.375, "⅝": 0.625, "⅞": 0.875}
# 3/8 of a unit, as an inch, a pound and a cup are parted; 5/6, 3/12 and 2/2 are dates, houses, counts out of a number
_PARTED = r'(?:1/2|[12]/3|[13]/4|[1357]/8|(?:[13579]|1[135])/16)(?="| ?[^\W\d])'
_AMOUNT = re.compile(
    rf"(?P<before>[^\d½¼¾⅓⅔⅛⅜⅝⅞]*?)(?P<core>(?!{_PARTED}){CORE}| ?(?=[½¼¾⅓⅔⅛⅜⅝⅞])|(?={_PARTED}))(?P<part> ?[½¼¾⅓⅔⅛⅜⅝⅞]| [1-9]/[1-9]\d?(?!\d)|{_PARTED})?(?P<after>\D.*)?"
)
_PAIR = re.compile(rf"\s*({CORE})\s*([^\d\s,;][^\d,;]*?)?\s*(?:[,;]|\band\b|\bund\b|\bet\b|\by\b)?\s*(?=\d|$)")
_MARK = re.compile(r"(?<=[\w%)$€£.])\s*(?:[*†‡§¶]+|\[\w{1,3}\]|\((?:[a-z]|[ivx]{1,4}|\d{1,2})\)|[¹²³⁴⁵⁶⁷⁸⁹⁰]+)$")
_MARGIN = re.compile(r"(?<=[\w%)]) ?(?:±|\+/-|\+-) ?\d[\d.,]*%?$")
_ABOUT = re.compile(
    r"(?:~|≈|ca\.?|circa|approx\.?|approximately|about|around|rund|etwa|environ|env\.|unos|около)\s*(?=[\d.,$€£])", re.I
)
_BEFORE = r"<=|>=|=<|=>|<|>|≤|≥|≦|≧|⩽|⩾"
_BEFORE_WORDS = (
    r"under|below|over|above|from|desde|à partir de|a partir de|a partire da|vanaf|från|less than|more than|up to|at least|at most|min\.?|max\.?|unter|über|weniger als|mehr als|bis zu|bis|ab|"
    r"mindestens|höchstens|mind\.|moins de|plus de|menos de|más de|mais de|meno di|più di|до|от|более|менее"
)
_BEHIND = (
    r"\+|or more|or less|or over|and over|and above|and under|and more|plus|und mehr|oder mehr|und älter|et plus|ou plus|y más|o más|"
    r"ou mais|e mais|e più|o più"
)
_BOUND_BEFORE = re.compile(rf"(?:(?:{_BEFORE})\s*|(?:{_BEFORE_WORDS})\s+)(?=\D{{0,4}}\d)", re.I)
_BOUND_BEHIND = re.compile(rf"(?<=[\w%'\")$€£])\s*(?:{_BEHIND})$", re.I)
_BOUND_INSIDE = re.compile(r"(?<=\d)\+(?= ?[^\W\d]+\.?$)")  # 10+ years
_RANGE = re.compile(
    r"(?P<low>\D{0,4}?\d[^-–]*?)\s*(?:-|\bto\b|\bbis\b|\.\.+|…|~|〜|\bà\b|\ba\b|\bhasta\b|\baté\b|\bdo\b)\s*(?P<high>\D{0,4}?\d.*)"
)
_CLOCK = re.compile(
    r"(?:(?P<days>\d+)(?:\.| ?d(?:ays?)?,? ?| ?Tage?,? ?))?(?P<h>\d{1,4}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d(?:[.,]\d+)?)|(?P<f>[.,]\d+))?(?: ?h)?"
)
_ISO_SPAN = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.I
)
_CODE_OF_SPAN = re.compile(r"P(?!0*(?:\d|[1-9]\d)[YW]$|0*(?:\d|[1-5]\d)M$)\d+[YMW]", re.I)  # P392M is a model's
_SPAN_PARTS = (525949.2, 43829.1, 10080.0, 1440.0, 60.0, 1.0)  # minutes of each but seconds


def plain(text: str) -> str:
    """Typographic blanks, minus signs, apostrophes, quotes and marks as those of a keyboard; no outer blanks and quotes; `12,-` as
    12 and `3x10^4` as 3e4."""
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _RAISED.sub(lambda found: "e" + found[1].translate(_LOWERED), text).translate(_TRANSLATE)
    text = text.strip()
    if len(text) > 2 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    if ",-" in text or ".-" in text or ":-" in text or "/-" in text:
        text = _NO_CENTS.sub("", text)
    if " " in text and text[0].isdigit():
        text = _OUT_OF.sub(r"/\1", text)
    if "°" in text:
        text = _COMPASS.sub(" ", _DEGREES.sub(_in_degrees, text))
    if "10^" in text:
        text = _POWER.sub("e", text)
    if "D" in text:
        text = _FORTRAN.sub(r"\1e\2", text)
    return text


_NO_CENTS = re.compile(r"(?<=\d)[.,:/]-{1,2}(?!\d)")  # 12,- and 1.250,-- and 99:- and Rs. 500/-
_OUT_OF = re.compile(r"(?<=\d) (?:out of|of|von|sur|de|di|van|af|av|из) (\d+)(?: stars?)?$")
_COMPASS = re.compile(r"(?<=\d) ?° ?(?=[NSEWO]$)")  # 48.2° N
_DEGREES = re.compile(r"^(\d{1,3}) ?° ?([0-5]?\d(?:\.\d+)?) ?'(?: ?([0-5]?\d(?:\.\d+)?) ?(?:\"|''))? ?([NSEWO]?)$")


def _in_degrees(match: re.Match[str]) -> str:
    """12°30'N as 12.5 N."""
    degrees, minutes, seconds, side = match.groups()
    value = int(degrees) + float(minutes) / 60 + float(seconds or 0) / 3600
    return f"{value:.9g} {side}".strip()


_RAISED = re.compile(r"(?<=[\d.]) ?[x×*·] ?10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})(?![⁰¹²³⁴⁵⁶⁷⁸⁹])")  # 3×10⁴
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_FORTRAN = re.compile(r"^([-+]?\d*\.\d+)D([-+]\d{2,3})$")  # 1.5D+03, double precision
_POWER = re.compile(r"(?<=[\d.]) ?[x×*·] ?10\^(?=[-+]?\d)")


@dataclass(frozen=True)
class Notation:
    """How a column writes numbers.

    `decimal`, `group`: decimalChar and groupChar of the Table Schema. `bare`: bareNumber; where it is False a unit may
    stand beside the number. `unit`: what the values are in. `units`: {word: scale, or (scale, shift)} to bring a cell to
    it. `signs`: {CR: 1, DR: -1}. `words`: {free: 0}. `forms`: of FORMS.
    """

    decimal: str = "."
    group: str = ""
    bare: bool = True
    unit: str = ""
    units: Mapping[str, float | tuple[float, float]] = field(default_factory=dict)
    signs: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()

    @cached_property
    def bare_scale(self) -> tuple[float, float] | None:
        """(scale, shift) of a cell without a unit; None where units differ and it could be any of them."""
        if not self.units:
            return 1.0, 0.0
        if "" in self.units:
            return _pair(self.units[""])
        return None

    @cached_property
    def is_simple(self) -> bool:
        """Whether a cell of digits and a point is that number, for the kernel that reads whole columns."""
        return self.decimal == "." and self.group != "." and self.bare_scale == (1.0, 0.0)

    @cached_property
    def odd_words(self) -> list[str]:
        """Texts between plain numbers that kernels have met: they only save time, so that no result hangs on them."""
        return []

    @cached_property
    def scales(self) -> dict[str, tuple[float, float]]:
        """{unit as it is looked up: (scale, shift)}, each spelling for itself and, where that is clear, without case."""
        pairs = {w: _pair(v) for w, v in (self.units or {self.unit: 1.0}).items()}
        folded: dict[str, set[tuple[float, float]]] = {}
        for word, pair in pairs.items():
            for form in (units.key(word), units.key(word).removesuffix("s")):
                folded.setdefault(form, set()).add(pair)
        clear = {word: next(iter(found)) for word, found in folded.items() if len(found) == 1}
        return clear | pairs

    def scale(self, word: str) -> tuple[float, float] | None:
        """(scale, shift) of a unit; None where it is none of the column's."""
        folded = units.key(word)
        return self.scales.get(word) or self.scales.get(folded) or self.scales.get(folded.removesuffix("s"))


def _pair(value: Any) -> tuple[float, float]:
    if isinstance(value, list | tuple):
        return float(value[0]), float(value[1])
    return float(value), 0.0


# ---- the contract ------------------------------------------------------------------------------------------


def of_field(column: Field) -> Notation:
    """The notation that a field of the contract holds."""
    more = column.notation
    return Notation(
        column.decimal_char,
        column.group_char,
        column.bare_number,
        column.unit,
        dict(more.get("units", {})),
        dict(more.get("signs", {})),
        dict(more.get("words", {})),
        frozenset(more.get("forms", ())),
    )


def as_keys(n: Notation) -> dict[str, Any]:
    """The keys of a field, those left out that say what is usual."""
    out: dict[str, Any] = {}
    if n.decimal != ".":
        out["decimalChar"] = n.decimal
    if n.group:
        out["groupChar"] = n.group
    if not n.bare:
        out["bareNumber"] = False
    if n.unit:
        out["unit"] = n.unit
    more: dict[str, Any] = {}
    if n.units:
        more["units"] = {word: _scale(*_pair(value)) for word, value in n.units.items()}
    if n.signs:
        more["signs"] = dict(n.signs)
    if n.words:
        more["words"] = {word: _short(value) for word, value in n.words.items()}
    if n.forms:
        more["forms"] = sorted(n.forms)
    if more:
        out["notation"] = more
    return out


def _scale(scale: float, shift: float) -> float | int | list[float | int]:
    if shift:
        return [_short(scale), _short(shift)]
    return _short(scale)


def _short(value: float) -> float | int:
    if value == int(value):
        return int(value)
    return float(value)


# ---- one cell ----------------------------------------------------------------------------------------------


# English ends go with the last digit, so that 11st is a weight
_ORDINAL = re.compile(
    r"(?P<number>\d*(?:1[123]th|(?<!1)(?:1st|2nd|3rd)|[04-9]th)|\d+(?:ers?|[eè]re|re|n?de?s?|i?[eè]mes?|e|ste|:[ae]|\.?[ºª]))(?=$| \D+$)"
)
_ENDING = re.compile(r"\D+$")


def without_ordinal(text: str) -> str:
    """`3rd floor` is `3 floor`."""
    found = _ORDINAL.match(text)
    if not found:
        return text
    return _ENDING.sub("", found["number"]) + text[found.end() :]


_SEASON = re.compile(r"((?:1[89]|20)\d\d) ?[/-] ?((?:1[89]|20)?\d\d)")


def is_season(text: str) -> bool:
    """Whether the text is a year and the next one: `2021/22` and `2021-2022`."""
    found = _SEASON.fullmatch(text)
    return found is not None and str(int(found[1]) + 1).endswith(found[2])


def read(text: str, n: Notation) -> float:
    """One cell as a number, NaN where it is none in this notation."""
    text = plain(text)
    if n.words:
        word = units.key(text)
        if word in n.words:
            return n.words[word]
    value = digits(text, n.decimal, n.group)
    if value is not None:
        return _bare(value, n)
    if ORDINAL in n.forms:
        text = without_ordinal(text)
    if FOOTNOTE in n.forms:
        text = _MARK.sub("", text)
    if MARGIN in n.forms:
        text = without_margin(text)
    if ABOUT in n.forms:
        text = _ABOUT.sub("", text, count=1)
    if BOUND in n.forms:
        text = without_bound(text)
    if CLOCK in n.forms or SHORT_CLOCK in n.forms:
        minutes = clock(text, SHORT_CLOCK in n.forms)
        if minutes is not None:
            return minutes
    if COMPOUND in n.forms:
        total = _added(text, n)
        if total is not None:
            return total
    value = _amount(text, n)
    if np.isnan(value) and RANGE in n.forms:
        ends = range_ends(text)
        if ends:
            return (_amount(ends[0], n) + _amount(ends[1], n)) / 2
    return value


def _bare(value: float, n: Notation) -> float:
    """A number without a unit; where the column has several, only nothing is the same in all of them."""
    if n.bare_scale is None:
        shifted = any(shift for _, shift in n.scales.values())
        return 0.0 if value == 0 and not shifted else np.nan
    scale, shift = n.bare_scale
    return value * scale + shift


def number(text: str, group: str = "") -> float:
    """A text that stands by itself as a number, NaN where it is none."""
    return read(text, Notation(group=group))


def digits(text: str, decimal: str, group: str) -> float | None:
    """A number of digits, sign and marks alone; None where there is anything else, or where the marks are doubtful."""
    if decimal == "." and SIMPLE.fullmatch(text) and not (group == "." and _DOUBTFUL.fullmatch(text.lstrip("+-"))):
        return float(text)
    sign, body = _signed(text)
    value = _unsigned(body, decimal, group)
    if value is None:
        return None
    return sign * value


def _signed(text: str) -> tuple[int, str]:
    """(sign, the rest): of `-5`, `+5` and the bookkeeper's `(5)`."""
    if text.startswith("(") and text.endswith(")"):
        return -1, text[1:-1].strip()
    if text.startswith("-"):
        return -1, text[1:].strip()
    return 1, text.removeprefix("+")


def _unsigned(body: str, decimal: str, group: str) -> float | None:
    if _INFINITE.fullmatch(body):
        return float("inf")
    if not body or not (body[0].isdigit() or body[0] in ".,"):
        return None
    if _SPACED.fullmatch(body):
        body = body.replace(" ", "").replace("'", "")
    elif group in _GROUPED and _GROUPED[group].fullmatch(body):
        body = body.replace(group, "")
    elif "." in body and "," in body:
        # both marks: the last one is the decimal mark, if that is the column's
        other = "," if decimal == "." else "."
        if not _GROUPED[other].fullmatch(body):
            return None
        body = body.replace(other, "")
    elif decimal not in body and _DOUBTFUL.fullmatch(body):
        return None  # 1,234 where a point is the decimal mark and no thousands were met: 1.234 or 1234
    if "," in body:
        if body.count(",") > 1 or "." in body:
            return None
        body = body.replace(",", ".")
    if not SIMPLE.fullmatch(body):
        return None
    return float(body)


@dataclass(frozen=True)
class Amount:
    """A cell taken apart: `- Rs. 500 p.m.` is (-1, "Rs.", "500", "", "p.m.")."""

    sign: int
    before: str
    core: str
    part: str
    after: str
    minus_behind: bool = False


def amount(text: str) -> Amount | None:
    """Sign, the words beside a number, and the number; None where there is no number, or more than one."""
    sign, body = _signed(text)
    match = _AMOUNT.fullmatch(body)
    if not match:
        return None
    before, after = match["before"].strip(), (match["after"] or "").strip()
    if before.startswith("-"):  # (-$5) or - Rs. 500
        sign, before = -sign, before[1:].strip()
    if before.endswith(("-", "+")):  # $-5
        sign = -sign if before.endswith("-") else sign
        before = before[:-1].strip()
    if before.endswith("(") and after.startswith(")"):  # $(5)
        sign, before, after = -sign, before[:-1].strip(), after[1:].strip()
    behind = after.endswith("-")
    if behind:
        sign, after = -sign, after[:-1].strip()
    return Amount(sign, before, match["core"].strip(), (match["part"] or "").strip(), after, behind)


def _amount(text: str, n: Notation) -> float:
    """A number with sign, and the column's units beside it."""
    found = amount(text)
    if found is None or (found.minus_behind and MINUS_BEHIND not in n.forms):
        return np.nan
    sign, after = found.sign, found.after
    if n.signs:
        sign, after = _booked(sign, after, n.signs)
    value = _with_part(found.core, found.part, n)
    scaled = _in_unit(found.before, after, n)
    if value is None or scaled is None:
        return np.nan
    scale, shift = scaled
    if (scale, shift) == (1.0, 0.0):
        return sign * value
    return tidy(sign * value * scale + shift)


def tidy(value: float) -> float:
    """262100.00000000003 is 262100: what multiplying left over at the far end is dropped."""
    near = float(f"{value:.12g}")
    return near if abs(near - value) <= 1e-14 * abs(value) else value


def _booked(sign: int, after: str, signs: Mapping[str, int]) -> tuple[int, str]:
    """A CR or DR behind the number says its sign."""
    word = units.key(after)
    for mark, direction in signs.items():
        if word == units.key(mark):
            return sign * direction, ""
    return sign, after


def _with_part(core: str, part: str | None, n: Notation) -> float | None:
    """`5`, `5½` and `5 1/2` as a number."""
    value = 0.0 if not core and part else digits(core, n.decimal, n.group)
    if value is None or not part:
        return value
    part = part.strip()
    if part in _FRACTIONS:
        return value + _FRACTIONS[part]
    top, bottom = part.split("/")
    return value + int(top) / int(bottom)


def _in_unit(before: str, after: str, n: Notation) -> tuple[float, float] | None:
    """(scale, shift) that bring a number with these words beside it to the column's unit; None where one is foreign."""
    if not before and not after:
        return n.bare_scale
    if n.bare:
        return None
    if not n.unit and not n.units:  # any unit, as the user said
        return None if any(c.isdigit() for c in before + after) else (1.0, 0.0)
    if not n.units and units.key(f"{before} {after}").removesuffix("s") == units.key(n.unit).removesuffix("s"):
        return 1.0, 0.0
    scale, shift = 1.0, 0.0
    for word in filter(None, (before, after)):
        found = _scale_of(word, n)
        if found is None:
            return None
        scale, shift = scale * found[0], shift + found[1]
    return scale, shift


def _scale_of(words: str, n: Notation) -> tuple[float, float] | None:
    scale, shift = 1.0, 0.0
    for word in affix_words(words):
        found = n.scale(word)
        if found is None:
            return None
        scale, shift = scale * found[0], shift + found[1]
    return scale, shift


_REMARK = re.compile(r"^(.*?)\s*(\([^()\d]{3,40}\))$")


@lru_cache(maxsize=1_000)  # the cells of a column have the same few
def affix_words(words: str) -> tuple[str, ...]:
    """The units in what stands beside a number: `K (estimated)` and `Mio. €` are two each."""
    remark = _REMARK.fullmatch(words)
    if not remark:
        return tuple(units.split_currency(words))
    if not remark[1]:
        return (remark[2],)
    return (*units.split_currency(remark[1]), remark[2])


def _added(text: str, n: Notation) -> float | None:
    """`2h 50m`, `5'7"`: the sum, in the column's unit; a last number without a unit is of the next smaller one."""
    sign, body = _signed(text)
    found = pairs(body)
    if not found or len(found) < 2:
        return None
    total = 0.0
    for core, word in found:
        value = digits(core, n.decimal, n.group)
        scale = n.scale(word)
        if value is None or scale is None:
            return None
        total += value * scale[0]
    return sign * tidy(total)


_SMALLER = {"h": "m", "'": '"', "ft": "in", "m": "s", "lb": "oz", "d": "h"}


def pairs(text: str) -> list[tuple[str, str]] | None:
    """[(number, unit)] of a cell that is nothing but these; None where it is anything else."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if not match or match.end() == at:
            return None
        core, word = match[1], (match[2] or "").strip()
        if not word:
            if not found or match.end() != len(text):
                return None
            word = _SMALLER.get(units.key(found[-1][1]), "")
            if not word:
                return None
        found.append((core, word))
        at = match.end()
    return found


def without_bound(text: str) -> str:
    """`<0.10`, `over 50` and `65+` as the bound alone."""
    text = _BOUND_BEFORE.sub("", text, count=1) if _BOUND_BEFORE.match(text) else text
    text = _BOUND_INSIDE.sub("", text)
    return _BOUND_BEHIND.sub("", text)


def without_mark(text: str) -> str:
    """A cell without the footnote mark behind it."""
    return _MARK.sub("", text)


def without_margin(text: str) -> str:
    """A cell without the `± 0.3` behind it."""
    return _MARGIN.sub("", text)


def without_about(text: str) -> str:
    """A cell without `ca.` or `~` before it."""
    return _ABOUT.sub("", text, count=1) if _ABOUT.match(text) else text


def clock(text: str, short: bool = False) -> float | None:
    """Minutes of `1:05:30`, `2 days 03:04:05`, `PT2H50M`; with `short`, 45:30 is of minutes and seconds."""
    sign, body = _signed(text)
    match = _CLOCK.fullmatch(body)
    if match:
        days, hours, minutes = float(match["days"] or 0), float(match["h"]), float(match["m"])
        if match["f"]:  # 2:12.460
            return sign * (hours + (minutes + float(match["f"].replace(",", "."))) / 60)
        if match["s"] is None and short:
            return sign * (hours + minutes / 60)
        seconds = float((match["s"] or "0").replace(",", "."))
        return sign * (days * 1440 + hours * 60 + minutes + seconds / 60)
    span = _ISO_SPAN.fullmatch(body)
    if span and body[-1].upper() in "YMWDHS" and not _CODE_OF_SPAN.fullmatch(body):
        *longer, seconds = (float(number or 0) for number in span.groups())
        minutes = sum(number * each for number, each in zip(longer, _SPAN_PARTS, strict=True))
        return sign * (tidy(minutes) + seconds / 60)
    return None


def range_ends(text: str) -> tuple[str, str] | None:
    """(`62k`, `95k`) of `62k-95k` and of `62-95k`: what stands beside one end alone goes for both."""
    match = _RANGE.fullmatch(text)
    if not match:
        return None
    low, high = match["low"].strip(), match["high"].strip()
    left, right = _AMOUNT.fullmatch(low), _AMOUNT.fullmatch(high)
    if not left or not right:
        return None
    if not (left["after"] or "").strip() and right["after"]:
        low += right["after"]
    if not right["before"].strip() and left["before"].strip():
        high = left["before"].strip() + high
    return low, high


def write(value: float, n: Notation) -> str:
    """A number as a cell of the table it belongs to, so that `read` gives it back."""
    text = str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
    text = text.replace(".", n.decimal)
    return text if n.bare_scale else f"{text} {n.unit}"


# ---- columns -----------------------------------------------------------------------------------------------


KERNEL_FROM = 64  # cells; fewer are read faster one by one


def numbers(values: pd.Series, n: Notation) -> np.ndarray:
    """float64 of each cell, NaN where it is no number: plain ones by Arrow, the others by `read`, each text once."""
    out, taken = by_kernel(values, n)
    rest = ~taken
    if rest.any():
        left = values if rest.all() else values[rest]
        out[rest] = cells.by_unique(left, lambda texts: np.array([read(t, n) for t in texts], dtype=float), np.nan)
    return out


def by_kernel(values: pd.Series, n: Notation) -> tuple[np.ndarray, np.ndarray]:
    """(numbers, mask of the cells that were read) of whole columns; what is left is for `read`, which says the same of the
    cells that are taken here."""
    out = np.full(len(values), np.nan)
    taken = np.zeros(len(values), dtype=bool)
    if len(values) < KERNEL_FROM or not cells.has_arrow():
        return out, taken
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(values.array, pa.large_string())
    # a cast that fails says so of each cell, which costs more than to match all: not where cells have marks or units
    if n.is_simple and n.bare and not n.group:
        found = _cast(texts, n.odd_words)
        if found is not None:
            return found, np.isfinite(found)
    left = np.arange(len(values))
    for pattern, dropped in _cell_patterns(n):
        fits = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
        mask = fits.to_numpy(zero_copy_only=False)
        if not mask.any():
            continue
        part = texts.filter(fits)
        for mark in dropped:
            part = pc.replace_substring(part, mark, "")
        if n.decimal != ".":
            part = pc.replace_substring(part, n.decimal, ".")
        out[left[mask]] = pc.cast(pc.ascii_trim_whitespace(part), pa.float64()).to_numpy()
        taken[left[mask]] = True
        if mask.all():
            break
        texts, left = texts.filter(pc.invert(fits)), left[~mask]
    return out, taken & np.isfinite(out)


def simple_cells(listed: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(numbers, mask of the cells that are digits, a sign and a point)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(listed, pa.large_string())
    fits = pc.fill_null(pc.match_substring_regex(texts, SIMPLE_CELL), False)
    taken = fits.to_numpy(zero_copy_only=False).astype(bool)
    out = np.full(len(taken), np.nan)
    out[taken] = pc.cast(pc.ascii_trim_whitespace(texts.filter(fits)), pa.float64()).to_numpy()
    return out, taken & np.isfinite(out)


WORDS = 6  # different texts between plain numbers, for which these need not be told from others one by one
_NOT_PARSED = re.compile(r"Failed to parse string: '(.*)' as a scalar", re.DOTALL)


def _cast(texts: Any, met: list[str]) -> np.ndarray | None:
    """The numbers of a column of plain ones, NaN for the few texts between them; None where these are many. `met`: such texts of
    the parts before, each of which would cost a cast; it grows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar(None, pa.large_string())
    small = len(texts) <= cells.FEW
    if not small:
        known = pa.array(["", *met], pa.large_string())
        texts = pc.if_else(pc.is_in(texts, known), nothing, texts)
    for _ in range(WORDS):
        try:
            return np.array(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid as error:
            found = _NOT_PARSED.search(str(error))
            if small or not found or len(met) >= WORDS:
                return None  # to look for many odd ones costs more than to match each
            met.append(found[1])
            texts = pc.if_else(pc.equal(texts, found[1]), nothing, texts)
    return None


def _cell_patterns(n: Notation) -> list[tuple[str, list[str]]]:
    """[(a regular expression of cells that are a number in one way alone, what is dropped from these)]."""
    scales = {word: _pair(scale) for word, scale in n.units.items()} or {n.unit: (1.0, 0.0)}
    beside = [word for word, scale in scales.items() if scale == (1.0, 0.0)]
    return list(_patterns(n.decimal, n.group, n.bare, n.is_simple, n.bare_scale == (1.0, 0.0), tuple(beside)))


@lru_cache(maxsize=1_000)
def _patterns(
    decimal: str, group: str, bare: bool, is_simple: bool, alone: bool, beside: tuple[str, ...]
) -> list[tuple[str, list[str]]]:
    """`alone`: whether a number without a unit is in the column's; `beside`: the words that leave a number as it is."""
    mark, parted = re.escape(decimal), re.escape(group)
    whole = r"[0-9]{1,3}(?:" + parted + r"[0-9]{3})+|[0-9]+" if group else "[0-9]+"
    # without a mark of thousands, 1.234 is left to `read`, which may find it doubtful
    number = f"(?:{whole})(?:{mark}[0-9]+)?"
    words = [w for w in beside if w and not any(c.isdigit() or c in " .,-+'" for c in w)]
    patterns: list[tuple[str, list[str]]] = []
    # what most cells are comes first: the others are looked for in those that are left
    for word in [] if bare else words:
        drop = [word, group] if group else [word]
        patterns.append((rf"^ *-?{number} ?{re.escape(word)} *$", drop))
        patterns.append((rf"^ *-?{re.escape(word)} ?{number} *$", drop))
    if is_simple:
        patterns.append((SIMPLE_CELL, []))
    if alone and (group or decimal != "."):
        patterns.append((rf"^ *-?{number} *$", [group] if group else []))
    return patterns
