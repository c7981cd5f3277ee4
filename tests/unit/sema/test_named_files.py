"""Files that settings name: one name for a file, and one file for a name."""

from __future__ import annotations

from pathlib import Path

import pytest

import archir
from archir.diagnostics import ArchirError
from archir.ir.module import Module, choice_instances
from archir.lowering.flatten import flatten
from archir.sema import load, load_source, reload
from archir.sema.specialize import print_source
from archir.source import Source

NET = "use ops\nnet n(image: tensor[3, 8, 8], a: cell, b: cell) { return skip(b(a(sigmoid(image)))) }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "net.nas").write_text(NET)
    for name, act in (("cells", "relu"), ("sub/cells", "relu6"), ("sub-cells", "swish"), ("sigmoid", "max_pool(k=1)")):
        text = f"candidates acts = {act} | dropout\ncell normal(x) {{ return choose acts from x keep 1 op }}\n"
        (tmp_path / f"{name}.nas").write_text(text)
    (tmp_path / "skip.nas").write_text((tmp_path / "cells.nas").read_text())
    return tmp_path


def space_of(a: str, b: str) -> Module:
    """The net with these cells, which the texts that it recorded give again, and which prints what was drawn."""
    space = load("net.nas", a=a, b=b)
    assert space.origin is not None
    assert reload(space.origin) == space
    drawn = archir.apply(space, "sample{seed=1}")
    printed = load_source(Source("printed.nas", print_source(drawn)))
    assert primitives(printed) == primitives(drawn)
    return space


def primitives(network: Module) -> list[str]:
    return [step.primitive.name for step in flatten(network).steps]


def offered(space: Module) -> dict[str, str]:
    """By choice, the first candidate."""
    return {c.key: c.choice.edges[0].candidates[0].name for c in choice_instances(space.graph)}


@pytest.mark.parametrize("other", ["./cells.nas", "sub/../cells.nas", "{folder}/cells.nas", "cells.nas"])
def test_a_file_by_two_paths_is_one_file(folder: Path, other: str) -> None:
    path = f"{other.format(folder=folder)}:normal"
    assert offered(space_of("cells.normal", path)) == {"cells.normal.choose": "relu"}
    assert len(offered(space_of(path, "cells.normal"))) == 1


@pytest.mark.parametrize(
    ("a", "b", "first", "second"),
    [
        ("cells.normal", "sub/cells.nas:normal", "relu", "relu6"),
        ("sub/cells.nas:normal", "sub-cells.nas:normal", "relu6", "swish"),
        ("sub-cells.nas:normal", "sub/cells.nas:normal", "swish", "relu6"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_two_files_that_are_called_alike_stay_two(a: str, b: str, first: str, second: str) -> None:
    assert list(offered(space_of(a, b)).values()) == [first, second]


@pytest.mark.parametrize("name", ["sigmoid.nas:normal", "sigmoid.normal", "skip.nas:normal"])
@pytest.mark.usefixtures("folder")
def test_a_file_that_is_called_like_a_definition_does_not_hide_it(name: str) -> None:
    assert len(offered(space_of("cells.normal", name))) == 2


@pytest.mark.usefixtures("folder")
def test_a_file_of_two_names_has_choices_of_both() -> None:
    Path("net.nas").write_text(f"use sub.cells\n{NET}")
    assert len(offered(space_of("cells.normal", "sub/cells.nas:normal"))) == 2


@pytest.mark.usefixtures("folder")
def test_the_net_s_own_file_may_be_named() -> None:
    Path("n.nas").write_text(
        f"{NET}candidates own = relu | relu6\ncell one(x) {{ return choose own from x keep 1 op }}"
    )
    space = load("n.nas", a="one", b="n.nas:one")
    assert space.origin is not None
    assert reload(space.origin) == space


@pytest.mark.usefixtures("folder")
def test_a_space_does_not_print_a_name_that_only_a_path_has() -> None:
    assert "use cells\n" in print_source(load("net.nas", a="cells.normal", b="cells.normal"))
    with pytest.raises(ArchirError, match="a text cannot name the file"):
        print_source(load("net.nas", a="cells.normal", b="sub/cells.nas:normal"))


@pytest.mark.usefixtures("folder")
def test_candidate_sets_of_one_name_are_printed_under_two() -> None:
    text = """
candidates acts = sigmoid | relu
cell made(x, few: candidates) { return choose few from x keep 1 op }
net n(image: tensor[3, 8, 8], a: candidates = acts, b: candidates = acts) { return made@1(made@2(image, a), b) }
"""
    drawn = archir.apply(load_source(Source("n.nas", text), Path(), None, {"a": "cells.acts"}), "sample")
    printed = print_source(drawn)
    assert "candidates own_acts = sigmoid | relu\ncandidates acts = relu | dropout\n" in printed
    assert "a: candidates = acts, b: candidates = own_acts" in printed
