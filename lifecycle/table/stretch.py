"""A large text file in stretches of whole records, which whoever does the work reads for itself.

Where a record of a text file ends is told in the file's order, since a cell may hold line ends. Mostly the end of a block tells it:
no record is longer than a cell may be, so that behind so many lines that are rows by themselves no quote is open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from lifecycle.ground.errors import UserError
from lifecycle.table import footer
from lifecycle.table.encoding import BLOCK, as_utf8
from lifecycle.table.records import MAX_CELL
from lifecycle.table.text import TextBlock

if TYPE_CHECKING:
    from lifecycle.table.layout import Layout
    from lifecycle.table.part import Part

SIZE = BLOCK  # bytes of a stretch
CERTAIN = 4 * MAX_CELL + 100_000  # bytes that no record is as long as: four a character
HELD_BACK = 3  # last stretches, of which as many are read here as hold the rows that may be totals


@dataclass(frozen=True)
class Stretch:
    """From byte `begin` to `end`; `before`: lines above it; `last`: whether the file ends there."""

    begin: int
    end: int
    before: int
    last: bool


def can_be_parted(layout: Layout) -> bool:
    """Whether the file's bytes can be parted at line ends, and its totals told from its last rows."""
    return not layout.seen.carriage_returns and _is_of_bytes(layout.seen.encoding) and not footer.needs_all_rows(layout)


def _is_of_bytes(encoding: str) -> bool:
    """Whether a line end is a byte of its own, wherever reading begins."""
    if encoding in ("utf-8", "utf-8-sig"):
        return True
    plain = bytes(range(128))
    pairs = [bytes([one, other]) for one in range(128, 256) for other in (0x41, 0xB0)]
    shifted = b"\x1b$B0!"  # to other letters, until it is shifted back
    try:
        if plain.decode(encoding) != plain.decode("ascii"):
            return False
        return all(len(one.decode(encoding, "replace")) == len(one) for one in [*pairs, shifted])
    except (LookupError, UnicodeDecodeError):
        return False


def stretches(layout: Layout, reopen: Callable[[], BinaryIO]) -> Iterator[Stretch]:
    """All of the file; the end of one may be read again by the next, where a record goes on."""
    begin = before = 0
    carry = b""
    with _read_to_its_end(layout), reopen() as file:
        for raw, last in _blocks(file):
            data = carry + raw
            lines, left = _whole(layout, data, before, begin == 0, last)
            yield Stretch(begin, begin + len(data), before, last)
            carry = data[len(data) - left :]
            begin, before = begin + len(data) - left, before + lines


@contextlib.contextmanager
def _read_to_its_end(layout: Layout) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, ValueError) as error:
        raise UserError(f"{layout.path} cannot be read to its end ({error}); fetch it again") from error


def _blocks(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """(whole lines, whether they are the last)."""
    held, carry = b"", b""
    while raw := file.read(SIZE):
        block = carry + raw
        cut = block.rfind(b"\n") + 1
        carry = block[cut:]
        if cut:
            if held:
                yield held, False
            held = block[:cut]
    if held and carry:
        yield held, False
        held = b""
    yield held + carry, True


def _whole(layout: Layout, data: bytes, before: int, begins: bool, last: bool) -> tuple[int, int]:
    """(lines of the records that end here, bytes of one that goes on)."""
    if last:
        return 0, 0
    if _ends_with_rows(layout, data):
        return data.count(b"\n"), 0
    block = TextBlock(layout, as_utf8(data, layout.seen.encoding, begins), before, False)
    block.found()
    lines_left = len(block.lines) - block.lines_read
    at = len(data)
    for _ in range(lines_left):
        at = data.rfind(b"\n", 0, at - 1) + 1
    return block.lines_read, len(data) - at


def _ends_with_rows(layout: Layout, data: bytes) -> bool:
    """Whether so many of the last lines are rows by themselves that no record from above can go on in them. Of ASCII, where a byte
    is a character, a quarter is enough."""
    few = data[-(CERTAIN // 4) :]
    if few.isascii() and _are_rows(layout, few, MAX_CELL, len(data)):
        return True
    return _are_rows(layout, data[-CERTAIN:], 4 * MAX_CELL, len(data))


def _are_rows(layout: Layout, end: bytes, least: int, size: int) -> bool:
    """Whether the whole lines of it are more bytes than `least`, and each a row; `size`: of what it is the end of."""
    end = end[end.find(b"\n") + 1 :]
    return least < len(end) < size and TextBlock(layout, end, 0, False).is_plain()


def slim(layout: Layout) -> Layout:
    """What a stretch that is not the file's first is read by."""
    return replace(layout, sample=[], aside=[], notes=[], seen=replace(layout.seen, tail=b"", escapes=[]))


def stretch_parts(layout: Layout, reopen: Callable[[], BinaryIO], stretch: Stretch) -> Iterator[Part]:
    """Its rows; what the file's end says of them is not looked at."""
    with _read_to_its_end(layout), reopen() as file:
        file.seek(stretch.begin)
        data = file.read(stretch.end - stretch.begin)
    begins = not stretch.begin
    block = TextBlock(layout, as_utf8(data, layout.seen.encoding, begins), stretch.before, stretch.last)
    if begins:
        return footer.begun(block.parts(list(layout.aside)), layout)
    return block.parts([])


def parted(layout: Layout, reopen: Callable[[], BinaryIO]) -> Iterator[Stretch | Part]:
    """The file in stretches, and the parts at its end, without totals and notes."""
    held: list[Stretch] = []
    for stretch in stretches(layout, reopen):
        held.append(stretch)
        if len(held) > HELD_BACK:
            yield held.pop(0)
    end: list[Part] = []
    first = held[-1]
    while held and sum(len(part.table) for part in end) < footer.HELD:
        first = held.pop()
        end = [*stretch_parts(layout, reopen, first), *end]
    yield from held
    yield from footer.without_footers(iter(end), layout, begins=not first.begin)
