"""Text -> tree, with all syntax errors of a text at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import ClassVar

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lark import PostLex

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.limits import Limits, current_limits
from archir.source import Source, Span
from archir.syntax.ast import File
from archir.syntax.build import TreeBuilder

_ITEM = re.compile(r"^(?:use|const|candidates|cell|net|block|stage|method|module)\b", re.MULTILINE)
_QUIET = re.compile(r'"[^"\n]*"|#[^\n]*')
_MOST_ERRORS = 20
_WORDS = {
    "_NL": "the end of the line", "$END": "the end of the file", "NAME": "a name", "INT": "a number",
    "NUMBER": "a number", "STRING": "a string", "LPAR": "`(`", "RPAR": "`)`", "LBRACE": "`{`", "RBRACE": "`}`",
    "LSQB": "`[`", "RSQB": "`]`", "EQUAL": "`=`", "COMMA": "`,`", "FROM": "`from`", "KEEP": "`keep`", "IN": "`in`",
    "AMOUNT": "`any`, `some` or `all`", "UNIT": "`edges` or `ops`", "COLON": "`:`",
}  # fmt: skip


_OPEN_ENDS = frozenset({"EQUAL", "VBAR", "COMMA", "ADD", "MUL", "POWER", "COMPARE", "_PIPE", "FROM", "AND", "OR"})


class _DropNewlines(PostLex):
    """Inside ( and [, and behind an operator, a line break means nothing."""

    always_accept: ClassVar[tuple[str, ...]] = ("_NL",)  # type: ignore[assignment]

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


@cache
def _parser() -> Lark:
    grammar = files("archir.grammar").joinpath("nas.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, postlex=_DropNewlines())


def parse(source: Source) -> File:
    """The tree of a text; raises `ArchirError` with every syntax error found."""
    limits = current_limits()
    _check_size(source, limits)
    try:
        return _run(source, source.text)
    except UnexpectedInput as first:
        raise ArchirError(*_all_errors(source, first)) from None
    except RecursionError:
        fail("NAS102", f"`{source.name}` is nested too deeply", help=Limits.remedy("nesting"))


def _run(source: Source, text: str) -> File:
    return TreeBuilder(source).transform(_parser().parse(text if text.endswith("\n") else text + "\n"))


def _check_size(source: Source, limits: Limits) -> None:
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > limits.file_bytes:
        message = f"`{source.name}` has {size:,} bytes; the limit is {limits.file_bytes:,}"
        fail("NAS102", message, help=Limits.remedy("file_bytes"))
    depth = 0
    quiet = _QUIET.sub(lambda m: " " * len(m[0]), source.text)
    for found in re.finditer(r"[(\[{]|[)\]}]", quiet):
        depth += 1 if found[0] in "([{" else -1
        if depth > limits.nesting:
            message = f"brackets are nested more than {limits.nesting} deep"
            fail("NAS102", message, span=Span(source, found.start(), found.end()), help=Limits.remedy("nesting"))


def _all_errors(source: Source, first: UnexpectedInput) -> list[Diagnostic]:
    """One error for each broken item: blank the item out, and read again."""
    errors: list[Diagnostic] = []
    error, text = first, source.text
    while len(errors) < _MOST_ERRORS:
        errors.append(_diagnostic(source, error))
        at = min(error.pos_in_stream or 0, len(text))
        starts = [m.start() for m in _ITEM.finditer(text)]
        begin = max((s for s in starts if s <= at), default=0)
        end = min((s for s in starts if s > at), default=len(text))
        text = text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]
        try:
            _run(source, text)
        except UnexpectedInput as following:
            error = following
            continue
        break
    return errors


def _diagnostic(source: Source, error: UnexpectedInput) -> Diagnostic:
    at = min(error.pos_in_stream or 0, len(source.text))
    if isinstance(error, UnexpectedCharacters):
        span = Span(source, at, at + 1)
        expected = {t for t in error.allowed or ()}
        return Diagnostic("NAS101", f"unexpected `{source.text[at : at + 1]}`", span, _expected(expected))
    if isinstance(error, UnexpectedToken):
        token = error.token
        if token.type == "$END" or at >= len(source.text):
            span = Span(source, len(source.text), len(source.text))
            return Diagnostic("NAS101", "the text ends too early", span, _expected(error.accepts or error.expected))
        found = "the end of the line" if token.type == "_NL" else f"`{token}`"
        at += len(token) - len(token.lstrip(" \t")) if token.type == "_NL" else 0
        span = Span(source, at, at + (1 if token.type == "_NL" else len(token)))
        return Diagnostic("NAS101", f"unexpected {found}", span, _expected(error.accepts or error.expected))
    return Diagnostic("NAS101", "the text does not follow the grammar", Span(source, at, at))


def _expected(terminals: set[str]) -> str:
    words = sorted({_WORDS[t] for t in terminals if t in _WORDS})
    if "a name" in words and "`(`" in words and "a number" in words:
        return "expected an expression"
    return f"expected {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"expected {words[0]}" if words else ""
