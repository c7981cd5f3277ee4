"""Proposals as JSON text, for a search to start from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from archir.diagnostics import fail
from archir.ir.module import Module, shared_choices
from archir.proposals.costs import Array
from archir.proposals.layers import by_choice
from archir.proposals.propose import Proposals
from archir.space.points import point_rows


@frozen(eq=False)
class Stored:
    """What a search starts from.

    Attributes:
        pi: over (proposal), the logits by which one of them is sampled (Eq. 8).
        theta: for each proposal and choice (by its shared name) the logits over (edge, operation).
    """

    pi: Array
    theta: tuple[Mapping[str, Array], ...]


def proposals_to_json(module: Module, proposals: Proposals, costs: list[dict[str, float]]) -> str:
    """Proposals of a space, with what their strongest networks cost, as JSON text. Pi is uniform."""
    value = {
        "space": module.name,
        "targets": dict(zip(proposals.costs.measures, proposals.targets.tolist(), strict=True)),
        "operations": _operations(module),
        "pi": [0.0] * len(proposals.theta),
        "proposals": [
            {"point": point_rows(point), "costs": of, "theta": {k: v.tolist() for k, v in arrays.items()}}
            for point, of, arrays in zip(
                proposals.points, costs, (by_choice(proposals.layers, t) for t in proposals.theta), strict=True
            )
        ],
    }
    return json.dumps(value, indent=1) + "\n"


def proposals_from_json(text: str, module: Module) -> Stored:
    """The proposals in a text, for a space with the same choices, at any size.

    Raises:
        ArchirError: NAS403 if the text holds none, or those of a space with other choices or operations.
    """
    try:
        value = json.loads(text)
        operations = value["operations"]
        pi = np.array(value["pi"], dtype=np.float64)
        theta = tuple(
            {str(key): np.array(rows, dtype=np.float64) for key, rows in one["theta"].items()}
            for one in value["proposals"]
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        fail("NAS403", f"this holds no proposals: {error}", help="name a file that `archir propose -o FILE.json` wrote")
    if operations != _operations(module):
        help_ = "propose again, for this space"
        fail("NAS403", f"these are proposals of a space with other choices than `{module.name}`", help=help_)
    shapes = {key: (len(edges), max(map(len, edges))) for key, edges in _operations(module).items()}
    if pi.shape != (len(theta),) or any({k: a.shape for k, a in one.items()} != shapes for one in theta):
        fail("NAS403", "an array of these proposals has another shape than its choice", help="propose again")
    return Stored(pi, theta)


def _operations(module: Module) -> dict[str, Any]:
    return {
        key: [[c.name for c in edge.candidates] for edge in choice.edges]
        for key, choice in shared_choices(module).items()
    }
