"""A network as the text of one Python file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from functools import partial

from archir.analysis.cost import parameters
from archir.diagnostics import fail
from archir.ir.graph import Call, Graph, Operation
from archir.ir.module import Module
from archir.lowering.source.body import Reach, body, input_names
from archir.lowering.source.classes import ClassPlan, plan
from archir.lowering.source.flow import flow
from archir.lowering.source.lines import WIDTH, fit
from archir.lowering.source.names import is_attribute, unused
from archir.lowering.source.row import Layer
from archir.lowering.source.rows import ROWS
from archir.lowering.source.shapes import signature
from archir.lowering.source.tree import access, construct, element, owner, tree

_NAMED = '''class Named(nn.Module):
    """Children by name, also by names that `nn.Module` or Python use themselves."""

    def __init__(self, children: dict[str, nn.Module] | None = None) -> None:
        super().__init__()
        self._modules.update(children or {})

    def __getitem__(self, name: str) -> nn.Module:
        return self._modules[name]

    def __setitem__(self, name: str, child: nn.Module) -> None:
        self._modules[name] = child

    def train(self, mode: bool = True) -> "Named":
        self.__dict__["training"] = mode  # a child may be called `training`
        for child in self.children():
            child.train(mode)
        return self
'''


def to_source(module: Module) -> str:
    """A network as one self-contained .py file that needs torch alone.

    Its `state_dict()` has the names and shapes of `to_torch(module)`, and it computes
    the same. Raises `ArchirError` NAS601 for anything but a network.
    """
    if module.form != "network":
        fail(
            "NAS601",
            f"`{module.name}` is {'a space' if module.form == 'space' else 'a supernet'}; only a network has source",
            help="make a network first, with `derive` or `fix`",
        )
    classes = plan(module.graph)
    texts = [_class(c) for c in classes]
    helper = [_NAMED] if any(re.search(r"\bNamed\b", t) for t in texts) else []
    code = "\n\n".join([*helper, *texts, _main(module.graph, classes[-1].name)])
    return f"{_header(module, classes[-1])}\n{_imports(code)}\n\n{code}"


def _header(module: Module, net: ClassPlan) -> str:
    return f'''"""The network `{module.name}`: {parameters(module):,} parameters.

{signature(net.graphs, ())}

Written by archir; needs torch alone. To load its weights:

    import safetensors.torch

    net = {net.name}()
    net.load_state_dict(safetensors.torch.load_file("net.safetensors"))
    net.eval()
"""
'''


def _imports(code: str) -> str:
    lines = ["import torch"]
    if re.search(r"\bF\.", code):
        lines.append("import torch.nn.functional as F")
    return "\n".join([*lines, "from torch import Tensor, nn"]) + "\n"


def _main(graph: Graph, name: str) -> str:
    zeros = ", ".join(f"torch.zeros({', '.join(map(str, (1, *v.type.shape)))})" for v in graph.inputs)
    call = "\n".join(fit(f"result = net({zeros})", 8))
    return f"""if __name__ == "__main__":
    net = {name}().eval()
    print(f"{{sum(p.numel() for p in net.parameters()):,}} parameters")
    with torch.no_grad():
{call}
    print(f"output {{tuple(result.shape)}}")
"""


def _class(c: ClassPlan) -> str:
    leaves, stored, texts = _parts(c)
    children = tree(leaves)
    base = "nn.Module" if all(map(is_attribute, children)) else "Named"
    lines = [f"class {c.name}({base}):", *_docstring(c), ""]
    if children or stored:
        arguments = "".join(f", {a.name}: {a.annotation}" for a in c.arguments)
        lines += fit(f"def __init__(self{arguments}) -> None:", 4)
        lines += ["        super().__init__()"]
        lines += [f"        self.{attribute} = {text}" for attribute, text in stored.items()]
        for name, child in children.items():
            lines += fit(f"{owner(name)} = {construct(child)}", 8)
        lines += [""]
    inputs = "".join(f", {name}: Tensor" for name in input_names(c.example).values())
    lines += fit(f"def forward(self{inputs}) -> Tensor:", 4)
    for statement in body(c.example, Reach(partial(access, children), partial(element, children)), texts):
        lines += fit(statement.lstrip(), 12 if statement.startswith(" ") else 8)
    return "\n".join(lines) + "\n"


def _docstring(c: ClassPlan) -> Iterator[str]:
    name = c.example.name.rpartition(".")[2]
    text = f'"""{c.example.kind.capitalize()} `{name}`: {signature(c.graphs, c.arguments)}."""'
    if len(text) + 4 <= WIDTH:
        yield f"    {text}"
        return
    lines = textwrap.wrap(text[:-3], WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    yield from (f"    {line}" for line in lines)
    yield '    """'


def _parts(c: ClassPlan) -> tuple[dict[str, str], dict[str, str], dict[str, tuple[str, ...]]]:
    """What makes each child, the numbers that are kept as attributes, and the columns' texts in `forward`."""
    leaves: dict[str, str] = {}
    stored: dict[str, str] = {}
    texts: dict[str, tuple[str, ...]] = {}
    names = {a.name for a in c.arguments}
    children = {node.name.partition(".")[0] for node in c.example.nodes}
    for node in flow(c.example).nodes:
        given = c.texts[node.name]
        if isinstance(node, Call):
            callee = c.callees[node.name]
            parts = [
                t if a.kind == "channels" else f"{a.name}={t}" for a, t in zip(callee.arguments, given, strict=True)
            ]
            leaves[node.name] = f"{callee.name}({', '.join(parts)})"
            continue
        assert isinstance(node, Operation)
        row = ROWS[type(node.primitive)]
        if isinstance(row, Layer):
            leaves[node.name] = f"{row.torch_class}({', '.join(row.arguments(given))})"
            continue
        kept = []
        for text in given:
            if text not in names:
                kept.append(text)
                continue
            attribute = next((a for a, t in stored.items() if t == text), "")
            if not attribute:
                attribute = unused(text if is_attribute(text) else f"{text}_", children | set(stored))
                stored[attribute] = text
            kept.append(f"self.{attribute}")
        texts[node.name] = tuple(kept)
    return leaves, stored, texts
