"""Gates that sample: what they draw from, and the same draw from something else.

    gumbel_softmax(p, noise, t)           a relaxed sample of an operation for each edge, from p (SNAS)
    one_hot(gumbel_softmax(p, noise, t))  a sample: only the drawn operation runs (GDAS)

p is any expression above zero: only its ratios count. With Gumbel noise, operation k of an edge is the largest with
probability p[k] / sum p, whatever the temperature (Maddison et al. 2017, section 3; Jang et al. 2017, Eqs. 1 and 2).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from archir.ir.gates import Apply, Gate, Number, Parameter

Sampling: TypeAlias = Literal["softmax", "gumbel_softmax", "gumbel_max"]
"""The probabilities themselves; a relaxed sample; a sample."""

_SAMPLE = "gumbel_softmax"
_HARD = "one_hot"
UNTEMPERED = Number(1.0)


def sampled(how: Sampling, p: Gate, noise: str, temperature: Gate = UNTEMPERED) -> Gate:
    """A sample from p with the noise of this name; p itself for `softmax`."""
    if how == "softmax":
        return p
    soft = Apply(_SAMPLE, (p, Parameter(noise), temperature))
    return soft if how == "gumbel_softmax" else Apply(_HARD, (soft,))


def unsampled(gate: Gate) -> Gate:
    """The expression with the probabilities in place of what is sampled from them.

    Networks are derived by these, and objectives read them: the expectation of what is linear in the samples, such
    as the cost of a network, without their noise.
    """
    if not isinstance(gate, Apply):
        return gate
    if gate.function in (_SAMPLE, _HARD):
        return unsampled(gate.arguments[0])
    return Apply(gate.function, tuple(map(unsampled, gate.arguments)))


def is_sampled(gate: Gate) -> bool:
    """Whether some part of an expression is a sample."""
    return unsampled(gate) != gate


def sampled_like(gate: Gate, p: Gate) -> Gate:
    """A sample from p, drawn as the gate draws its own; p itself where the gate draws nothing."""
    if not isinstance(gate, Apply) or not is_sampled(gate):
        return p
    if gate.function == _SAMPLE:
        return Apply(_SAMPLE, (p, *gate.arguments[1:]))
    inner = next(sampled_like(a, p) for a in gate.arguments if is_sampled(a))
    return Apply(_HARD, (inner,)) if gate.function == _HARD else inner
