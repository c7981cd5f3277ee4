"""One finding: what is wrong, where, and what to do instead."""

from __future__ import annotations

from typing import NoReturn

from attrs import frozen

from archir.source import Span


@frozen
class Diagnostic:
    """An error about the input.

    `message` stands alone. `label` is put under the caret, `notes` say how it came
    about, `help` says what to write instead. `code` is a key of `codes.CODES`.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str = ""


class ArchirError(Exception):
    """Bad input. The command line prints the diagnostics and ends with status 1."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(f"{d.code}: {d.message}" for d in diagnostics))
        self.diagnostics = diagnostics


def fail(code: str, message: str, *, span: Span | None = None, label: str = "", help: str = "") -> NoReturn:  # noqa: A002
    """Raises one diagnostic."""
    raise ArchirError(Diagnostic(code, message, span, label, (), help))
