"""The steps of a search method as values: a pass, a phase of training, a contest between parts, a selection of a path.

Validators raise ValueError or TypeError with a message that a person can read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

from attrs import Attribute, evolve, field, frozen
from attrs.validators import instance_of

from archir.diagnostics import ArchirError, Diagnostic
from archir.passes import Pass, Split, read_pipeline
from archir.passes.pipeline import PIPELINE
from archir.search.checks import one_of, whole, word
from archir.search.phases import Train
from archir.source import Span

Grouping: TypeAlias = Literal["given", "gradients", "random"]
Distillation: TypeAlias = Literal["none", "previous", "siblings", "both"]

GROUPINGS: tuple[Grouping, ...] = ("given", "gradients", "random")
DISTILLATIONS: tuple[Distillation, ...] = ("none", "previous", "siblings", "both")


@frozen
class RunPass:
    """Passes to run on the module, as on the command line: `relax` or `derive{edges=2}`."""

    spec: str
    span: Span | None = field(default=None, eq=False, repr=False, kw_only=True)


@frozen
class Compete:
    """A contest: a module is split, its parts are trained beside one another, and the best goes on.

    So HEP-NAS narrows its space (Li et al., 2025, Algorithm 1, lines 5 to 12).

    split: a pass that gives several modules, such as `partition{at=1}`. Each of them inherits weights, architecture
        parameters and the optimisers' state by path.
    train: how all are trained, in turn, one epoch each. It holds images out, since they decide.
    groups: `given`: as the pass says; `gradients`: the minimum cut of the similarities of gradients (Eqs. 1 and 2);
        `random`: halves.
    batches: how many the gradients are compared on. least: how many operations a group of theirs has at least.
    distill: who teaches each part beside the labels (Eqs. 6 and 7): the module before the split (`previous`), the other
        parts (`siblings`), `both`, or `none`.
    by: what the best is best in, on the held-out images: `accuracy` (Eq. 5), or `loss`. The first of equals wins.
    """

    split: str = field()
    train: Train = field(validator=instance_of(Train))
    groups: Grouping = field(default="given", validator=one_of(GROUPINGS), kw_only=True)
    batches: int = field(default=5, validator=whole(1), kw_only=True)
    least: int = field(default=1, validator=whole(1), kw_only=True)
    distill: Distillation = field(default="both", converter=word, validator=one_of(DISTILLATIONS), kw_only=True)
    by: Literal["accuracy", "loss"] = field(default="accuracy", validator=one_of(("accuracy", "loss")), kw_only=True)
    span: Span | None = field(default=None, eq=False, repr=False, kw_only=True)

    @split.validator
    def _check_split(self, _attribute: Attribute[Any], value: str) -> None:
        passes = _read(value)
        if len(passes) != 1 or not isinstance(passes[0], Split) or passes[0].part is not None:
            raise ValueError(f"a contest is between all modules of one pass that gives several, found `{value}`")

    def __attrs_post_init__(self) -> None:
        if self.train.split == 1.0:
            raise ValueError("a contest is decided on images that are held out; give `train` a `split` below 1")
        if self.distill != "none" and self.train.is_bilevel and self.train.bilevel == "second_order":
            raise ValueError("the step that second order unrolls has no teachers; use first_order, or distill=none")


@frozen
class Select:
    """Paths of the supernet are judged on held-out images, and the best is the network that was found.

    So one-shot methods end that train a supernet without learning an architecture (Guo et al., 2020; RandomNAS, Li and
    Talwalkar, 2019).

    sample: how many different paths, each equally likely; all where there are no more. by: what the best is best in.
    The first of equals wins. images: on how many of those that no weights have learned from, at most.
    """

    sample: int = field(default=200, validator=whole(1), kw_only=True)
    by: Literal["accuracy", "loss"] = field(default="loss", validator=one_of(("accuracy", "loss")), kw_only=True)
    images: int = field(default=5000, validator=whole(2), kw_only=True)
    span: Span | None = field(default=None, eq=False, repr=False, kw_only=True)


def _read(spec: str) -> list[Pass]:
    try:
        return [applied for applied, _ in read_pipeline(spec)]
    except ArchirError as error:
        raise ValueError(error.diagnostics[0].message) from error


Step: TypeAlias = RunPass | Train | Compete | Select
"""What a method does, in order."""


def phase_of(step: Step) -> Train | None:
    """How a step trains; None for a pass."""
    return step if isinstance(step, Train) else step.train if isinstance(step, Compete) else None


def learned_part(steps: Iterable[Step]) -> float:
    """The largest part of the training images that weights have learned from; a contest's counts. 0 without any phase.

    The parts of different phases lie in one another, so what is left is what no weights have learned from.
    """
    return max((phase.split for step in steps if (phase := phase_of(step)) is not None), default=0.0)


def split_of(step: Compete) -> Split:
    """The pass that a contest splits with."""
    ((split, _),) = read_pipeline(step.split)
    assert isinstance(split, Split)  # as the step has been told when it was made
    return split


@contextmanager
def placed(step: Step) -> Iterator[None]:
    """What goes wrong in this block is shown where the method has the step.

    A diagnostic that has a place in the space keeps it, and says in a note which step it was.
    """
    try:
        yield
    except ArchirError as error:
        span = step.span
        if span is None:
            raise
        raise ArchirError(*(_at(d, span) for d in error.diagnostics)) from error


def _at(diagnostic: Diagnostic, span: Span) -> Diagnostic:
    own = diagnostic.span
    if own is None or own.source.name == PIPELINE:  # a text that the user has not written
        return evolve(diagnostic, span=span)
    note = f"in the step `{_first_line(span)}` of {span.source.name}"
    return evolve(diagnostic, notes=(*diagnostic.notes, note))


def _first_line(span: Span) -> str:
    first, *more = span.source.text[span.start : span.end].splitlines()
    return f"{first} ..." if more else first
