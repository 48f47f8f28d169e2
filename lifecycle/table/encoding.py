"""From bytes to text: byte order marks, UTF-8, UTF-16, UTF-32, and what the bytes themselves tell of anything else.

Only the standard library: the generation hook carries a copy. An encoding that no mark gives away is detected by chardet,
where that is installed; the hook, which reads no more than names of columns, does without.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from lifecycle.ground.errors import UserError

BLOCK = 1 << 24
_TAIL = 1 << 16  # bytes at the end, in which totals and notes stand
_SAMPLE = 1 << 18  # bytes of lines that are not ASCII, from which an encoding is detected
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_WIDE = ("utf-16", "utf-32")
_USUAL = "cp1252"
# what western files without any accent hold: euro, degree, dashes, quotes; no letters, so that no language tells
# what tables come in, of the many that a detector knows
_IN_USE = frozenset(
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-2 iso8859-5 iso8859-7 iso8859-8 "
    "iso8859-9 iso8859-13 iso8859-15 koi8-r koi8-u mac-roman mac-cyrillic mac-latin2 mac-greek mac-turkish cp437 cp737 "
    "cp775 cp850 cp852 cp855 cp857 cp858 cp866 cp874 tis-620 shift_jis cp932 euc_jp iso2022_jp gb2312 gbk gb18030 hz big5 "
    "cp950 big5hkscs euc_kr cp949 johab".split()
)
_LATIN = frozenset(
    "cp1250 cp1252 cp1254 cp1257 cp1258 iso8859-1 iso8859-2 iso8859-9 iso8859-13 iso8859-15 mac-roman mac-latin2 mac-turkish "
    "cp437 cp775 cp850 cp852 cp857 cp858".split()
)
_MULTIBYTE = ("shift_jis", "cp932", "euc_", "iso2022", "gb", "hz", "big5", "cp949", "cp950", "johab")
_BEHIND_NUMBER = re.compile(rb"(?<=[0-9 ])([\x80-\xff])(?![\x80-\xffA-Za-z])")
_IN_WORD = re.compile(rb"(?<=[A-Za-z])[\x80-\xff](?![\x80-\xff])|(?<![\x80-\xff])[\x80-\xff](?=[A-Za-z])")
# a fraction or a currency stands there in no language
_WITHIN_WORD = re.compile(rb"(?<=[A-Za-z])[\x80-\xff](?=[A-Za-z])")
_SIGNS = frozenset("€£¥§°±²³¹µ·×÷½¼¾©®™–—‘’‚“”„…•«»¡¿\u00a0".encode("cp1252"))
_BETWEEN_LETTERS = frozenset("’‘“”«»·–—…\u00a0®™".encode("cp1252"))


@dataclass
class Survey:
    """What one pass over a file's bytes tells. `sure`: whether the encoding is beyond doubt; `others`: which it may be."""

    encoding: str
    odd_lines: int = 0  # not in the encoding of the others, and read as cp1252
    sure: bool = True
    others: list[str] = field(default_factory=list)
    size: int = 0
    quotes: bool = False
    single_quotes: bool = False
    escapes: list[bytes] = field(default_factory=list)  # lines with a backslash before a quote or a delimiter
    spaced_quotes: bool = False  # quotes behind a blank behind a delimiter
    formulas: bool = False  # cells such as ="0123"
    carriage_returns: int = 0  # that end a line by themselves
    tail: bytes = b""


def survey(file: BinaryIO, encoding: str = "", limit: int | None = None) -> Survey:
    """Look at all of `file`, or its first `limit` bytes; `encoding`: from params.yaml, and then not looked for."""
    head = file.read(4096)
    found = encoding or marked(head) or _unmarked_wide(head)
    out = Survey(found or "utf-8")
    strange: list[bytes] = []
    special = 0
    rest, carry = limit, b""
    block = head + file.read(BLOCK)
    while block and (rest is None or rest > 0):
        block = block if rest is None else block[:rest]
        rest = None if rest is None else rest - len(block)
        out.size += len(block)
        _count(out, block)
        out.tail = (out.tail + block)[-_TAIL:]
        if not found:
            block = carry + block
            cut = block.rfind(b"\n") + 1 or block.rfind(b"\r") + 1
            carry, block = (block[cut:], block[:cut]) if cut else (block, b"")
            odd, good = _not_utf8(block)
            special += good
            out.odd_lines += len(odd)
            strange += odd[: max(0, 20_000 - len(strange))]
        block = file.read(BLOCK)
    if not found:
        odd, good = _not_utf8(carry)
        if limit is None or out.size < limit:  # else the last line is cut, perhaps within a letter
            strange += odd
            out.odd_lines += len(odd)
        special += good
        # a single line with accents in UTF-8 among hundreds that are not is chance
        if out.odd_lines and special < out.odd_lines:
            sample = b"\n".join(strange)[:_SAMPLE]
            out.encoding, out.others, out.sure = detect(sample)
            out.odd_lines = 0
    return out


def marked(head: bytes) -> str:
    """The encoding that a byte order mark names, else an empty text."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")


def _unmarked_wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: of western text, every second byte is NUL, or three of four."""
    part = head[:400]
    if part.count(0) > 0.6 * len(part):
        return "utf-32-be" if part[:1] == b"\0" else "utf-32-le"
    if part.count(0) > 0.3 * len(part):
        return "utf-16-le" if part[1:2] == b"\0" else "utf-16-be"
    return ""


def _count(out: Survey, block: bytes) -> None:
    # whether there are any is all that is asked, and found much faster than how many
    out.quotes = out.quotes or b'"' in block
    out.single_quotes = out.single_quotes or b"'" in block
    if b"\r" in block:
        out.carriage_returns += block.count(b"\r") - block.count(b"\r\n")
    if out.quotes and not out.spaced_quotes and b' "' in block:
        out.spaced_quotes = any(mark + b' "' in block for mark in (b",", b";", b"|"))
    if out.quotes and not out.formulas and b'="' in block:
        out.formulas = any(mark in block for mark in (b'"=""', b',="', b';="', b'\t="', b'\n="', b'|="'))
    if b"\\" in block and len(out.escapes) < 300:
        for mark in (b'\\"', b"\\,", b"\\;", b"\\|", b"\\\t"):
            out.escapes += _lines_with(block, mark, 60)


def _lines_with(block: bytes, mark: bytes, most: int) -> list[bytes]:
    found: list[bytes] = []
    at = block.find(mark)
    while at >= 0 and len(found) < most:
        end = block.find(b"\n", at)
        found.append(block[block.rfind(b"\n", 0, at) + 1 : end if end >= 0 else len(block)])
        at = block.find(mark, end) if end >= 0 else -1
    return found


def _not_utf8(block: bytes) -> tuple[list[bytes], int]:
    """(lines that are not UTF-8, number of lines that are and hold more than ASCII)."""
    if block.isascii():
        return [], 0
    try:
        block.decode("utf-8")
        return [], 1
    except UnicodeDecodeError:
        pass
    odd, good = [], 0
    for line in block.splitlines():
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            odd.append(line)
    return odd, good


def detect(sample: bytes) -> tuple[str, list[str], bool]:
    """(encoding, others that fit nearly as well, whether it is clear) of lines that are not UTF-8. Source: chardet."""
    # a sign behind a number is no letter in any encoding, though it looks like one to a detector
    signs = {sign for sign in _BEHIND_NUMBER.findall(sample) if sign[0] in _SIGNS}
    words = _BEHIND_NUMBER.sub(lambda m: b"" if m[1] in signs else m[0], sample)
    # in Cyrillic, Greek, Hebrew or Chinese such bytes stand in rows, in Latin script among ASCII letters
    rows = re.findall(rb"[\x80-\xff]+", words)
    latin = sum(len(row) == 1 for row in rows) > 0.8 * len(rows)
    letters = {letter for letter in _IN_WORD.findall(words) if letter[0] not in _SIGNS}
    letters |= {letter for letter in _WITHIN_WORD.findall(words) if letter[0] not in _BETWEEN_LETTERS}
    if {byte for byte in words if byte >= 0x80} <= _SIGNS and not letters and not re.search(rb"[\x80-\xff]{2}", words):
        return _USUAL, [], True
    try:
        import chardet
    except ImportError:
        return _USUAL, [], False
    readings: dict[str, tuple[float, str]] = {}  # of the encodings that read the sample alike, the most usual
    for guess in chardet.detect_all(words, ignore_threshold=True):
        name = _known(str(guess["encoding"] or "ascii"))
        if name not in (_LATIN if latin else _IN_USE):
            continue
        multibyte = name.startswith(_MULTIBYTE)
        try:
            text = sample.decode(name)
            if any(sign.decode(name).isalpha() for sign in signs):
                continue
            if not multibyte and not all(letter.decode(name).isalpha() for letter in letters):
                continue
        except (UnicodeDecodeError, LookupError):
            continue
        fit = (float(guess["confidence"] or 0.0) * _usualness(name), name)
        readings[text] = max(fit, readings.get(text, fit), key=lambda pair: pair[0])
    fits = sorted(readings.values(), reverse=True)
    if not fits:
        return _USUAL, [], False
    best, chosen = fits[0]
    others = [name for confidence, name in fits[1:] if confidence >= 0.6 * best]
    with contextlib.suppress(UnicodeDecodeError):
        if sample.decode(chosen) == sample.decode(_USUAL):
            chosen = _USUAL
    return chosen, others[:3], not others and len(set(rows)) > 2


# the eight-bit encodings in which names of columns are looked for, those that more tables come in first
_SEARCHED = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 iso8859-2 iso8859-15 koi8-r cp852 cp866 cp437 cp850 mac-roman "
    "cp932 gb18030 big5 cp949 euc_jp"
).split()


def encoding_of_names(head: bytes, chosen: str, names: Iterable[str]) -> str:
    """The encoding in which the first bytes of a file hold most of the known `names` of its columns: they settle what few letters
    leave open. `chosen`, where no other holds more of them: some letters are the same byte in several."""
    odd = {name for name in names if not name.isascii()}
    if not odd:
        return chosen
    return max((chosen, *_SEARCHED), key=lambda encoding: sum(_stands_there(name, encoding, head) for name in odd))


def _stands_there(name: str, encoding: str, head: bytes) -> bool:
    """Whether the name does, and not within a longer word."""
    try:
        written = re.escape(name.encode(encoding))
    except UnicodeEncodeError:
        return False
    return re.search(rb"(?<![A-Za-z\x80-\xff])" + written + rb"(?![A-Za-z\x80-\xff])", head) is not None


def _usualness(name: str) -> float:
    """How many more tables come in it than in another: a word or two tell little by themselves."""
    if name == _USUAL:
        return 1.8
    if name.startswith(("cp125", *_MULTIBYTE)):
        return 1.2
    if name.startswith("koi8") or name == "cp866":
        return 0.9
    return 0.4 if name.startswith("mac") else 0.7


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def utf8_blocks(file: BinaryIO, encoding: str, size: int = BLOCK) -> Iterator[bytes]:
    """The file as UTF-8, in blocks that end where a line does; a line in another encoding is read as cp1252."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    except LookupError:
        raise UserError(
            f"params.yaml: define.encoding is {encoding!r}, which Python does not know; it takes utf-8, cp1252, cp1251, shift_jis, ..."
        ) from None
    plain = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    carry, first = b"", True
    while True:
        raw = file.read(size)
        block = raw
        if not plain:
            block = decoder.decode(raw, final=not raw).encode("utf-8", errors="replace")
        if first:
            block = block.removeprefix(b"\xef\xbb\xbf")
            first = False
        block = carry + block
        cut = _cut(block) if raw else len(block)
        carry = block[cut:]
        if cut:
            yield _mended(block[:cut]) if plain else block[:cut]
        if not raw:
            return


def as_utf8(raw: bytes, encoding: str, begins: bool) -> bytes:
    """Whole lines of a file as `utf8_blocks` gives them; `begins`: they are its first."""
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        return _mended(raw.removeprefix(b"\xef\xbb\xbf") if begins else raw)
    return raw.decode(encoding, errors="replace").encode("utf-8", errors="replace")


def _cut(block: bytes) -> int:
    """Behind the last line end, so that no \\r\\n is parted."""
    return block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, len(block) - 1) + 1


def _mended(block: bytes) -> bytes:
    """`block` with the lines that are not UTF-8 read as cp1252."""
    if block.isascii():
        return block
    try:
        block.decode("utf-8")
        return block
    except UnicodeDecodeError:
        return b"".join(map(_line, block.splitlines(keepends=True)))


def _line(line: bytes) -> bytes:
    try:
        line.decode("utf-8")
        return line
    except UnicodeDecodeError:
        return line.decode(_USUAL, errors="replace").encode("utf-8")


def decode(raw: bytes) -> tuple[str, str, int]:
    """(text, encoding, number of lines that had to be read in another one) of a whole file."""
    import io

    seen = survey(io.BytesIO(raw))
    text = b"".join(utf8_blocks(io.BytesIO(raw), seen.encoding)).decode("utf-8", errors="replace")
    return text, seen.encoding, seen.odd_lines
