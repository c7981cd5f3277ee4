"""Running the statements of a definition's body."""

from __future__ import annotations

from collections.abc import Sequence

from archir.sema.context import Frame
from archir.sema.expressions import evaluate
from archir.sema.names import assigned_names, descendants
from archir.sema.operators import truth
from archir.sema.values import POISON, Family, Value, kind_of
from archir.source import Span
from archir.syntax import ast

_NOTHING = object()


def execute(frame: Frame, block: ast.Block) -> Value:
    """What the body returns; POISON (reported) where it returns nothing."""
    result = _run(frame, block)
    if result is _NOTHING:
        brace = Span(block.span.source, block.span.end - 1, block.span.end)
        return frame.error("NAS309", "nothing is returned here", brace, help="end the body with `return VALUE`")
    return result


def _run(frame: Frame, block: ast.Block) -> Value:
    for statement in block.statements:
        frame.session.step(statement.span)
        result = _statement(frame, statement)
        if result is not _NOTHING:
            return result
    return _NOTHING


def _statement(frame: Frame, s: ast.Statement) -> Value:
    match s:
        case ast.Assign():
            _assign(frame, s)
        case ast.Return():
            result = evaluate(frame, s.value)
            frame.builder.name_statement("")
            return result
        case ast.Require():
            if truth(frame, s.test) is False:
                written = s.test.span.source.text[s.test.span.start : s.test.span.end]
                help_ = "call it with arguments and tensors for which it holds"
                frame.error("NAS306", f"`require {written}` does not hold", s.span, _numbers(frame, s.test), help_)
                return POISON
        case ast.If():
            test = truth(frame, s.test)
            if test is POISON:
                return _without(frame, s)
            if test:
                return _run(frame, s.body)
            if isinstance(s.otherwise, ast.If):
                return _statement(frame, s.otherwise)
            if s.otherwise is not None:
                return _run(frame, s.otherwise)
        case ast.For():
            return _loop(frame, s)
        case ast.Phase():
            frame.error("NAS304", "a call by itself does nothing here", s.span, help="assign its result, or return it")
    return _NOTHING


def _without(frame: Frame, s: ast.For | ast.If) -> Value:
    """Goes on behind a loop or branch that was not run because of an error: what it would have set is unknown."""
    for name in assigned_names(s):
        frame.locals[name] = POISON
    return POISON if any(isinstance(n, ast.Return) for n in descendants(s)) else _NOTHING


def _numbers(frame: Frame, test: ast.Expr) -> str:
    """The numbers that the names in a condition stand for: `x.height = 9, times = 1`."""
    shown: dict[str, None] = {}
    with frame.session.attempt():
        for part in descendants(test):
            if isinstance(part, ast.Name | ast.Attribute):
                value = evaluate(frame, part)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    shown[f"{part.span.source.text[part.span.start : part.span.end]} = {value:g}"] = None
    return ", ".join(shown)


def _loop(frame: Frame, s: ast.For) -> Value:
    items = evaluate(frame, s.iterable)
    if items is POISON:
        return _without(frame, s)
    if not isinstance(items, tuple | range):
        help_ = "write `for i in 0..n`, or `for x in [a, b]`"
        frame.error("NAS304", f"`for` needs a list or a range, found {kind_of(items)}", s.iterable.span, help=help_)
        return _without(frame, s)
    outer = frame.counters
    for place, item in enumerate(items):
        frame.counters = (*outer, item if isinstance(items, range) else place)
        if not bind_targets(frame, s.targets, item, s.span):
            break
        result = _run(frame, s.body)
        if result is not _NOTHING:
            frame.counters = outer
            return result
    frame.counters = outer
    return _NOTHING


def bind_targets(frame: Frame, targets: Sequence[ast.Expr], value: Value, span: Span) -> bool:
    """Gives names to the parts of a value; False (reported) where they do not match."""
    if len(targets) == 1:
        return _bind(frame, targets[0], value)
    if value is POISON:
        return all(_bind(frame, target, POISON) for target in targets)
    if not isinstance(value, tuple) or len(value) != len(targets):
        help_ = f"give it a list of {len(targets)} values"
        frame.error("NAS304", f"{len(targets)} names cannot take {kind_of(value)}", span, help=help_)
        return all(_bind(frame, target, POISON) for target in targets) and False
    return all(_bind(frame, target, part) for target, part in zip(targets, value, strict=True))


def _bind(frame: Frame, target: ast.Expr, value: Value) -> bool:
    match target:
        case ast.Name():
            frame.locals[target.text] = value
            return True
        case ast.TupleOf():
            return bind_targets(frame, target.items, value, target.span)
        case ast.Index(base=ast.Name(text=name)):
            indexes = _indexes(frame, target)
            if indexes is None:
                return False
            family = frame.locals.get(name)
            if family is POISON:
                return True
            if not isinstance(family, Family):
                family = frame.locals[name] = Family(name)
            family.items[indexes] = value
            return True
    frame.error("NAS304", "this cannot be assigned to", target.span, help="assign to `name` or `name[index]`")
    return False


def _indexes(frame: Frame, target: ast.Index) -> tuple[int, ...] | None:
    values = tuple(evaluate(frame, i) for i in target.indexes)
    for value, e in zip(values, target.indexes, strict=True):
        if value is POISON:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            frame.error(
                "NAS304", f"an index is a number from 0, found {kind_of(value)}", e.span, help="write `x[0] = ...`"
            )
            return None
    return values


def _base(frame: Frame, target: ast.Expr) -> str:
    """The path below which a statement's nodes are named."""
    if isinstance(target, ast.Index) and isinstance(target.base, ast.Name):
        indexes = _indexes(frame, target) or ()
        return ".".join([target.base.text, *map(str, indexes)])
    if isinstance(target, ast.Name):
        return ".".join([target.text, *map(str, frame.counters)])
    return "value"


def _assign(frame: Frame, s: ast.Assign) -> None:
    if s.type is not None:
        frame.error("NAS304", "a type behind a value belongs to the flat form", s.type.span, help="leave it out")
        return
    if len(s.values) == 1:
        value = evaluate(frame, s.values[0])
        frame.builder.name_statement(_base(frame, s.targets[0]))
        bind_targets(frame, s.targets, value, s.span)
        return
    if len(s.values) != len(s.targets):
        help_ = "write as many values as names"
        frame.error("NAS304", f"{len(s.targets)} names cannot take {len(s.values)} values", s.span, help=help_)
        for target in s.targets:
            _bind(frame, target, POISON)
        return
    values = []
    for target, e in zip(s.targets, s.values, strict=True):
        values.append(evaluate(frame, e))
        frame.builder.name_statement(_base(frame, target))
    for target, value in zip(s.targets, values, strict=True):
        _bind(frame, target, value)
