"""What holds in a module as a whole, by its form."""

from __future__ import annotations

from collections.abc import Iterator

from archir.ir.facts import Facts, ModuleInvariant
from archir.ir.gate_invariants import GATE_INVARIANTS, RESERVED
from archir.ir.graph import Choice, Operation
from archir.ir.invariants import Breach
from archir.ir.module import FORMS, ChoiceInstance, choice_instances


def _form(facts: Facts) -> Iterator[Breach]:
    if facts.module.form not in FORMS:
        yield Breach(f"`{facts.module.name}` has the form `{facts.module.form}`, which is none of {', '.join(FORMS)}")


def _reserved(facts: Facts) -> Iterator[Breach]:
    for node in facts.module.graph.nodes:
        if node.name.partition(".")[0] == RESERVED:
            yield Breach(f"`{node.name}` is a name below `{RESERVED}`, where architecture parameters live", node.span)


def _agreement(facts: Facts) -> Iterator[Breach]:
    first: dict[str, ChoiceInstance] = {}
    for here in facts.instances:
        there = first.setdefault(here.key, here)
        if there.choice is not here.choice and _shape(there.choice) != _shape(here.choice):
            pair = f"`{there.path}` and `{here.path}` share the choice `{here.key}`"
            yield Breach(f"{pair}, but not edges, candidates, active sets and keep", here.choice.span)


def _shape(choice: Choice) -> tuple[object, ...]:
    edges = ((*(candidate.name for candidate in edge.candidates), edge.active) for edge in choice.edges)
    return choice.keep, *edges


def _no_choices(facts: Facts) -> Iterator[Breach]:
    for instance in facts.instances:
        yield Breach(f"`{instance.path}` is a choice, but a network has none left", instance.choice.span)


def _no_weight_masks(facts: Facts) -> Iterator[Breach]:
    for graph in facts.graphs:
        for node in graph.nodes:
            if isinstance(node, Operation) and node.mask is not None:
                yield Breach(f"in `{graph.name}`, `{node.name}` has a mask on its weights", node.span)


def _base(facts: Facts) -> Iterator[Breach]:
    base = facts.module.base
    if base is None:
        return
    mine = {instance.path: instance.choice for instance in facts.instances}
    there = {instance.path: instance.choice for instance in choice_instances(base)}
    for path in sorted(mine.keys() | there.keys()):
        if path not in mine or path not in there or not _is_part(mine[path], there[path]):
            yield Breach(f"the choice `{path}` is not the same in the base")


def _is_part(choice: Choice, whole: Choice) -> bool:
    """Whether a choice is another one, perhaps with fewer active candidates."""
    if choice.keep != whole.keep or len(choice.edges) != len(whole.edges):
        return False
    for mine, there in zip(choice.edges, whole.edges, strict=True):
        if [c.name for c in mine.candidates] != [c.name for c in there.candidates]:
            return False
        if not {c.name for _, c in mine.alternatives} <= {c.name for _, c in there.alternatives}:
            return False
    return True


FORM = ModuleInvariant("form", "a module is a space, relaxed, or a network", _form)
MODULE_INVARIANTS = (
    FORM,
    ModuleInvariant("reserved", f"nothing in the net lives below `{RESERVED}`", _reserved),
    ModuleInvariant(
        "agreement",
        "instances that share a choice agree in its edges, candidate names, active sets and keep",
        _agreement,
    ),
    ModuleInvariant("no choices", "a network has no choices", _no_choices, ("network",)),
    ModuleInvariant(
        "no weight masks", "only a relaxed module has masks on weights", _no_weight_masks, ("space", "network")
    ),
    *GATE_INVARIANTS,
    ModuleInvariant(
        "base", "the base has the same choices, with the active sets of the net or more", _base, ("relaxed",)
    ),
)
