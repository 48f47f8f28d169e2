"""Texts in scripts that put no spaces between words: Chinese and Japanese, Thai and Lao, Burmese, Khmer."""

from __future__ import annotations

import re
from collections.abc import Iterable

HAN = re.compile("[\u3005\u3400-\u9fff\uf900-\ufaff]")  # three letters a word: a full name of four is not two words
OTHERS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff]")  # about four


def without_spaces(texts: Iterable[str]) -> bool:
    """Whether most letters of the texts are of such a script."""
    text = "".join(texts)
    return len(HAN.findall(text)) + len(OTHERS.findall(text)) > sum(map(str.isalpha, text)) / 2


def words_in(text: str) -> float:
    """How many words a text has; of such a script, about how many."""
    return max(len(text.split()), len(HAN.findall(text)) / 3 + len(OTHERS.findall(text)) / 4)
