"""A few lines cannot stand for more than a machine holds."""

from __future__ import annotations

import pytest

from archir.diagnostics import ArchirError
from archir.sema import load_source
from archir.source import Source


def doubling(levels: int) -> str:
    blocks = ["block f0(x) { return relu(x) }"]
    blocks += [f"block f{i}(x) {{ return f{i - 1}(x) + f{i - 1}(x) }}" for i in range(1, levels + 1)]
    return "\n".join([*blocks, f"net n(x: tensor[1, 1, 1]) {{ return f{levels}(x) + x }}"])


def test_what_grows_with_every_line_is_refused() -> None:
    with pytest.raises(ArchirError) as caught:
        load_source(Source("doubling.nas", doubling(40)))
    (problem,) = caught.value.diagnostics
    assert problem.code == "NAS102"
    assert "5,000,000 operations" in problem.message
    assert "ARCHIR_LIMIT_OPERATIONS" in problem.help


def test_the_limit_can_be_raised_and_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Source("doubling.nas", doubling(4))
    assert load_source(text).form == "network"
    monkeypatch.setenv("ARCHIR_LIMIT_OPERATIONS", "40")
    with pytest.raises(ArchirError, match="NAS102"):
        load_source(text)


def test_deep_nesting_in_the_flat_form_is_refused() -> None:
    kind = "block @b.{}(%x: tensor[1, 1, 1]) {{\n %y = {} : tensor[1, 1, 1]\n return %y\n}}"
    graphs = [kind.format(0, "relu(%x)"), *(kind.format(i, f"@b.{i - 1}(%x)") for i in range(1, 3000))]
    text = "module m network {\n" + "\n".join(graphs) + "\n}\n"
    with pytest.raises(ArchirError, match="100 deep"):
        load_source(Source("deep.nas", text))
