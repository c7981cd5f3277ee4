"""propose: probabilities come from distributions over networks that cost what was asked for.

gate = softmax(alpha / t)  -->  gate = mix(softmax(pi / t), softmax(theta / t))
                                objective budget = slope * sum over i of pi[i] * |expected cost of theta[i] - target|
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from attrs import NOTHING, evolve, frozen, validators

from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, Number, Parameter, Table, added, parameters_of, replaced
from archir.ir.module import (
    ArchitectureParameter,
    Form,
    GateOf,
    Module,
    NamedValue,
    Noise,
    Objective,
    choice_instances,
    shared_choices,
)
from archir.ir.numbers import Numbers
from archir.ir.sampling import is_sampled, sampled_like, unsampled
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.budget import LATENCY_HELP, TARGET_HELP, WITHIN_HELP, searched_space
from archir.passes.relax import alpha_of, noise_of
from archir.passes.weights import Fresh
from archir.proposals.budget import WITHIN
from archir.proposals.costs import Array
from archir.proposals.layers import by_choice
from archir.proposals.optimize import TEMPERATURE
from archir.proposals.propose import Proposals, proposals_of
from archir.proposals.tables import tables_of
from archir.proposals.targets import parse_targets

PI, PI_NOISE = "arch.pi", "arch.pi_noise"
_DIGITS = 4
"""Of where theta starts, so that people can read it: a ten-thousandth changes a probability at 0.1 by a thousandth."""


@frozen
class Propose(Pass):
    """The space proposals of HourNAS (Yang et al. 2021, section 3.3): m distributions theta, and Pi, which weighs them.

    Theta starts where `archir propose` with the same targets finds it, Pi at zero; where fewer than m networks meet
    the targets, there are as many proposals. The probabilities of each choice are sum_i pi_i softmax(theta_i)
    (Eqs. 8 and 9), with the temperature that alpha had, in place of softmax(alpha): what gates do with these stays.
    Gates that sample draw a proposal, one for all choices, and then from it.

    The objective is `slope` times sum_i pi_i sum_n |R_n(theta_i) - T_n| / M_n (Eqs. 6 and 10), with R the expected cost
    at temperature 0.2, at which proposals are found, T the target and M the largest cost of the space. `derive` reads
    the strongest proposal; with the same target, its network costs what was asked for.
    """

    name: ClassVar[str] = "propose"
    summary: ClassVar[str] = "architecture parameters become proposals: distributions that meet a budget"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    target: tuple[str, ...] = option(NOTHING, TARGET_HELP)
    m: int = option(8, "how many proposals", validator=[validators.ge(1), validators.le(1000)])
    seed: int = option(0, "of the random starts", validator=validators.ge(0))
    slope: float = option(1.0, "alpha of Eq. 10", validator=validators.ge(0.0))
    within: float = option(WITHIN, WITHIN_HELP, validator=validators.gt(0.0))
    latency: str = option("", LATENCY_HELP)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        alphas = {alpha_of(key): theta_of(key) for key in shared_choices(module)}
        gates = {g.path: g.gate for g in module.gates}
        instances = tuple(choice_instances(module.graph))
        for i in instances:
            if _softmax_of(gates[i.path], alpha_of(i.key)) is None:
                message = f"the gate of `{i.path}` has no softmax of an alpha"
                fail("NAS402", message, help="run `propose` once, behind `relax`")
        space, targets = searched_space(module), parse_targets(self.target)
        tables = tables_of(space, targets, self.latency)
        found = proposals_of(space, targets, tables, self.m, self.seed, self.within, fewer=True)
        count = len(found.theta)
        first = instances[0]
        pi = _pi(gates[first.path], first.key)
        mixed = tuple(GateOf(i.path, _mixed(gates[i.path], i.key, pi)) for i in instances)
        kept = tuple(p for p in module.parameters if p.name not in alphas)
        new = (ArchitectureParameter(PI, (1, count), 0.0), *_thetas(found))
        noises = (*module.noises, *((Noise(PI_NOISE, (1, count)),) if is_sampled(pi) else ()))
        costs = tuple(_expected_costs(found))
        objective = Objective("budget", self._objective(unsampled(pi), costs, found))
        module = evolve(
            module, gates=mixed, parameters=(*new, *kept), noises=noises, values=(*module.values, *costs),
            objectives=(*module.objectives, objective),
        )  # fmt: skip
        return Rewrite(module, {p.name: Fresh() for p in new}, self._notes(found))

    def _notes(self, found: Proposals) -> tuple[str, ...]:
        count = len(found.theta)
        few = f"; no others of {self.m} were found" if count < self.m else ""
        return (
            f"{count} proposal{'' if count == 1 else 's'}{few}",
            f"the strongest network of the first one costs {found.words(found.picks[0])}",
        )

    def _objective(self, pi: Gate, costs: tuple[NamedValue, ...], found: Proposals) -> Gate:
        rows = zip(costs, found.targets.tolist(), found.costs.most.tolist(), strict=True)
        misses = [_over(Apply("abs", (Apply("-", (Parameter(c.name), Number(t))),)), most) for c, t, most in rows]
        return Apply("*", (Number(self.slope), Apply("dot", (pi, added(misses)))))


def theta_of(key: str) -> str:
    """The name of the architecture parameter over the operations of a choice in each proposal."""
    return f"arch.{key}.theta"


def _over(gate: Gate, number: float) -> Gate:
    return Apply("/", (gate, Number(number)))


def _pi(gate: Gate, key: str) -> Gate:
    """The weights of proposals, drawn where the gate of a choice draws, at the temperature that it has."""
    drawn = sampled_like(gate, _softmax_for(gate, key, PI))
    return replaced(drawn, Parameter(noise_of(key)), Parameter(PI_NOISE))


def _mixed(gate: Gate, key: str, pi: Gate) -> Gate:
    """The gate with a mixture in place of the softmax of alpha: what it does with that (draw, weigh, mask) stays."""
    softmax = _softmax_for(gate, key, alpha_of(key))
    return replaced(gate, softmax, Apply("mix", (pi, _softmax_for(gate, key, theta_of(key)))))


def _softmax_for(gate: Gate, key: str, name: str) -> Gate:
    """The softmax in the gate of a choice, of another parameter than alpha."""
    softmax = _softmax_of(gate, alpha_of(key))
    assert softmax is not None, "asked before"
    return replaced(softmax, Parameter(alpha_of(key)), Parameter(name))


def _softmax_of(gate: Gate, name: str) -> Gate | None:
    """The innermost softmax of a parameter in a gate."""
    if not isinstance(gate, Apply) or name not in parameters_of(gate):
        return None
    inner = next((found for a in gate.arguments if (found := _softmax_of(a, name)) is not None), None)
    return inner or (gate if gate.function == "softmax" else None)


def _thetas(found: Proposals) -> Iterator[ArchitectureParameter]:
    of = [by_choice(found.layers, theta) for theta in found.theta]
    for key in of[0]:
        start = np.stack([arrays[key] for arrays in of]).round(_DIGITS)
        yield ArchitectureParameter(theta_of(key), start.shape, 0.0, _numbers(start + 0.0))  # no negative zeros


def _numbers(values: Array) -> Numbers:
    return float(values) if values.ndim == 0 else tuple(_numbers(part) for part in values)


def _expected_costs(found: Proposals) -> Iterator[NamedValue]:
    """The expected cost of each proposal in each measure, a row."""
    for measure, fixed, table in zip(found.costs.measures, found.costs.fixed, found.costs.table, strict=True):
        terms: list[Gate] = [Number(float(fixed))]
        for key, rows in by_choice(found.layers, table).items():
            p = Apply("softmax", (_over(Parameter(theta_of(key)), TEMPERATURE),))
            terms.append(Apply("per_proposal", (p, Table(tuple(map(tuple, rows.tolist()))))))
        yield NamedValue(f"cost.{measure}", added(terms))
