"""The children of a class: dotted names as nested `nn.ModuleList` and `nn.ModuleDict`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from archir.lowering.source.names import is_attribute, is_free

Tree: TypeAlias = "str | dict[str, Tree]"
"""The text that makes a module, or what stands below a name."""


def tree(leaves: Mapping[str, str]) -> dict[str, Tree]:
    """Nested by the parts of the dotted names, which are prefix-free."""
    root: dict[str, Tree] = {}
    for path, text in leaves.items():
        *above, last = path.split(".")
        here = root
        for part in above:
            below = here.setdefault(part, {})
            assert isinstance(below, dict)
            here = below
        here[last] = text
    return root


def is_list(children: Mapping[str, Tree]) -> bool:
    """Whether the names are 0, 1, ... without gap."""
    return set(children) == {str(i) for i in range(len(children))}


def needs_named(children: Mapping[str, Tree]) -> bool:
    """Whether some name is one that `nn.Module` uses itself."""
    return any(not is_free(name) for name in children)


def construct(value: Tree) -> str:
    """The text that makes a child and all below it."""
    if isinstance(value, str):
        return value
    if is_list(value):
        return f"nn.ModuleList([{', '.join(construct(value[str(i)]) for i in range(len(value)))}])"
    container = "Named" if needs_named(value) else "nn.ModuleDict"
    return f"{container}({{{', '.join(f'{json.dumps(n)}: {construct(v)}' for n, v in value.items())}}})"


def owner(name: str) -> str:
    """How a class reaches its own child."""
    return f"self.{name}" if is_attribute(name) else f"self[{json.dumps(name)}]"


def access(root: Mapping[str, Tree], path: str) -> str:
    """How a class reaches the child at a dotted path."""
    first, *rest = path.split(".")
    text, here = owner(first), root[first]
    for part in rest:
        assert isinstance(here, dict)
        text += f"[{part}]" if is_list(here) else f"[{json.dumps(part)}]"
        here = here[part]
    return text


def element(root: Mapping[str, Tree], path: str) -> tuple[str, int, int] | None:
    """If the child is an element of a list: the list's text, the child's place in it, and how long it is."""
    above, _, last = path.rpartition(".")
    here: Tree = dict(root)
    for part in above.split(".") if above else ():
        assert isinstance(here, dict)
        here = here[part]
    if not above or isinstance(here, str) or not is_list(here):
        return None
    return access(root, above), int(last), len(here)
