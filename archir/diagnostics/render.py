"""Diagnostics as text: full with carets, one line each, JSON, or annotations of a GitHub workflow."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Literal, TextIO, TypeAlias

from archir.diagnostics.diagnostic import Diagnostic
from archir.diagnostics.display import excerpt, printable
from archir.source import Span

Style: TypeAlias = Literal["full", "concise", "json", "github"]
Paint: TypeAlias = Callable[[str, str], str]

SHOWN_LINES = 4
"""A span over more lines is shown by its first and its last line."""


def render(diagnostics: Iterable[Diagnostic], style: Style = "full", *, color: bool = False) -> str:
    """All diagnostics as one text that ends with a newline, sorted by place, each once.

    The empty string for no diagnostics, `[]` in JSON. `color` matters to `full` alone.
    """
    found = in_order(diagnostics)
    if style == "json":
        return json.dumps([as_json(d) for d in found], indent=2, ensure_ascii=False) + "\n"
    if not found:
        return ""
    if style == "github":
        return "".join(_github(d) + "\n" for d in found)
    count = f"{len(found)} error{'s' if len(found) > 1 else ''}"
    if style == "concise":
        return "".join(_concise(d) + "\n" for d in found) + count + "\n"
    paint = _ansi if color else _plain
    more = f"`archir explain {found[0].code}` says more about {'it' if len(found) == 1 else 'the first'}"
    return "".join(_full(d, paint) + "\n\n" for d in found) + f"{count}; {more}\n"


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by file and place (those without a place first), without repeats."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=_place))


def wants_color(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose user has not set NO_COLOR."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def as_json(diagnostic: Diagnostic) -> dict[str, object]:
    """One diagnostic as plain values; lines and columns count from one, the end column is the first behind the span."""
    place = _location(diagnostic.span) if diagnostic.span else (None, None, None, None, None)
    keys = ("file", "line", "column", "end_line", "end_column")
    return {
        "code": diagnostic.code,
        "message": diagnostic.message,
        **dict(zip(keys, place, strict=True)),
        "label": diagnostic.label,
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
    }


def _place(d: Diagnostic) -> tuple[str, int, int, str, str]:
    name, start, end = (d.span.source.name, d.span.start, d.span.end) if d.span else ("", -1, -1)
    return name, start, end, d.code, d.message


def _clamp(span: Span) -> tuple[int, int]:
    size = len(span.source.text)
    start = min(max(span.start, 0), size)
    return start, min(max(span.end, start), size)


def _location(span: Span) -> tuple[str, int, int, int, int]:
    start, end = _clamp(span)
    return span.source.name, *span.source.location(start), *span.source.location(end)


def _concise(d: Diagnostic) -> str:
    place = ""
    if d.span:
        name, line, column, _, _ = _location(d.span)
        place = f"{printable(name)}:{line}:{column}: "
    return f"{place}error[{d.code}]: {_flat(d.message)}"


def _flat(text: str) -> str:
    return " ".join(printable(line).strip() for line in text.splitlines())


def _github(d: Diagnostic) -> str:
    def escape(text: str, extra: str = "") -> str:
        return "".join(f"%{ord(c):02X}" if c in "%\r\n" + extra else c for c in text)

    properties = {"title": d.code}
    if d.span:
        name, line, column, end_line, end_column = _location(d.span)
        properties |= {"file": name, "line": str(line), "col": str(column), "endLine": str(end_line)}
        properties |= {"endColumn": str(end_column)} if end_line == line else {}
    text = "\n".join((d.message, *d.notes, *((f"help: {d.help}",) if d.help else ())))
    listed = ",".join(f"{key}={escape(value, ':,')}" for key, value in properties.items())
    return f"::error {listed}::{escape(text)}"


def _full(d: Diagnostic, paint: Paint) -> str:
    head = f"{paint(f'error[{d.code}]', 'error')}{paint(f': {_flat(d.message)}', 'strong')}"
    margin = 0
    lines = [head]
    if d.span:
        margin = len(str(_location(d.span)[3]))
        lines += _snippet(d.span, printable(d.label), margin, paint)
    for kind, text in (*(("note", note) for note in d.notes), ("help", d.help)):
        if text:
            lines += _footer(kind, text, margin, paint)
    return "\n".join(lines)


def _footer(kind: str, text: str, margin: int, paint: Paint) -> list[str]:
    first, *rest = (printable(line) for line in text.splitlines())
    start = f"{' ' * margin} {paint('=', 'gutter')} {paint(f'{kind}:', 'strong')} "
    return [start + first, *(" " * (margin + len(kind) + 5) + line for line in rest)]


def _snippet(span: Span, label: str, margin: int, paint: Paint) -> list[str]:
    name, first, column, _, _ = _location(span)
    start, end = _clamp(span)
    last = span.source.location(max(start, end - 1))[0]
    bar = paint("|", "gutter")
    out = [f"{' ' * margin}{paint('-->', 'gutter')} {printable(name)}:{first}:{column}", f"{' ' * margin} {bar}"]
    numbers = range(first, last + 1) if last - first < SHOWN_LINES else (first, 0, last)
    for number in numbers:
        if not number:
            out.append(paint("...", "gutter"))
            continue
        line = span.source.line(number)
        from_ = column - 1 if number == first else len(line) - len(line.lstrip())
        to = span.source.location(end)[1] - 1 if number == span.source.location(end)[0] else len(line.rstrip())
        part = excerpt(line, from_, max(from_, to))
        out.append(f"{paint(f'{number:>{margin}}', 'gutter')} {bar} {part.text}".rstrip())
        if number in (first, last) or part.text:
            carets = " " * part.start + paint("^" * (part.end - part.start), "error")
            tail = paint(f" {label}", "error") if label and number == last else ""
            out.append(f"{' ' * margin} {bar} {carets}{tail}")
    return out


def _plain(text: str, _role: str) -> str:
    return text


def _ansi(text: str, role: str) -> str:
    from click import style  # only a terminal pays for this import

    if role == "gutter":
        return style(text, fg="blue", bold=True)
    return style(text, fg="red" if role == "error" else None, bold=True)
