"""inline: the operations of called graphs take the place of the calls.

%x = @relu_conv.0(%image)  -->  %x.relu = relu(%image), %x.conv = conv(%x.relu, ...)
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from archir.ir.inlined import inlined
from archir.ir.module import Form, Module
from archir.ir.rewrite import with_graph
from archir.passes.base import Pass, Rewrite, Values


@frozen
class Inline(Pass):
    """One graph with every operation at its full path, so that weights stay where they are.

    What other passes find inside one graph only (an equal operation, a convolution in front of a batch norm)
    they then find across calls, too. The sharing of graphs is lost: the module grows with the number of cells.
    """

    name: ClassVar[str] = "inline"
    summary: ClassVar[str] = "one graph without calls"
    takes: ClassVar[tuple[Form, ...]] = ("network",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(with_graph(module, inlined(module.graph)))
