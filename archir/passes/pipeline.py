"""The text of a pipeline: `relax{levels=2, gate=softmax},derive`, with the place of everything in it."""

from __future__ import annotations

import json
import re
from typing import NoReturn, TypeAlias

from attrs import frozen

from archir.diagnostics import fail
from archir.source import Source, Span

PIPELINE = "<pipeline>"
"""What the text of a pipeline is called in messages."""

OptionValue: TypeAlias = "bool | int | float | str | tuple[OptionValue, ...] | None"

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+\.\d*|\.?\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_./~][\w./~-]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<mark>[{}(),=\[\]])
    |(?P<end>\Z))""",
    re.VERBOSE | re.ASCII,
)
_NEST = 20
_CLOSING = {"(": ")", "[": "]"}


class Bare(str):
    """A name as it stands in the text, without quotes: `none` may mean nothing, `"none"` never does."""

    __slots__ = ()


@frozen
class OptionText:
    """`name=value` and where both stand."""

    name: str
    value: OptionValue
    name_span: Span
    value_span: Span


@frozen
class PassText:
    """One pass as written: its name and its options, not yet compared with what the pass takes."""

    name: str
    options: tuple[OptionText, ...]
    span: Span


@frozen
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse_pipeline(text: str) -> tuple[PassText, ...]:
    """The passes of a pipeline text; none for a blank one. Raises `ArchirError` NAS401 with the place."""
    return _Parser(Source(PIPELINE, text)).pipeline()


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = self._tokens()
        self.position = 0

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while not tokens or tokens[-1].kind != "end":
            match = _TOKEN.match(self.source.text, at)
            if match is None:
                at += len(self.source.text[at:]) - len(self.source.text[at:].lstrip())
                what = (
                    "this string has no end" if self.source.text[at] == '"' else f"unexpected `{self.source.text[at]}`"
                )
                self._fail(what, at, at + 1)
            kind = match.lastgroup or "end"
            tokens.append(_Token(kind, match[kind], match.start(kind), match.end(kind)))
            at = match.end()
        return tokens

    def _fail(self, message: str, start: int, end: int, help: str = "") -> NoReturn:  # noqa: A002
        help_ = help or "a pipeline looks like `relax{affine=true},derive`"
        fail("NAS401", message, span=Span(self.source, start, end), help=help_)

    @property
    def here(self) -> _Token:
        return self.tokens[self.position]

    def take(self, text: str) -> bool:
        """Steps over a mark if it stands here."""
        if self.here.kind == "mark" and self.here.text == text:
            self.position += 1
            return True
        return False

    def expect(self, what: str, *, kind: str = "mark", text: str | None = None) -> _Token:
        token = self.here
        if token.kind != kind or (text is not None and token.text != text):
            found = "the end" if token.kind == "end" else f"`{token.text}`"
            self._fail(f"expected {what}, found {found}", token.start, token.end)
        self.position += 1
        return token

    def pipeline(self) -> tuple[PassText, ...]:
        if self.here.kind == "end":
            return ()
        passes = [self.one_pass()]
        while self.here.kind != "end":
            self.expect("`,` or `{` or the end", text=",")
            passes.append(self.one_pass())
        return tuple(passes)

    def one_pass(self) -> PassText:
        name = self.expect("the name of a pass", kind="name")
        options: list[OptionText] = []
        if self.take("{") and not self.take("}"):
            options.append(self.option())
            while not self.take("}"):
                self.expect("`,` or `}`", text=",")
                options.append(self.option())
        end = self.tokens[self.position - 1].end
        return PassText(name.text, tuple(options), Span(self.source, name.start, end))

    def option(self) -> OptionText:
        name = self.expect("the name of an option", kind="name")
        self.expect(f"`=` and a value for `{name.text}`", text="=")
        start = self.here.start
        value = self.value(0)
        end = self.tokens[self.position - 1].end
        return OptionText(name.text, value, Span(self.source, name.start, name.end), Span(self.source, start, end))

    def value(self, depth: int) -> OptionValue:
        token = self.here
        if depth > _NEST:
            self._fail(f"lists are nested more than {_NEST} deep", token.start, token.end, "write the value flatter")
        if token.kind == "mark" and token.text in _CLOSING:
            self.position += 1
            return self.items(_CLOSING[token.text], depth + 1)
        self.position += 1
        if token.kind == "number":
            return int(token.text) if re.fullmatch(r"[+-]?\d+", token.text) else float(token.text)
        if token.kind == "name":
            return {"true": True, "false": False}.get(token.text, Bare(token.text))
        if token.kind == "string":
            return self.string(token)
        self.position -= 1
        self.expect("a value", kind="value")
        raise AssertionError("no token is of the kind `value`")

    def string(self, token: _Token) -> str:
        try:
            return str(json.loads(token.text, strict=False))
        except ValueError:
            self._fail("this string has a wrong escape", token.start, token.end, "write `\\\\` for `\\`")

    def items(self, closing: str, depth: int) -> tuple[OptionValue, ...]:
        items: list[OptionValue] = []
        while not self.take(closing):
            if items:
                self.expect(f"`,` or `{closing}`", text=",")
                if self.take(closing):
                    break
            items.append(self.value(depth))
        return tuple(items)
