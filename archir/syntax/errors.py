"""What the parser did not expect, in words: the place, what would fit, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from archir.diagnostics import Diagnostic
from archir.source import Source, Span

QUIET = re.compile(r'"[^"\n]*"|#[^\n]*')
"""Strings and comments: brackets in them mean nothing."""
ITEMS = "use|const|candidates|cell|net|block|stage|method|module"
KEYWORDS = frozenset(
    ("choose", "from", "keep", "and", "or", "not", "if", "else", "for", "in", "return", "require", "when", "use", "as")
)
_ITEM_WORD = re.compile(rf"\b(?:{ITEMS})\b")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_WORDS = {
    "NAME": "a name", "INT": "a number", "STRING": "a string", "LPAR": "`(`", "RPAR": "`)`", "LBRACE": "`{`",
    "RBRACE": "`}`", "LSQB": "`[`", "RSQB": "`]`", "EQUAL": "`=`", "COMMA": "`,`", "COLON": "`:`", "FROM": "`from`",
    "KEEP": "`keep`", "IN": "`in`", "AMOUNT": "`any`, `some`, `all`", "UNIT": "`edges`", "PATH": "a `%name`",
}  # fmt: skip
_MORE = frozenset(
    {"LPAR", "LSQB", "DOT", "AT", "ADD", "MUL", "POWER", "COMPARE", "_PIPE", "AND", "OR", "__ANON_0", "IF"}
)
"""What may go on behind any finished value: never the thing that is missing."""
_CHARACTERS = {
    '"': ("this string has no end", 'end it with `"` in the same line'),
    "'": ("unexpected `'`", 'write strings in double quotes: `"text"`'),
    "!": ("unexpected `!`", "write `not`, or `!=` to compare"),
    "&": ("unexpected `&`", "write `and`"),
    "?": ("unexpected `?`", "write `value if condition else other`"),
    "\\": ("unexpected `\\`", "a line goes on behind an operator or inside brackets without any mark"),
    "%": ("unexpected `%`", "a remainder is written `a % b`, a path of the flat form `%name`"),
}
_FALLBACK = "docs/language.md shows how everything is written"


def diagnose(source: Source, error: UnexpectedInput) -> Diagnostic:
    """One syntax error as a diagnostic."""
    at = min(error.pos_in_stream or 0, len(source.text))
    if isinstance(error, UnexpectedCharacters):
        found = source.text[at : at + 1]
        message, help_ = _CHARACTERS.get(found, (f"unexpected `{found}`", _FALLBACK))
        return Diagnostic("NAS101", message, Span(source, at, at + 1), help=help_)
    assert isinstance(error, UnexpectedToken)
    token, fits = error.token, error.accepts or error.expected
    if token.type == "$END" or not source.text[at:].strip():
        end = len(source.text.rstrip())
        span = Span(source, end, end)
        return Diagnostic(
            "NAS101", "the text ends too early", span, _label(fits), (), _remedy(source, end, token, fits)
        )
    if token.type == "_NL":
        at += len(token) - len(token.lstrip(" \t"))
        message, span = "the line ends too early", Span(source, at, at + 1)
    else:
        message, span = f"unexpected `{token}`", Span(source, at, at + len(token))
    return Diagnostic("NAS101", message, span, _label(fits), (), _remedy(source, at, token, fits))


def _label(fits: Collection[str]) -> str:
    """What may stand here, if that is short enough to help."""
    found = set(fits)
    if {"USE", "KIND"} <= found:
        return "expected `net`, `cell`, `block`, `stage`, `candidates`, `const`, `use` or `method`"
    if {"RETURN", "FOR"} <= found:
        return "expected a statement" + (" or `}`" if "RBRACE" in found else "")
    if {"NAME", "LPAR", "INT"} <= found:
        return "expected an expression" + (" or `)`" if "RPAR" in found else "")
    if found & _MORE:
        found -= _MORE | {"EQUAL", "COLON"} if found - _MORE - {"EQUAL", "COLON"} else _MORE
    words = sorted({_WORDS[t] for t in found if t in _WORDS} | ({"a line break"} if "_NL" in found else set()))
    if not words or len(words) > 5:
        return ""
    return f"expected {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"expected {words[0]}"


def _remedy(source: Source, at: int, token: Token, fits: Collection[str]) -> str:
    if token.type == "CHOOSE" and "LPAR" in fits and "RETURN" not in fits:
        return "put it in parentheses: `(choose candidates from x[0..i] keep 2 edges)`"
    if str(token) in KEYWORDS and "NAME" in fits and token.type != "_NL" and not _starts_statement(source, at, token):
        return f"`{token}` is a word of the language; choose another name"
    if token.type == "EQUAL" and (
        "LBRACE" in fits or source.line(source.location(at)[0]).lstrip().startswith("require")
    ):
        return "write `==` to compare"
    if token.type == "EQUAL" and "FROM" not in fits and _word_before(source, at) in KEYWORDS:
        return f"`{_word_before(source, at)}` is a word of the language; choose another name"
    if token.type == "COLON" and "LBRACE" in fits:
        return "a body stands in braces: `{ ... }`"
    if "FROM" in fits and "KEEP" not in fits and token.type in ("KEEP", "_NL"):
        return "write `choose candidates from x[0..i] keep 2 edges`"
    if "KEEP" in fits and token.type == "_NL":
        return "say how many stay, for example `keep 2 edges` or `keep 1 op`"
    if "AMOUNT" in fits:
        return "write `keep 2 edges`, `keep 1 op` or `keep any edges`"
    if {"USE", "KIND"} <= set(fits) and token.type in ("NAME", "RETURN", "FOR", "IF", "REQUIRE"):
        return "statements stand inside a `net`, `cell`, `block` or `stage`"
    unclosed = _unclosed(source, at)
    if unclosed is not None and _points_to(source.text[unclosed], token):
        line, column = source.location(unclosed)
        return f"the `{source.text[unclosed]}` in line {line}, column {column} is not closed"
    if "_NL" in fits and token.type != "_NL":
        return "end a statement with a line break or `;`"
    return "write a value, a name or a call here" if {"NAME", "LPAR", "INT"} <= set(fits) else _FALLBACK


def _points_to(opened: str, token: Token) -> bool:
    """Whether a token says that a bracket was forgotten: the end, a bracket of another kind, or the next definition."""
    wrong = str(token) in _BRACKETS.values() and str(token) != _BRACKETS[opened]
    return wrong or token.type == "$END" or (opened == "{" and _ITEM_WORD.fullmatch(str(token)) is not None)


def _starts_statement(source: Source, at: int, token: Token) -> bool:
    """Whether a word such as `return` stands first in its line, where it means itself."""
    line = source.text.rfind("\n", 0, at) + 1
    return token.type in ("RETURN", "FOR", "IF", "REQUIRE") and not source.text[line:at].strip()


def _word_before(source: Source, at: int) -> str:
    found = re.search(r"(\w+)\s*\Z", source.text[:at])
    return found[1] if found else ""


def _unclosed(source: Source, at: int) -> int | None:
    """The innermost bracket that is open where the error was found."""
    quiet = QUIET.sub(lambda m: " " * len(m[0]), source.text[:at])
    opened: list[int] = []
    for found in re.finditer(r"[(\[{]|[)\]}]", quiet):
        if found[0] in _BRACKETS:
            opened.append(found.start())
        elif opened and _BRACKETS[quiet[opened[-1]]] == found[0]:
            opened.pop()
    return opened[-1] if opened else None
