"""Where a line break means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token
from lark.lark import PostLex

_OPEN_ENDS = frozenset({"EQUAL", "VBAR", "COMMA", "ADD", "MUL", "POWER", "COMPARE", "_PIPE", "FROM", "AND", "OR"})


class DropNewlines(PostLex):
    """Inside ( and [, and behind an operator, a line break means nothing."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth, last = 0, ""
        for token in stream:
            if token.type in ("LPAR", "LSQB"):
                depth += 1
            elif token.type in ("RPAR", "RSQB"):
                depth -= 1
            elif token.type == "_NL" and (depth > 0 or last in _OPEN_ENDS):
                continue
            last = token.type
            yield token
