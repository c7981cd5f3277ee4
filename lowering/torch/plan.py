"""What one forward of a graph does, in order: data, which `execute` runs and any other backend may compile.

before: every value that the graph may need (`flat`)
after:  steps for those that are needed now, with the coefficients in their places

A plan depends on which alternatives are active, so a choice that moves from step to step takes another plan,
and nothing is built anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from attrs import frozen

from archir.ir.module import join
from archir.lowering.torch.flat import Compute, Enter, Flat, Input, Mixture, Term, Value
from archir.lowering.torch.layout import zeros
from archir.lowering.torch.masks import masked_runner
from archir.lowering.torch.options import Options
from archir.lowering.torch.row import Runner
from archir.lowering.torch.rows import runner
from archir.ops.norm import BatchNorm


class Activity(NamedTuple):
    """What a plan needs to know of a gate's value; see `GateValue`."""

    active: tuple[tuple[int, int], ...] | None
    plain: bool


class Coefficient(NamedTuple):
    """One number of the gate of the graph's choice number `choice`."""

    choice: int
    edge: int
    operation: int


class Run(NamedTuple):
    """values[target] = function(operands, tensors)."""

    function: Runner
    operands: tuple[int, ...]
    tensors: tuple[str, ...]
    target: int


class Normalise(NamedTuple):
    """Batch normalisation, times a coefficient where there is one.

    affine: paths of scale and shift, or nothing. running: below which paths statistics are kept. Evaluating,
    these are read, and there is one path.
    """

    operand: int
    affine: tuple[str, ...]
    running: tuple[str, ...]
    coefficient: Coefficient | None
    primitive: BatchNorm
    training: bool
    target: int


class Accumulate(NamedTuple):
    """values[target] += coefficient * values[operand]; `first` begins the sum, `owned` may write into it."""

    operand: int
    coefficient: Coefficient | None
    first: bool
    owned: bool
    target: int


class Visit(NamedTuple):
    """Runs the instance below a path."""

    path: str
    operands: tuple[int, ...]
    target: int


Chosen: TypeAlias = dict[int, tuple[Term, ...]]
Step: TypeAlias = Run | Normalise | Accumulate | Visit


@frozen(eq=False)
class Plan:
    """Steps over numbered values, of which the operands are the first; behind each step, the values that it frees."""

    values: int
    steps: tuple[tuple[Step, tuple[int, ...]], ...]
    output: int


def plan(flat: Flat, activity: Sequence[Activity], options: Options, *, training: bool) -> Plan:
    """The steps of one graph. `activity`: one for each of `flat.mixtures`."""
    chosen = {number: _active(mixture.terms, a) for (number, mixture), a in zip(flat.mixtures, activity, strict=True)}
    roots = {flat.output} if options.prune else {flat.output} | _running(flat, chosen)
    needed = _needed(flat, chosen, roots)
    chosen = {number: terms for number, terms in chosen.items() if number in needed}
    writer = _Writer(flat, chosen, needed, activity, options, training)
    steps = list(writer.steps())
    return Plan(len(flat.values), tuple(zip(steps, _freed(steps, flat), strict=True)), flat.output)


def _active(terms: tuple[Term, ...], activity: Activity) -> tuple[Term, ...]:
    if activity.active is None:
        return terms
    active = set(activity.active)
    return tuple(t for t in terms if (t.edge, t.operation) in active)


def read_by(value: Value, terms: Iterable[Term] = ()) -> tuple[int, ...]:
    """The values that a value is computed from; `terms` are those of a mixture that run."""
    if isinstance(value, Mixture):
        return tuple(t.value for t in terms) or (0,)  # an empty sum takes its batch size from the first operand
    return () if isinstance(value, Input) else value.operands


def _needed(flat: Flat, chosen: Chosen, roots: set[int]) -> set[int]:
    needed = set(roots)
    for number in range(max(roots), -1, -1):
        if number in needed:
            needed |= set(read_by(flat.values[number], chosen.get(number, ())))
    return needed


def _inactive(flat: Flat, chosen: Chosen) -> set[str]:
    """The paths of candidates that do not run on any edge."""
    return {t.path for _, m in flat.mixtures for t in m.terms} - {t.path for terms in chosen.values() for t in terms}


def _is_below(path: str, above: set[str]) -> bool:
    names = path.split(".") if above else []
    return any(".".join(names[:n]) in above for n in range(1, len(names)))


def _running(flat: Flat, chosen: Chosen) -> set[int]:
    """All that stands in candidates that run, whether it is read or not."""
    inactive, found = _inactive(flat, chosen), set()
    for number, value in enumerate(flat.values):
        if not isinstance(value, Input):
            path = value.paths[0] if isinstance(value, Compute) else value.path
            if not _is_below(path, inactive):
                found.add(number)
    return found


def _freed(steps: list[Step], flat: Flat) -> list[tuple[int, ...]]:
    """For each step the values that no later one reads."""
    kept, freed = {flat.output}, []
    for step in reversed(steps):
        reads = step.operands if isinstance(step, Run | Visit) else (step.operand,)
        touched = dict.fromkeys(reads)
        freed.append(tuple(v for v in touched if v not in kept and v != step.target))
        kept |= set(touched)
    return freed[::-1]


class _Writer:
    def __init__(
        self, flat: Flat, chosen: Chosen, needed: set[int], activity: Sequence[Activity],
        options: Options, training: bool,
    ) -> None:  # fmt: skip
        self.flat, self.chosen, self.needed, self.options, self.training = flat, chosen, needed, options, training
        self.order = {number: i for i, (number, _) in enumerate(flat.mixtures)}
        self.plain = {number: a.plain for (number, _), a in zip(flat.mixtures, activity, strict=True)}
        uses = Counter(v for n in needed for v in read_by(flat.values[n], chosen.get(n, ())))
        uses[flat.output] += 1
        # where a value is a single term and nothing else, it joins its sum as soon as it is there
        self.only = {t.value: (m, t) for m, terms in chosen.items() for t in terms if uses[t.value] == 1}
        self.begun: dict[int, bool] = {}
        self.inactive = _inactive(flat, chosen)

    def steps(self) -> Iterator[Step]:
        for number in sorted(self.needed):
            value = self.flat.values[number]
            if isinstance(value, Compute):
                yield from self.compute(number, value)
            elif isinstance(value, Enter):
                yield Visit(value.path, value.operands, number)
                yield from self.join_sum(number)
            elif isinstance(value, Mixture):
                yield from self.mix(number, value)

    def compute(self, number: int, value: Compute) -> Iterator[Step]:
        p = value.primitive
        if not isinstance(p, BatchNorm):
            run, tensors = self.runner(value)
            yield Run(run, value.operands, tensors, number)
            yield from self.join_sum(number)
            return
        affine = tuple(join(value.paths[0], n) for n in ("weight", "bias")) if p.scales else ()
        folded = self.options.fold and number in self.only
        coefficient = self.coefficient(*self.only[number]) if folded else None
        running = tuple(path for path in value.paths if not _is_below(path, self.inactive))
        yield Normalise(value.operands[0], affine, running, coefficient, p, self.training, number)
        yield from self.join_sum(number, fresh=True, folded=folded)

    def runner(self, value: Compute) -> tuple[Runner, tuple[str, ...]]:
        """What runs a primitive, and the paths of the tensors that it takes behind its operands."""
        p = value.primitive
        run = runner(p, value.inputs, self.training, self.options)
        names = tuple(w.name for w in p.weights(value.inputs))
        if value.mask is not None:
            run, masks = masked_runner(run, p, value.inputs, value.mask)
            names += masks
        return run, tuple(join(value.paths[0], name) for name in names)

    def join_sum(self, number: int, *, fresh: bool = False, folded: bool = False) -> Iterator[Step]:
        """Adds a value that is used once, and as a term, to its sum. `fresh`: no backward needs it as it is."""
        if number in self.only:
            yield self.accumulate(*self.only[number], fresh=fresh, folded=folded)

    def mix(self, number: int, mixture: Mixture) -> Iterator[Step]:
        terms = self.chosen[number]
        if not terms:
            yield Run(partial(zeros, shape=mixture.type.shape), (0,), (), number)
        for term in terms:
            value = self.flat.values[term.value]
            if term.value not in self.only or isinstance(value, Input | Mixture):
                yield self.accumulate(number, term, fresh=False, folded=False)

    def coefficient(self, mixture: int, term: Term) -> Coefficient | None:
        return None if self.plain[mixture] else Coefficient(self.order[mixture], term.edge, term.operation)

    def accumulate(self, mixture: int, term: Term, *, fresh: bool, folded: bool) -> Accumulate:
        coefficient = None if folded else self.coefficient(mixture, term)
        first = mixture not in self.begun
        owned = self.options.fold and not first and self.begun[mixture]
        # a product or a sum is a new tensor that no backward reads
        self.begun[mixture] = not first or coefficient is not None or fresh
        return Accumulate(term.value, coefficient, first, owned, mixture)
