from __future__ import annotations

import json

import numpy as np
import pytest

import archir
from archir.diagnostics import ArchirError
from archir.proposals.propose import proposals_of
from archir.proposals.tables import tables
from archir.proposals.targets import parse_targets
from archir.proposals.text import proposals_from_json, proposals_to_json
from archir.space.points import point_from_json

SMALL = {"image": (3, 32, 32), "width": 0.5}


@pytest.fixture(scope="module")
def text() -> str:
    module = archir.load("fbnet", **SMALL)
    targets = parse_targets(("macs=50%",))
    return proposals_to_json(module, proposals_of(module, targets, tables(module, ["macs"]), 2), [{}, {}])


def test_what_is_written_is_read_at_any_size(text: str) -> None:
    found = proposals_from_json(text, archir.load("fbnet"))
    assert found.pi.tolist() == [0.0, 0.0]
    rows = json.loads(text)["proposals"]
    for theta, row in zip(found.theta, rows, strict=True):
        point = point_from_json(json.dumps(row["point"]))
        names = json.loads(text)["operations"]
        assert set(theta) == set(names) == {key for key, _ in point.choices}
        for key, kept in point.choices:
            assert theta[key].shape == (1, len(names[key][0]))
            assert names[key][0][theta[key][0].argmax()] == kept[0].operation


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"operations": 1, "pi": [0], "proposals": [1]}', "[" * 100_000])
def test_other_texts_are_refused(wrong: str) -> None:
    with pytest.raises(ArchirError, match="this holds no proposals") as caught:
        proposals_from_json(wrong, archir.load("fbnet"))
    assert caught.value.diagnostics[0].code == "NAS403"


def test_proposals_of_other_choices_are_refused(text: str) -> None:
    with pytest.raises(ArchirError, match="other choices than `fbnet_k7`"):
        proposals_from_json(text, archir.load("fbnet_k7"))
    for change in ("pi", "theta"):
        value = json.loads(text)
        if change == "pi":
            value["pi"] = [0.0]
        else:
            theta = value["proposals"][1]["theta"]
            theta["fbnet.x_1.0.0"] = np.zeros((2, 9)).tolist()
        with pytest.raises(ArchirError, match="another shape"):
            proposals_from_json(json.dumps(value), archir.load("fbnet"))
