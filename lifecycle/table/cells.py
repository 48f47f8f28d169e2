"""What a cell's text means: missing tokens, numbers, booleans, dates. Shared by inference and by `conform`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

# compared without case and outer blanks
MISSING = frozenset(
    [
        "",
        "?",
        "na",
        "n/a",
        "#n/a",
        "#na",
        "n.a.",
        "nan",
        "null",
        "none",
        "nil",
        "-",
        "--",
        "---",
        ".",
        "..",
        "missing",
        "(null)",
        "\\n",
        "<na>",
    ]
    + ["#value!", "#ref!", "#div/0!", "#num!", "#name?", "nat", "k.a.", "<null>", "[null]"]
)
# in a target, a word may be a class of its own: {none, mild, severe}
MISSING_TARGET = MISSING - {"none", "nil", "missing", "-", "."}

TRUE = frozenset(["true", "t", "yes", "y", "on", "ja", "oui", "si", "sí", "sim", "wahr", "vrai", "1", "1.0"])
FALSE = frozenset(["false", "f", "no", "n", "off", "nein", "non", "não", "nao", "falsch", "faux", "0", "0.0"])

DATE_FORMATS = [
    "ISO8601",
    "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y",
    "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y",
]  # fmt: skip
TIMES = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S"]
CLOCKS = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p"]  # a time of day: a moment of 1 January 1900
_DATE_LIKE = re.compile(
    r"\s*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[ -][A-Za-z]{3,9}\.?[ ,-]+\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?\s*$)"
)

_WHOLE_FLOAT = re.compile(r"-?\d+\.0+")
_SPACES = {"\xa0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\u2013": "-"}
_FIRST_NUMBER = re.compile(r"[-+]?(?:\d|(?<![A-Za-z])[.,](?=\d))[\d.,' ]*(?:[eE][-+]?\d+)?")
_CURRENCY = re.compile(
    r"[$€£¥₹₽]|(US|R|C|A|NZ|HK)\$|Rs\.?|kr\.?|zł|Fr\.?"
    r"|USD|EUR|GBP|JPY|INR|CHF|CAD|AUD|CNY|RUB|BRL|SEK|NOK|DKK|PLN|CZK|HUF|TRY|ZAR|MXN|NZD|SGD|HKD|KRW"
)


def fold(value: str) -> str:
    """A spelling without outer blanks, doubled blanks and case: `" Sourdough"` and `"sourdough"` are one."""
    return " ".join(value.split()).casefold()


def tidy(value: str) -> str:
    """A label as it is shown: no doubled blanks, no quotes around it, no ".0" behind a whole number (`1.0` is `1`)."""
    text = " ".join(value.split()).strip('"')
    if len(text) > 2 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return (text.partition(".")[0] if _WHOLE_FLOAT.fullmatch(text) else text) or value.strip()


def level(value: str) -> str:
    """The key under which spellings of a label are one: `Yes`, `yes ` and `YES.` are, `Y` and `y`; of other single
    letters, which are codes, case counts."""
    text, folded = tidy(value), fold(tidy(value))
    return text if len(text) == 1 and folded not in TRUE | FALSE else folded.rstrip(".") or text


def is_garbled(values: pd.Series) -> np.ndarray:
    """Mask of the cells that hold a NUL, or a character that no encoding could read: their text is not what was meant."""
    return values.str.contains("[\0\ufffd]", regex=True).to_numpy(dtype=bool, na_value=False)


def is_token(values: pd.Series, tokens: Iterable[str]) -> np.ndarray:
    """Mask of the cells whose folded text is one of `tokens`."""
    tokens = set(tokens)
    folded = values.str.strip().str.lower()  # by Arrow, on all cells, faster than `fold` on the distinct ones
    if any(" " in t for t in tokens):
        folded = folded.str.replace(r"\s+", " ", regex=True)
    return folded.isin(tokens).to_numpy(bool)


def numbers(values: pd.Series, decimal: str = ".", group: str = "", bare: bool = True, of: str = "") -> np.ndarray:
    """float64 of each cell, NaN where it is not a number; infinity stays infinity.

    `decimal`, `group`, `bare`: decimalChar, groupChar, bareNumber of the Table Schema; with bare False, text
    around the number (`$ 12`, `8 GB`) is dropped, unless it is another unit than `of`.
    """
    simple = decimal == "." and group != "."
    out = (
        pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)
        if simple
        else np.full(len(values), np.nan)
    )
    rest = np.isnan(out)
    if rest.any():
        out = out.copy()
        out[rest] = by_unique(values[rest], lambda u: np.array([number(v, group, bare, of) for v in u]), np.nan)
    return out


def number(text: str, group: str = "", bare: bool = True, of: str = "") -> float:
    """One cell as a number, else NaN; after `group` is removed, a comma or point that is left is the decimal mark."""
    for odd, plain in _SPACES.items():
        text = text.replace(odd, plain)
    text = text.strip()
    if not bare and (parts := split_unit(text)) and not any(c.isdigit() for c in parts[2]):
        if of and (unit(text) or of).casefold() != of.casefold():
            return np.nan  # 512 MB among GB is not 512
        text = parts[1]
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    if group and re.fullmatch(r"[-+]?\d{1,3}(" + re.escape(group) + r"\d{3})+([.,]\d*)?", text):
        text = text.replace(group, "")
    if re.fullmatch(r"[-+]?\d{1,3}([ ']\d{3})+([.,]\d+)?", text):
        text = text.replace(" ", "").replace("'", "")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if "_" in text:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def split_unit(text: str) -> tuple[str, str, str] | None:
    """(before, number, after) of a cell: `- Rs. 500` gives ("Rs.", "-500", ""); None where there is no number."""
    text, sign = text.strip(), ""
    if text.startswith("(") and text.endswith(")"):
        text, sign = text[1:-1].strip(), "-"
    match = _FIRST_NUMBER.search(text)
    if not match:
        return None
    before, found, after = text[: match.start()].strip(), match.group().strip(), text[match.end() :].strip()
    if before.startswith("-"):
        before, sign = before[1:].strip(), "-"
    return before, sign + found, after


def unit(text: str) -> str | None:
    """The currency before a number or the unit behind it, without plural s and full stop: `$ 12`, `8 GB`, `36 months`;
    None where the cell is something else: `oven 4`, `B-0017`, `12 Main St`."""
    parts = split_unit(text)
    if not parts or (parts[0] and not _CURRENCY.fullmatch(parts[0])):
        return None
    before, _, after = parts
    if len(after) > 12 or any(c.isdigit() for c in after) or re.search(r"\s[A-Z]", after):
        return None
    return f"{before} {after.rstrip('.').removesuffix('s')}".strip()


def booleans(values: pd.Series, true: Iterable[str], false: Iterable[str]) -> np.ndarray:
    """1.0, 0.0, or NaN where a cell is neither. JSON's true and false, and the 1 and 0 of rows that are typed already, are
    understood where the table does not use these words otherwise."""
    words = {*true, *false}
    true, false = {*true, *({"true", "1"} - words)}, {*false, *({"false", "0"} - words)}

    def read(unique: list[str]) -> np.ndarray:
        folded = [fold(v) for v in unique]
        return np.array([1.0 if v in true else 0.0 if v in false else np.nan for v in folded])

    return by_unique(values, read, np.nan)


def dates(values: pd.Series, form: str) -> np.ndarray:
    """datetime64[us] of each cell, NaT where it is not a date in `form` (or ISO, which is never ambiguous)."""

    def read(unique: list[str]) -> np.ndarray:
        texts = pd.Series([v.strip() for v in unique], dtype="str")
        if not texts.str.match(_DATE_LIKE).any() and form != "%Y%m%d":
            return np.full(len(texts), np.datetime64("NaT", "us"))
        parsed = _to_datetime(texts, form)
        late = parsed.isna() & texts.str.match(_DATE_LIKE)
        if form != "ISO8601" and late.any():
            parsed[late] = _to_datetime(texts[late], "ISO8601")
        return parsed.to_numpy("datetime64[us]")

    return by_unique(values, read, np.datetime64("NaT", "us"))


def _to_datetime(texts: pd.Series, form: str) -> pd.Series:
    parsed = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    return parsed.dt.tz_localize(None).astype("datetime64[us]")


def date_format(texts: list[str], min_typed: float, day_first: bool) -> str | None:
    """The format that fits at least `min_typed` of `texts`, or None; `day_first` decides 03/04/2024."""
    if sum(bool(_DATE_LIKE.match(t)) for t in texts) < min_typed * len(texts):
        return None
    sample = pd.Series(texts, dtype="str")
    formats = [f + t for f in DATE_FORMATS for t in (TIMES if f != "ISO8601" else [""])] + CLOCKS
    if not day_first:
        formats.sort(key=lambda f: f.startswith(("%d/", "%d-%m")))  # stable: month-first comes before day-first
    fits = {f: float(np.mean(~np.isnat(dates(sample, f)))) for f in formats}
    best = max(formats, key=lambda f: fits[f])
    return best if fits[best] >= min_typed else None


def by_unique(values: pd.Series, read, missing) -> np.ndarray:
    """Apply `read` to the distinct texts only: a column of 50,000 rows often has 200 of them."""
    codes, unique = pd.factorize(values, use_na_sentinel=True)
    if not len(unique):
        return np.full(len(values), missing)
    result = read([str(u) for u in unique.tolist()])
    out = result[codes]  # code -1 takes the last entry, mended below
    if (codes < 0).any():
        out = out.copy()
        out[codes < 0] = missing
    return out
