"""How text from a file is shown on a terminal: widths, tabs, and nothing that could steer the terminal."""

from __future__ import annotations

import unicodedata

from attrs import frozen

TAB = 4
WIDEST = 160
"""Display columns of the longest source line that is shown whole."""
CONTEXT = 40
"""Display columns kept before the span where a line is too long."""

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """The text with control characters, lone surrogates and writing-direction marks made visible."""
    return "".join(map(_visible, text))


def _visible(c: str) -> str:
    if c in _BIDI or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp"):
        return "\ufffd"
    return c


def width(c: str) -> int:
    """Columns that a character takes: 2 for wide ones, 0 for those that join the one before."""
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1


@frozen
class Excerpt:
    """A source line as shown, and the marked columns of it: `start` to `end` (exclusive), at least one."""

    text: str
    start: int
    end: int


def excerpt(line: str, start: int, end: int) -> Excerpt:
    """The line with the characters from `start` to `end` marked, in display columns; cut where it is very long."""
    shown: list[str] = []
    columns = [0]
    for c in line:
        at = columns[-1]
        piece = " " * (TAB - at % TAB) if c == "\t" else _visible(c)
        shown.append(piece)
        columns.append(at + (len(piece) if c == "\t" else width(piece)))
    first = columns[min(start, len(line))]
    last = max(columns[min(end, len(line))], first + 1)
    if columns[-1] <= WIDEST:
        return Excerpt("".join(shown).rstrip(), first, last)
    return _cut(shown, columns, first, last)


def _cut(shown: list[str], columns: list[int], first: int, last: int) -> Excerpt:
    left = max(0, first - CONTEXT)
    kept = [(piece, at) for piece, at in zip(shown, columns, strict=False) if left <= at < left + WIDEST]
    left = kept[0][1] if kept else left
    before, after = ("..." if left else ""), ("..." if columns[-1] > left + WIDEST else "")
    shift = len(before) - left
    text = before + "".join(piece for piece, _ in kept) + after
    return Excerpt(text, first + shift, max(min(last, left + WIDEST) + shift, first + shift + 1))
