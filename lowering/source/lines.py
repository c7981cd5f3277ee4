"""Long lines broken as formatters do it."""

from __future__ import annotations

from collections.abc import Iterator

WIDTH = 120
_OPEN, _CLOSE = "([{", ")]}"


def fit(text: str, indent: int, tail: str = "") -> list[str]:
    """The lines of one statement or expression, none longer than `WIDTH` where a break can help."""
    line = " " * indent + text + tail
    if len(line) <= WIDTH:
        return [line]
    head, expression = _split_head(text)
    terms = list(_split(expression, " + "))
    if len(terms) > 1:
        return _sum(head, terms, indent, tail)
    start, end = _last_bracket(text)
    if end < 0 or not text[start + 1 : end].strip():
        return [line]
    body = text[start + 1 : end]
    inner = " " * (indent + 4) + body
    first, last = " " * indent + text[: start + 1], " " * indent + text[end:] + tail
    parts = list(_split(body, ", "))
    if len(inner) <= WIDTH:
        return [first, inner, last]
    comma = "," if len(parts) > 1 else ""
    return [first, *(row for part in parts for row in fit(part, indent + 4, comma)), last]


def _sum(head: str, terms: list[str], indent: int, tail: str) -> list[str]:
    if not head:  # already inside brackets
        return [
            row for i, t in enumerate(terms) for row in fit(t if i == 0 else f"+ {t}", indent, tail * (t is terms[-1]))
        ]
    rows = [row for i, t in enumerate(terms) for row in fit(t if i == 0 else f"+ {t}", indent + 4)]
    return [" " * indent + head + "(", *rows, " " * indent + ")" + tail]


def _split_head(text: str) -> tuple[str, str]:
    if text.startswith("return "):
        return "return ", text[len("return ") :]
    for depth, i in _walk(text):
        if depth == 0 and text.startswith(" = ", i):
            return text[: i + 3], text[i + 3 :]
    return "", text


def _walk(text: str) -> Iterator[tuple[int, int]]:
    """Every position with the depth of brackets around it. Strings hold no brackets: they are names."""
    depth = 0
    for i, c in enumerate(text):
        if c in _CLOSE:
            depth -= 1
        yield depth, i
        if c in _OPEN:
            depth += 1


def _split(text: str, separator: str) -> Iterator[str]:
    start = 0
    for depth, i in _walk(text):
        if depth == 0 and i >= start and text.startswith(separator, i):
            yield text[start:i]
            start = i + len(separator)
    yield text[start:]


def _last_bracket(text: str) -> tuple[int, int]:
    """Where the last pair of outermost brackets opens and closes."""
    start = end = -1
    for depth, i in _walk(text):
        if depth == 0 and text[i] in _OPEN:
            start = i
        elif depth == 0 and text[i] in _CLOSE:
            end = i
    return start, end
