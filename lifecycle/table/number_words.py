"""Numbers that are written out, forty-two and zwanzig: what stands between digits where somebody typed as he spoke."""

from __future__ import annotations

import re

_SMALL = {
    word: at
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
        "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
        "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove",
    )
    for at, word in enumerate(words.split())
}
_SMALL.pop("null")  # a word for "no value"
_TENS = {
    word: at * 10
    for words in (
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
        "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
        "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
        "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    )
    for at, word in enumerate(words.split(), 2)
}
_MORE = {"einundzwanzig": 21, "fourty": 40, "ninty": 90, "dozen": 12}
_UNITS = _SMALL | _TENS | _MORE
_TIMES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
# words of other meanings too: once a week, due, an elf, UN, neuf (new), Dez and Sept
AMBIGUOUS = frozenset("once due elf un um uno sei tre dos neuf dez sept".split())
_HAN = {c: at for at, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_HAN_TIMES = {"十": 10, "百": 100, "千": 1_000}


def number_of(text: str) -> float | None:
    """The number that a text writes out in words; None where it is anything else."""
    folded = " ".join(text.split()).casefold()
    if folded in _UNITS:
        return float(_UNITS[folded])
    if folded and all(c in _HAN or c in _HAN_TIMES for c in folded):
        return _of_han(folded)
    return _of_english(re.split(r"[\s-]+", folded))


def _of_english(words: list[str]) -> float | None:
    """two hundred and fifty thousand"""
    total = current = 0
    for at, word in enumerate(words):
        if word in ("and", "a") and (at == 0) == (word == "a") and len(words) > 1:
            current = current or (1 if word == "a" else 0)
        elif word in _TIMES:
            current = max(current, 1) * _TIMES[word]
            if word != "hundred":
                total, current = total + current, 0
        elif word in _UNITS and _may_follow(current, _UNITS[word]):
            current += _UNITS[word]
        else:
            return None
    return float(total + current)


def _may_follow(said: int, value: int) -> bool:
    """Whether a number goes on so: two hundred forty, forty two, and not two three."""
    free = 10 if said % 10 == 0 and said % 100 else 100
    return said % 100 not in range(1, 20) and value < free if said else True


def _of_han(text: str) -> float | None:
    """二十五; digits side by side, 二〇二〇, are those of one number."""
    if all(c in _HAN for c in text):
        return float("".join(str(_HAN[c]) for c in text))
    total = digit = 0
    for c in text:
        if c in _HAN:
            digit = _HAN[c]
        else:
            total, digit = total + max(digit, 1) * _HAN_TIMES[c], 0
    return float(total + digit)
