"""Names in a text: what they mean, and those that mean nothing anywhere, in definitions called or not."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import fields

from archir.diagnostics import Diagnostic
from archir.sema.builtins import BUILTINS
from archir.sema.library import FileScope
from archir.sema.suggest import did_you_mean
from archir.sema.types import default_problem, type_problem
from archir.sema.values import Namespace, Value
from archir.syntax import ast


def unknown_names(scope: FileScope) -> Iterator[Diagnostic]:
    """One error for each use of a name that no parameter, assignment, file or library defines."""
    for item in scope.file.items:
        if isinstance(item, ast.Definition) and item.kind != "method":
            yield from _of_params(item.params)
            known = {p.name for p in item.params} | set(assigned_names(item.body))
            bodies: tuple[ast.Node, ...] = (*_inside(item.params), item.body)
        elif isinstance(item, ast.Candidates):
            yield from _of_params(item.params)
            known, bodies = {p.name for p in item.params}, (*_inside(item.params), *item.alternatives)
        elif isinstance(item, ast.Constant):
            known, bodies = set(), (item.value,)
        else:
            continue
        for body in bodies:
            yield from _unknown(body, known, scope)


def _inside(params: tuple[ast.Param, ...]) -> Iterator[ast.Node]:
    """The expressions in parameters that name values: defaults, and sizes of tensors."""
    for param in params:
        yield from (param.default,) if param.default is not None else ()
        yield from param.type.indexes if isinstance(param.type, ast.Index) else ()


def _of_params(params: tuple[ast.Param, ...]) -> Iterator[Diagnostic]:
    """One error for each parameter whose name an earlier one has, or whose type is none."""
    seen: set[str] = set()
    for param in params:
        wrong = type_problem(param) or default_problem(param)
        if wrong is not None:
            yield wrong
        if param.name in seen:
            yield Diagnostic(
                "NAS202", f"two parameters are called `{param.name}`", param.span, help="rename one of them"
            )
        seen.add(param.name)


def _unknown(node: ast.Node, known: set[str], scope: FileScope) -> Iterator[Diagnostic]:
    for name in _names(node):
        if name.text not in known and not scope.lookup(name.text) and name.text not in BUILTINS:
            near = did_you_mean(name.text, [*known, *scope.names(), *BUILTINS])
            help_ = near or "define it, or `use` the file that does"
            yield Diagnostic("NAS201", f"`{name.text}` is not defined", name.span, help=help_)


def children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes directly inside a node, in order of writing."""
    for f in fields(type(node)):
        yield from _nodes(getattr(node, f.name))


def _nodes(value: object) -> Iterator[ast.Node]:
    if isinstance(value, ast.Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


def descendants(node: ast.Node) -> Iterator[ast.Node]:
    """A node and all nodes inside it, in order of writing; needs no recursion."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(reversed(list(children(here))))


def _names(node: ast.Node) -> Iterator[ast.Name]:
    """The names in a node that mean values; a type behind a value is another error."""
    types = {id(n.type.base) for n in descendants(node) if isinstance(n, ast.Assign) and isinstance(n.type, ast.Index)}
    return (n for n in descendants(node) if isinstance(n, ast.Name) and id(n) not in types)


def assigned_names(block: ast.Node) -> Iterator[str]:
    """Every name that statements of a body assign to, with repeats."""
    for node in descendants(block):
        if isinstance(node, ast.Assign | ast.For):
            for target in node.targets:
                yield from (n.text for n in _target_names(target))


def _target_names(target: ast.Expr) -> Iterator[ast.Name]:
    match target:
        case ast.Name():
            yield target
        case ast.Index():
            yield from _target_names(target.base)
        case ast.TupleOf():
            for item in target.items:
                yield from _target_names(item)


def resolve(scope: FileScope, e: ast.Node) -> Value:
    """What a plain or dotted name means in a file, or None."""
    match e:
        case ast.Name():
            found = scope.lookup(e.text)
            return found[0] if len(found) == 1 else None
        case ast.Attribute(base=ast.Name() as base):
            namespace = resolve(scope, base)
            return namespace.scope.own.get(e.name) if isinstance(namespace, Namespace) else None
    return None
