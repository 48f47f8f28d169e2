"""What a cell's text says before it is a number or a date: words for missing, for yes and no; spellings of one label."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
    + ["—", "–", "−"]
    + ["0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000", "0000/00/00"]
    # what a spreadsheet makes of no date, and what a form is filled with
    + ["1/0/1900", "00.01.1900", "00/01/1900", "1900-01-00", "99/99/9999", "99.99.9999", "9999-99-99"]
    + ["#value!", "#ref!", "#div/0!", "#num!", "#name?", "nat", "k.a.", "<null>", "[null]"]
)
# in a target, a word may be a class of its own: {none, mild, severe}
MISSING_TARGET = MISSING - {"none", "nil", "missing", "-", "."}

# yes and no of one language, the first line of several that are often mixed: da and no, J and F are codes of something else
YES_NO = tuple(
    (frozenset(yes.split()), frozenset(no.split()))
    for yes, no in (
        ("true t yes y on ja oui si sí sì sim wahr vrai", "false f no n off nein non não nao falsch faux"),
        ("verdadero verdadeiro vero si sí sì sim", "falso no não nao"),
        ("j ja", "n nein nej nei nee"),
        ("sann sant ja", "usann falskt nej nei"),
        ("tak prawda", "nie fałsz"),
        ("ano áno", "ne nie"),
        ("da", "ne nu"),
        ("igen", "nem"),
        ("kyllä jah", "ei"),
        ("taip", "ne"),
        ("jā", "nē"),
        ("да так истина", "нет не ні ni ложь"),
        ("evet doğru", "hayır yanlış"),
        ("ya", "tidak"),
        ("bəli", "xeyr"),
        ("já", "nei"),
        ("bai", "ez"),
        ("بله", "خیر"),
        ("有", "無 无"),
        ("是 はい 예 네 ναι נכון כן نعم हाँ có ใช่", "否 いいえ 아니오 아니요 όχι לא لا नहीं không ไม่ใช่"),
    )
)
TRUE = frozenset({"1", "1.0"}).union(*(yes for yes, _ in YES_NO))
FALSE = frozenset({"0", "0.0"}).union(*(no for _, no in YES_NO))

REMEMBERED = 100_000  # texts whose form is kept, since many columns of a wide table hold the same ones
FEW = 1_000  # cells; of so few, a column operation costs more than they do
_WHOLE_FLOAT = re.compile(r"-?\d+\.0+")
GARBLED = re.compile("[\0\ufffd]")  # a NUL, or a character that no encoding could read: the text is not what was meant


# blanks of no width, marks of direction and of encodings, a hyphen that is not shown
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff\u00ad"), "")


def fold(value: str) -> str:
    """A spelling without outer blanks, doubled blanks and case: `" Sourdough"` and `"sourdough"` are one."""
    return " ".join(value.split()).casefold()


def tidy(value: str) -> str:
    """A label as it is shown: no doubled blanks, nothing invisible, an accent as part of its letter, no quotes around it, no ".0" behind a whole number (`1.0` is `1`)."""
    if not value.isascii():
        value = unicodedata.normalize("NFC", value.translate(_INVISIBLE))
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
    if len(values) <= FEW:
        return garbled_among(values.tolist())
    return matches(values, r"[\x00\x{FFFD}]") if _may_be_garbled(values) else np.zeros(len(values), dtype=bool)


def _may_be_garbled(values: pd.Series) -> bool:
    """Whether their bytes, all at once, hold a mark of it anywhere."""
    import pyarrow as pa

    texts = pa.array(values.array, pa.large_string())
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    for chunk in chunks:
        data = chunk.buffers()[2]
        held = data.to_pybytes() if data else b""
        if b"\0" in held or b"\xef\xbf\xbd" in held:
            return True
    return False


def garbled_among(texts: Sequence[object]) -> np.ndarray:
    """The same of few cells: nearly always none, which one look at all of them together shows."""
    held = "".join([text for text in texts if isinstance(text, str)])
    if not GARBLED.search(held):
        return np.zeros(len(texts), dtype=bool)
    return np.array([isinstance(text, str) and bool(GARBLED.search(text)) for text in texts], dtype=bool)


@lru_cache(maxsize=1)
def has_arrow() -> bool:
    """Whether whole columns can go through Arrow; a service does without it, and reads cell by cell."""
    return find_spec("pyarrow") is not None


def matches(values: pd.Series, pattern: str) -> np.ndarray:
    """Mask of the texts in which an RE2 pattern is found, by Arrow on the whole column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.match_substring_regex(pa.array(values.array, pa.large_string()), pattern)
    return pc.fill_null(found, False).to_numpy(zero_copy_only=False).astype(bool)


def is_token(values: pd.Series, tokens: Iterable[str]) -> np.ndarray:
    """Mask of the cells whose folded text is one of `tokens`."""
    tokens = frozenset(map(fold, tokens))
    if len(values) <= FEW:
        return tokens_among(values.tolist(), tokens)
    folded = values.str.strip().str.lower()  # by Arrow, on all cells, faster than `fold` on each
    found = np.array(folded.isin(tokens), dtype=bool)
    if any(" " in t for t in tokens):
        spaced = matches(values, r"[\t\n\v\f\r\x{A0}\x{2000}-\x{200A}\x{202F}\x{3000}]|  ")
        for place in np.flatnonzero(spaced & ~found):
            found[place] = fold(str(values.iloc[place])) in tokens
    return found


def tokens_among(texts: Sequence[object], tokens: frozenset[str]) -> np.ndarray:
    """The same of few cells, and of tokens that are folded; only those that begin as a token does, and have a blank in them, have to be folded."""
    lowered = [text.strip().lower() if isinstance(text, str) else None for text in texts]
    found = np.array([text in tokens for text in lowered], dtype=bool)
    held = "".join([text for text in texts if isinstance(text, str)])
    if held.split() in ([], [held]):
        return found  # no blank anywhere
    begins = {token.partition(" ")[0] for token in tokens}
    for at in np.flatnonzero(~found).tolist():
        text = texts[at]
        if not isinstance(text, str):
            continue
        words = text.split(None, 1)
        if words and len(words[0]) < len(text) and words[0].casefold() in begins:
            found[at] = fold(text) in tokens
    return found


def by_unique(values: pd.Series, read: Callable[[list[str]], np.ndarray], missing: object) -> np.ndarray:
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
