"""Text -> tree, with all syntax errors of a text at once."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from lark.exceptions import UnexpectedInput, VisitError

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.limits import Limits, current_limits
from archir.source import Source, Span
from archir.syntax.ast import File
from archir.syntax.build import TreeBuilder
from archir.syntax.errors import ITEMS, QUIET, diagnose
from archir.syntax.tables import make_parser

_ITEM = re.compile(rf"^(?:{ITEMS})\b", re.MULTILINE)
_MOST_ERRORS = 20
_parser = cache(make_parser)


def parse(source: Source) -> File:
    """The tree of a text; raises `ArchirError` with every syntax error found."""
    limits = current_limits()
    _check_size(source, limits)
    try:
        return _run(source, source.text)
    except UnexpectedInput as first:
        raise ArchirError(*_all_errors(source, first)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ArchirError):
            raise error.orig_exc from None
        raise
    except RecursionError:
        fail("NAS102", f"`{source.name}` is nested too deeply", help=Limits.remedy("nesting"))


def _run(source: Source, text: str) -> File:
    with _no_collection():
        return TreeBuilder(source).transform(_parser().parse(text if text.endswith("\n") else text + "\n"))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the collector of cycles: a tree has none, and to look for some over and over takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _check_size(source: Source, limits: Limits) -> None:
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > limits.file_bytes:
        message = f"`{source.name}` has {size:,} bytes; the limit is {limits.file_bytes:,}"
        fail("NAS102", message, help=Limits.remedy("file_bytes"))
    depth = 0
    quiet = QUIET.sub(lambda m: " " * len(m[0]), source.text)
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
        errors.append(diagnose(source, error))
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
