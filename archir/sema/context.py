"""State of an elaboration: what was found wrong, what was built, and where we are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import Factory, define, frozen

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.graph import Candidate, Graph
from archir.ir.types import TensorType
from archir.limits import Limits
from archir.sema.builder import GraphBuilder
from archir.sema.library import FileScope
from archir.sema.values import POISON, Value
from archir.source import Span
from archir.syntax import ast


@frozen
class Offer:
    """A candidate as it was built for one source type; `when_legal`: it goes where it does not fit."""

    candidate: Candidate
    when_legal: bool


@define(eq=False)
class Built:
    """A definition at given arguments: its graph, or the value it returns without one."""

    graph: Graph | None
    kept: tuple[int, ...]
    result: Value = POISON
    """Where there is no graph: POISON, a plain value, or the number of the input that is returned."""
    returns_input: int | None = None
    forwards: bool = False
    """Whether the graph is another definition's, which this one does no more than call."""


@define(eq=False)
class Session:
    """One run of the elaborator over one net.

    `evaluate` and `execute` are how calls and choices reach expressions and bodies,
    which reach them in turn.
    """

    limits: Limits
    evaluate: Callable[[Frame, ast.Expr], Value]
    execute: Callable[[Frame, ast.Block], Value]
    errors: dict[tuple[str, Span | None], Diagnostic] = Factory(dict)
    built: dict[Any, tuple[Built, tuple[Diagnostic, ...]]] = Factory(dict)
    built_offers: dict[Any, tuple[tuple[Offer, ...], tuple[Diagnostic, ...]]] = Factory(dict)
    legal: dict[tuple[tuple[Offer, ...], TensorType], tuple[Candidate, ...]] = Factory(dict)
    calling: list[str] = Factory(list)
    steps: int = 0
    input: TensorType | None = None
    """The net's first feature map."""
    _attempts: list[list[Diagnostic]] = Factory(list)

    def report(self, problem: Diagnostic) -> None:
        """Notes a problem once for each place and kind."""
        if self._attempts:
            self._attempts[-1].append(problem)
        else:
            self.errors.setdefault((problem.code, problem.span), problem)

    @contextmanager
    def attempt(self) -> Iterator[list[Diagnostic]]:
        """Collects what goes wrong inside instead of reporting it."""
        found: list[Diagnostic] = []
        self._attempts.append(found)
        try:
            yield found
        finally:
            self._attempts.pop()

    def step(self, span: Span) -> None:
        """Counts work; raises `ArchirError` NAS102 past the limit."""
        self.steps += 1
        if self.steps > self.limits.steps:
            message = f"this text takes more than {self.limits.steps:,} steps to elaborate"
            raise ArchirError(Diagnostic("NAS102", message, span, help=Limits.remedy("steps")))


@define(eq=False)
class Frame:
    """One definition while its body is elaborated."""

    session: Session
    scope: FileScope
    builder: GraphBuilder
    locals: dict[str, Value] = Factory(dict)
    counters: tuple[int, ...] = ()

    def error(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> Value:  # noqa: A002
        """Reports a problem; gives the value that stands for it."""
        self.session.report(Diagnostic(code, message, span, label, (), help))
        return POISON
