"""DARTS genotypes and NAS-Bench-201 strings, read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archir
from archir.analysis import cost
from archir.cli.main import run
from archir.diagnostics import ArchirError
from archir.exchange import genotype, nasbench201
from archir.exchange.darts_cells import genotype_of
from archir.exchange.nasbench201_cells import architecture_of
from archir.ir.module import Module
from archir.sema.load import load_source
from archir.sema.specialize import print_source
from archir.source import Source

V1 = (  # the DARTS repository's DARTS_V1
    "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])\n"
)
SMALL = {"channels": 4, "cells": 4, "classes": 3}
ANY = """
Genotype(
    normal=[[('skip_connect', 0)], [('sep_conv_7x7', 0), ('conv_7x1_1x7', 1), ('dil_conv_5x5', 2)]],
    normal_concat=range(2, 4),
    reduce=[[('sep_conv_7x7', 0), ('conv_7x1_1x7', 1)], [('avg_pool_3x3', 2)], [('none', 1), ('skip_connect', 0)]],
    reduce_concat=(2, 4))
"""


def read(text: str, name: str | None = None) -> genotype.Genotype:
    return genotype.parse_genotype(Source("<genotype>", text), name)


def network(found: genotype.Genotype, stem: str = "cifar", sizes: dict[str, int] = SMALL) -> Module:
    return load_source(Source("<net>", genotype.network_text(found, "best", stem, sizes)), Path.cwd())


@pytest.mark.parametrize("name", ["darts_v1", "darts_v2"])
def test_a_shipped_network_survives_the_way_out_and_in(name: str) -> None:
    shipped = archir.load(name)
    again = network(read(genotype.genotype_text(genotype_of(shipped))), sizes={})
    assert (cost.parameters(again), cost.macs(again)) == (cost.parameters(shipped), cost.macs(shipped))


def test_darts_v1_is_the_published_genotype() -> None:
    assert genotype.genotype_text(genotype_of(archir.load("darts_v1"))) == V1


def test_any_number_of_inputs_and_every_operation() -> None:
    found = read(ANY)
    assert found.reduce.concat == (2, 4)
    assert [len(node) for node in found.normal.nodes] == [1, 3]
    assert (
        genotype_of(network(read(ANY.replace("[('skip_connect', 0)], [", "[('none', 0)], [")))).normal.nodes[1]
        == (found.normal.nodes[1])
    )
    assert network(found).graph.type.shape == (3,)


def test_the_imagenet_stem() -> None:
    module = network(read(V1), "imagenet", {})
    assert module.graph.inputs[0].type.shape == (3, 224, 224)
    assert module.graph.type.shape == (1000,)
    assert cost.parameters(module) / 1e6 == pytest.approx(4.5, abs=0.2)


INPUTS = st.sampled_from(sorted(set(genotype.OPERATIONS) - {"skip_connect", "none"}))


@st.composite
def cells(draw: st.DrawFn) -> genotype.Cell:
    nodes = tuple(
        tuple((draw(INPUTS), draw(st.integers(0, i - 1))) for _ in range(draw(st.integers(1, 3)))) for i in (2, 3, 4)
    )
    return genotype.Cell(nodes, (2, 3, 4))


@settings(max_examples=10, deadline=None)
@given(cells(), cells())
def test_what_is_imported_is_exported(normal: genotype.Cell, reduce: genotype.Cell) -> None:
    found = genotype.Genotype(normal, reduce)
    assert read(genotype.genotype_text(found)) == found
    assert genotype_of(network(found)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no genotype"),
        ("Genotype(", "holds no genotype"),
        ("import os", "holds no genotype"),
        ("a = Genotype()\nb = Genotype()", "holds several genotypes"),
        ("Genotype(normal=[], normal_concat=[2])", "`reduce` is missing"),
        (V1.replace("sep_conv_3x3", "sep_conv_9x9", 1), "no operation `sep_conv_9x9`"),
        (V1.replace("('skip_connect', 2)]", "('skip_connect', 9)]", 1), "cannot read value 9"),
        (V1.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=[2, 6]"), "there is no value 6"),
        (V1.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=__import__('os')"), "only lists"),
        (V1.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=range(0, 10**9)"), "only lists"),
        (V1.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=range(999999999)"), "list of nodes"),
        ("(" * 5000, "holds no genotype"),
        ("-" * 100_000 + "1", "holds no genotype"),
        ("\0", "holds no genotype"),
    ],
)
def test_a_wrong_genotype_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ArchirError) as caught:
        read(text)
    assert message in str(caught.value.diagnostics[0].message)
    assert caught.value.diagnostics[0].help


def test_one_of_several_is_chosen_by_name() -> None:
    both = f"A = {V1}B = {ANY.strip()}\n"
    assert read(both, "A") == read(V1)
    assert read(both, "B") == read(ANY)
    with pytest.raises(ArchirError, match="no genotype `C`"):
        read(both, "C")


@pytest.mark.parametrize("number", [1, 77, 5000, 15_000, 15_624])
def test_a_string_of_the_benchmark_comes_back_or_one_that_computes_the_same(number: int) -> None:
    edges = list(nasbench201.all_architectures())[number]
    text = nasbench201.architecture_text(edges)
    assert nasbench201.parse_architecture(Source("<text>", text)) == edges
    module = load_source(Source("<net>", nasbench201.network_text(edges, "found", {"cells": 1})), Path.cwd())
    again = architecture_of(module)
    printed = load_source(Source("<net>", nasbench201.network_text(again, "found", {"cells": 1})), Path.cwd())
    assert (cost.parameters(printed), cost.macs(printed)) == (cost.parameters(module), cost.macs(module))


def test_a_string_without_skips_comes_back_as_it_was() -> None:
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    edges = nasbench201.parse_architecture(Source("<text>", text))
    module = load_source(Source("<net>", nasbench201.network_text(edges, "found", {})), Path.cwd())
    assert (cost.parameters(module), cost.macs(module)) == (129_306, 15_647_360)  # the benchmark's first row
    assert nasbench201.architecture_text(architecture_of(module)) == text


@pytest.mark.parametrize("text", ["", "|none~0|", "|none~0|+|none~0|+|none~0|", "|nonne~0|+|none~0|none~1|+||||"])
def test_a_wrong_string_is_an_error(text: str) -> None:
    with pytest.raises(ArchirError):
        nasbench201.parse_architecture(Source("<text>", text))


def test_a_network_found_in_a_space_is_exported() -> None:
    for name in ("darts", "hmnas"):
        module = archir.apply(archir.load(name, cells=4, channels=4), "sample{seed=5}")
        found = genotype_of(load_source(Source("<net>", print_source(module)), Path.cwd()))
        again = network(found, sizes={"cells": 4, "channels": 4})
        assert cost.parameters(again) == cost.parameters(module)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "genotypes.py").write_text(f"DARTS_V1 = {V1}", "utf-8")
    net = tmp_path / "net.nas"
    assert run(["import", "--from", "darts", str(tmp_path / "genotypes.py"), "--name", "DARTS_V1", "-o", str(net)]) == 0
    assert archir.load(str(net)).name == "darts_v1"
    assert run(["export-genotype", str(net)]) == 0
    assert capsys.readouterr().out == V1
    assert run(["import", "--from", "nasbench201", "|a~0|"]) == 1
    assert run(["export-genotype", "fbnet_max"]) == 1
    assert run(["import", "--from", "darts", str(net), "--set", "width=3"]) == 1


def test_a_node_that_only_passes_a_value_on_is_a_node_again() -> None:
    """A skip alone leaves nothing in the network but the value that it passes on."""
    given = network(read(ANY))
    found = genotype_of(given)
    assert [len(node) for node in found.normal.nodes] == [3, 1]
    assert (("skip_connect", 0),) in found.normal.nodes
    assert found.normal.concat == (3, 2)
    again = network(found)
    assert cost.total(again.graph) == cost.total(given.graph)
    assert genotype_of(again) == found
