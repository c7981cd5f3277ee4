"""Rules: how learned coefficients become what is kept. A rule is a gate of zeros and ones.

`derive` evaluates it once, at the end; transit cells carry it in the place of their own gate. So what
a transit cell runs is what would be derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NoReturn, TypeAlias

from archir.diagnostics import fail
from archir.ir.gates import GATE_FUNCTIONS, Apply, Gate, Number, unmasked
from archir.ir.graph import Amount, Choice, Keep
from archir.ir.module import Module, choice_instances
from archir.ir.sampling import unsampled
from archir.space.variables import alternatives, is_none

Rule: TypeAlias = Literal["auto", "top_edges", "argmax", "nonzero", "mask"]

ONE = Amount(1, 1)


def engine_gates(module: Module) -> dict[str, Gate]:
    """For each choice (by its shared name) the gate that learns: of the first instance whose gate is no constant.

    Of one that samples, these are the probabilities: what is kept does not depend on what was drawn last.
    """
    gates = {g.path: unsampled(g.gate) for g in module.gates}
    found: dict[str, Gate] = {}
    for instance in choice_instances(module.graph):
        gate = gates[instance.path]
        if instance.key not in found or (is_constant(found[instance.key]) and not is_constant(gate)):
            found[instance.key] = gate
    return found


def is_constant(gate: Gate) -> bool:
    """Whether nothing flows back through a gate."""
    return isinstance(gate, Apply) and (gate.function == "detach" or GATE_FUNCTIONS[gate.function].zeros == "indicator")


def check_rule(rule: Rule, gates: Mapping[str, Gate]) -> None:
    """Raises `ArchirError` NAS402 for the rule `mask` where no gate has a mask: it would keep everything."""
    if rule == "mask" and gates and not any(map(is_masked, gates.values())):
        fail("NAS402", "there are no masks to derive by", help="run `mask` before it, or use another rule")


def is_masked(gate: Gate) -> bool:
    """Whether there is a mask in a gate."""
    return unmasked(gate) != gate


def settled(gate: Gate) -> Gate:
    """The expression with the strongest proposal in place of a mixture of them (HourNAS, Algorithm 1, line 22)."""
    if not isinstance(gate, Apply):
        return gate
    if gate.function == "mix":
        return Apply("mix", (Apply("argmax", gate.arguments[:1]), settled(gate.arguments[1])))
    return Apply(gate.function, tuple(map(settled, gate.arguments)))


def rule_gate(rule: Rule, key: str, choice: Choice, gate: Gate) -> Gate:
    """The indicator of what a rule keeps of a choice with this gate; of windows, whatever the rule, the strongest.

    `auto`: `top_edges` where the space says how many edges stay, `argmax` where any number may. `mask` is `auto` for
    what fills the inputs of a cell: of that nothing can be masked.
    Raises `ArchirError` NAS402 where the rule would keep what the space does not allow.
    """
    gate = settled(gate)
    if choice.windows:
        return Apply("argmax", (gate,))
    edges, operations = choice.keep.edges or ONE, choice.keep.operations
    fixed = edges.most is not None and edges.least == edges.most
    auto = rule == "auto" or (rule == "mask" and choice.slots > 1)
    named = rule if not auto else "top_edges" if fixed else "argmax"
    if named in ("nonzero", "mask"):
        if not keeps_any(choice.keep):
            _refuse(named, key, choice, "keeps what is above zero; run `widen{edges=some,ops=any}` before `relax`")
        return Apply("nonzero", (gate,)) if named == "nonzero" else Apply("nonempty", (gate, unmasked(gate)))
    if operations != ONE:
        _refuse(named, key, choice, "keeps one operation an edge; write `keep N edges` without `ops`")
    if named == "argmax":
        if choice.keep.edges is not None and edges != Amount(0, None) and not _all_possible(choice, edges):
            _refuse(named, key, choice, "may keep any number of edges; write `keep any edges`, or use `top_edges`")
        return Apply("argmax", (gate,))
    count = edges.most if edges.most is not None else edges.least
    there = sum(bool(alternatives(choice, e)) for e in range(len(choice.edges)))
    if not 1 <= count <= there:
        _refuse(named, key, choice, "needs a number of edges to keep; write `keep N edges`")
    return Apply("top_edges", (gate, Number(count)))


def _all_possible(choice: Choice, edges: Amount) -> bool:
    """Whether as many edges are kept as there are, whatever is learned: no edge has a `none`."""
    never = not any(is_none(c) for edge in choice.edges for _, c in edge.alternatives)
    return never and edges.least <= len(choice.edges) and edges.most in (None, len(choice.edges))


def keeps_any(keep: Keep) -> bool:
    """Whether any set that is not empty may stay: `keep some edges any ops`."""
    free = keep.operations.least <= 1 and keep.operations.most is None
    return free and (keep.edges is None or (keep.edges.least <= 1 and keep.edges.most is None))


def _refuse(rule: str, key: str, choice: Choice, why: str) -> NoReturn:
    fail("NAS402", f"`{rule}` cannot derive `{key}`", span=choice.span, help=f"this rule {why}")
