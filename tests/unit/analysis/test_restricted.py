"""What is not active is not there: a restricted space against one that is written with fewer candidates."""

from __future__ import annotations

from archir.analysis.blocks import blocks_of
from archir.analysis.cost import macs, parameters, per_instance
from archir.analysis.memory import peak_bytes
from archir.analysis.vital import vital_blocks
from archir.ir.module import Module
from archir.passes import run_pipeline
from archir.sema import load_source
from archir.source import Source

FEW = ("conv_1x1: relu_conv_bn", "conv_3x3: relu_conv_bn(k=3)")
OTHERS = ("identity", "wide")


def written(*candidates: str) -> Module:
    text = f"""
        use ops
        block wide(x) {{ return x |> conv(64) |> relu |> conv(4) }}
        candidates some = {" | ".join(candidates)}
        net tiny(image: tensor[3, 8, 8]) {{
          x = image |> conv(4, k=3) |> batch_norm
          x = choose some from x keep 1 op
          return x |> global_avg_pool |> linear(2)
        }}
    """
    return load_source(Source("tiny.nas", text))


WHOLE, FEWER = written(*OTHERS, *FEW), written(*FEW)
RESTRICTED = run_pipeline(WHOLE, "restrict{to=((all, all, (conv_1x1, conv_3x3)))}").module


def test_costs() -> None:
    for count in (macs, parameters):
        assert count(RESTRICTED) == count(FEWER) < count(WHOLE)
    assert list(per_instance(RESTRICTED)) == list(per_instance(FEWER))


def test_peak_memory() -> None:
    assert peak_bytes(RESTRICTED.graph) == peak_bytes(FEWER.graph) < peak_bytes(WHOLE.graph)


def test_vital_blocks() -> None:
    """Without the identity every way through the choice meets weights."""
    found = vital_blocks(RESTRICTED.graph)
    assert found == vital_blocks(FEWER.graph)
    assert found != vital_blocks(WHOLE.graph)


def test_blocks_that_are_timed() -> None:
    assert blocks_of(RESTRICTED) == blocks_of(FEWER)
