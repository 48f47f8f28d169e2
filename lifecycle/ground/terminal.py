"""Long lines on a terminal: they end between words. A pipe, a log and a file get each line whole.

Terminals break a line where it meets the edge, in the middle of a word. What is to be copied stays as it is, since a break
would go with it: a line of commands (`&&`, or four spaces before it), a path, what is in backticks.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from typing import Any, TextIO

NARROW = 40  # columns; in fewer a line of words is no easier to read than a broken one
_WORDS = re.compile(r"\s+|(?:`[^`\n]*`|\S)+")
_LABEL = re.compile(r"\w+ {2,}(?=\S)")  # `score    log_loss 0.42`: what follows stands below its beginning
_COMMANDS = re.compile(r".* && .*?(?= {3,}\(|$)")  # up to a remark in brackets
_AS_IT_IS = re.compile(r" {4}|.*[\r\x1b]")


class Terminal:
    """A stream to people: all that the one it holds is and does, but for how long its lines are."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        columns = shutil.get_terminal_size().columns
        self.stream.write("\n".join(broken(line, columns) for line in text.split("\n")))
        return len(text)


def for_people(stream: TextIO | None) -> Any:
    """`stream` as a Terminal where it is one."""
    if stream is None or isinstance(stream, Terminal) or stream.closed or not stream.isatty():
        return stream
    return Terminal(stream)


def broken(line: str, columns: int) -> str:
    """`line` in lines of at most so many columns; what is longer than that without a space stays whole."""
    if columns < NARROW or wide(line) <= columns or _AS_IT_IS.match(line):
        return line
    lines, current = [], ""
    below = " " * min(hanging(line), columns // 2)
    commands = _COMMANDS.match(line)
    end = commands.end() if commands else 0
    for piece in [line[:end], *_WORDS.findall(line[end:])]:
        if current.strip() and wide(current + piece.rstrip()) > columns:
            lines.append(current.rstrip())
            current = below
        if not (piece.isspace() and lines and current == below):
            current += piece
    return "\n".join([*lines, current])


def hanging(line: str) -> int:
    """How far the lines after the first are indented, so that they do not look like the next."""
    label = _LABEL.match(line)
    if label:
        return label.end()
    return len(line) - len(line.lstrip()) + 4


def wide(text: str) -> int:
    """The columns that a terminal takes for it: letters of East Asia take two, marks upon a letter none."""
    if text.isascii():
        return len(text)
    shown = [letter for letter in text if not unicodedata.combining(letter)]
    return len(shown) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in shown)
