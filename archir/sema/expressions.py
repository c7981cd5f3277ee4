"""Evaluating expressions inside a definition."""

from __future__ import annotations

from archir.ir.primitive import Primitive
from archir.ops.pointwise import Add, Mul, Scale
from archir.sema.adjacent import choose_adjacent
from archir.sema.arithmetic import COMPARISONS, calculate, is_number
from archir.sema.builtins import BUILTINS
from archir.sema.calls import call, use_primitive
from archir.sema.choices import choose, choose_slots
from archir.sema.context import Frame
from archir.sema.suggest import did_you_mean
from archir.sema.values import (
    POISON,
    DefinitionValue,
    Family,
    Namespace,
    OptionSet,
    Tagged,
    Tensor,
    Value,
    WidthOf,
    kind_of,
)
from archir.source import Span
from archir.syntax import ast

_DIMENSIONS = ("channels", "height", "width")


def evaluate(frame: Frame, e: ast.Expr) -> Value:
    """The value of an expression; POISON where something is wrong (and was reported)."""
    frame.session.step(e.span)
    match e:
        case ast.Literal():
            return e.value
        case ast.Name():
            return lookup(frame, e)
        case ast.Call():
            return _call(frame, e)
        case ast.Pipe():
            return _pipe(frame, e)
        case ast.Index():
            return _index(frame, e)
        case ast.Attribute():
            return _attribute(frame, e)
        case ast.Arithmetic():
            return _arithmetic(frame, e)
        case ast.TupleOf() | ast.ListOf():
            return poisoned_or(tuple(evaluate(frame, item) for item in e.items))
        case ast.Options():
            values = poisoned_or(tuple(evaluate(frame, item) for item in e.items))
            return values if values is POISON else OptionSet(values)
        case ast.Range():
            return _range(frame, e)
        case ast.Choose():
            return choose(frame, e)
        case ast.Own():
            return _own(frame, e)
        case ast.Adjacent():
            return choose_adjacent(frame, e)
        case ast.Path() | ast.GraphName():
            return frame.error("NAS304", "`%` and `@` names belong to the flat form", e.span, help="write a plain name")
        case _:
            return _logic(frame, e)


def poisoned_or(values: tuple[Value, ...]) -> Value:
    """The tuple itself, or POISON if any of it is."""
    return POISON if any(v is POISON for v in values) else values


def lookup(frame: Frame, e: ast.Name) -> Value:
    """What a name means at this point. Names unknown everywhere were reported before."""
    if e.text in frame.locals:
        return frame.locals[e.text]
    found = frame.scope.lookup(e.text)
    if len(found) == 1:
        value = found[0]
        return _constant(frame, e, value) if isinstance(value, ast.Constant) else value
    if len(found) > 1:
        help_ = f"write the file's name before it: `file.{e.text}`"
        return frame.error("NAS201", f"`{e.text}` is defined in more than one imported file", e.span, help=help_)
    if e.text in BUILTINS:
        return BUILTINS[e.text]
    help_ = (
        did_you_mean(e.text, [*frame.locals, *frame.scope.names(), *BUILTINS]) or "give it a value before it is read"
    )
    return frame.error("NAS201", f"`{e.text}` has no value here", e.span, help=help_)


def _constant(frame: Frame, e: ast.Name, constant: ast.Constant) -> Value:
    session, key = frame.session, f"const {constant.name}"
    if key in session.calling:
        help_ = "give it a value that does not depend on itself"
        return frame.error("NAS308", f"the constant `{constant.name}` is defined by itself", e.span, help=help_)
    session.calling.append(key)
    try:
        return evaluate(Frame(session, frame.scope, frame.builder), constant.value)
    finally:
        session.calling.pop()


def _call(frame: Frame, e: ast.Call, *before: tuple[Value, Span]) -> Value:
    """The value of a call, behind a pipe with what is put into it."""
    callee = evaluate(frame, e.callee)
    positional: list[Value] = [value for value, _ in before]
    keywords: dict[str, Value] = {}
    places: dict[int | str, Span] = {place: span for place, (_, span) in enumerate(before)}
    for argument in e.arguments:
        if argument.spread and isinstance(argument.value, ast.Choose):
            value = choose_slots(frame, argument.value)
        else:
            value = evaluate(frame, argument.value)
        if argument.spread and value is not POISON:
            if not isinstance(value, tuple):
                help_ = "leave out the `*`"
                message = f"`*` needs a list of values, found {kind_of(value)}"
                return frame.error("NAS304", message, argument.span, help=help_)
            places |= dict.fromkeys(range(len(positional), len(positional) + len(value)), argument.span)
            positional.extend(value)
        elif argument.name is None:
            places[len(positional)] = argument.span
            positional.append(value)
        elif argument.name in keywords:
            message = f"`{argument.name}` is given twice"
            return frame.error("NAS302", message, argument.span, help="leave one of them out")
        else:
            places[argument.name] = argument.span
            keywords[argument.name] = value
    return call(frame, callee, tuple(positional), keywords, e.span, places)


def _pipe(frame: Frame, e: ast.Pipe) -> Value:
    value, span = evaluate(frame, e.first), e.first.span
    for stage in e.stages:
        if isinstance(stage, ast.Call):
            value = _call(frame, stage, (value, span))
        else:
            value = call(frame, evaluate(frame, stage), (value,), {}, stage.span, {0: span})
        span = stage.span
    return value


def _index(frame: Frame, e: ast.Index) -> Value:
    base = evaluate(frame, e.base)
    indexes = tuple(evaluate(frame, i) for i in e.indexes)
    if base is POISON or any(i is POISON for i in indexes):
        return POISON
    if isinstance(base, tuple) and len(indexes) == 1:
        return _element(frame, e, base, indexes[0])
    if isinstance(base, Family):
        if len(indexes) == 1 and isinstance(indexes[0], range):
            values = base.range(indexes[0].start, indexes[0].stop)
            if values is not None:
                return poisoned_or(values)
        elif indexes in base.items:
            return base.items[indexes]
        return _no_member(frame, e, base, indexes)
    help_ = "lists and names that were given values by index can be"
    return frame.error("NAS304", f"{kind_of(base)} cannot be indexed", e.span, help=help_)


def _no_member(frame: Frame, e: ast.Index, base: Family, indexes: tuple[Value, ...]) -> Value:
    wrong = next((i for i in indexes if not isinstance(i, int | range)), None)
    if wrong is not None:
        return frame.error(
            "NAS304", f"an index is a number or a range, found {kind_of(wrong)}", e.span, help="write `x[0]`"
        )
    wanted = ", ".join(f"{i.start}..{i.stop}" if isinstance(i, range) else str(i) for i in indexes)
    known = [", ".join(map(str, k)) for k in base.items]
    shown = ", ".join(f"`{base.name}[{k}]`" for k in (known if len(known) < 8 else [known[0], known[-1]]))
    help_ = f"there are {len(known)} values, from {shown}" if len(known) >= 8 else f"there is {shown}"
    return frame.error("NAS305", f"`{base.name}[{wanted}]` has no value here", e.span, help=help_)


def _element(frame: Frame, e: ast.Index, base: tuple[Value, ...], index: Value) -> Value:
    if isinstance(index, range) and 0 <= index.start <= index.stop <= len(base):
        return base[index.start : index.stop]
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(base):
        return base[index]
    if not isinstance(index, range) and (isinstance(index, bool) or not isinstance(index, int)):
        return frame.error(
            "NAS304", f"an index is a number or a range, found {kind_of(index)}", e.span, help="write `x[0]`"
        )
    help_ = f"its places are 0 to {len(base) - 1}" if base else "the list is empty"
    return frame.error(
        "NAS305",
        f"{kind_of(index).replace('the number', 'place')} is outside a list of {len(base)}",
        e.span,
        help=help_,
    )


def _attribute(frame: Frame, e: ast.Attribute) -> Value:
    base = evaluate(frame, e.base)
    match base:
        case Tensor() if e.name in _DIMENSIONS:
            if e.name != "channels" and not base.type.is_map:
                help_ = "read it before `global_avg_pool`"
                return frame.error("NAS304", f"{base.type} has no {e.name}", e.span, help=help_)
            return getattr(base.type, e.name)
        case Tensor():
            help_ = did_you_mean(e.name, _DIMENSIONS) or "a tensor has channels, height and width"
            return frame.error("NAS201", f"a tensor has no `{e.name}`", e.span, help=help_)
        case DefinitionValue() if e.name == "width":
            return WidthOf(base)
        case Tagged() if e.name == "width":
            return WidthOf(base.definition)
        case Namespace():
            if e.name in base.scope.own:
                return lookup(Frame(frame.session, base.scope, frame.builder), ast.Name(e.name, span=e.span))
            help_ = did_you_mean(e.name, base.scope.own) or f"it defines {', '.join(base.scope.own) or 'nothing'}"
            return frame.error("NAS201", f"the file `{base.name}` defines no `{e.name}`", e.span, help=help_)
    if base is POISON:
        return POISON
    help_ = "a tensor has channels, height and width; a file has its definitions"
    return frame.error("NAS304", f"{kind_of(base)} has no `{e.name}`", e.span, help=help_)


def _own(frame: Frame, e: ast.Own) -> Value:
    base, tag = evaluate(frame, e.base), evaluate(frame, e.tag)
    if base is POISON or tag is POISON:
        return POISON
    if isinstance(base, Tagged):
        message = f"`{base.name}` has the tag `{base.tag}` already"
        return frame.error("NAS304", message, e.span, help="give it a tag here, or where it is handed on")
    if not isinstance(base, DefinitionValue):
        help_ = "write `cell@tag(...)` to call a cell with architecture parameters of its own"
        return frame.error("NAS304", f"`@` belongs to a definition, found {kind_of(base)}", e.span, help=help_)
    text = str(tag)
    if isinstance(tag, bool) or not isinstance(tag, int | str) or not text.replace("_", "").isalnum():
        return frame.error(
            "NAS304", f"a tag is a number or a word, found {kind_of(tag)}", e.tag.span, help="write `@1` or `@(i)`"
        )
    return Tagged(base, text)


def _range(frame: Frame, e: ast.Range) -> Value:
    start, stop = evaluate(frame, e.start), evaluate(frame, e.stop)
    if start is POISON or stop is POISON:
        return POISON
    for value, part in ((start, e.start), (stop, e.stop)):
        if not isinstance(value, int) or isinstance(value, bool):
            return frame.error(
                "NAS304", f"a range needs integers, found {kind_of(value)}", part.span, help="write `0..n`"
            )
    return range(start, max(start, stop))


def _arithmetic(frame: Frame, e: ast.Arithmetic) -> Value:
    symbols = [symbol for symbol, _ in e.rest]
    values = [evaluate(frame, e.first), *(evaluate(frame, term) for _, term in e.rest)]
    if any(v is POISON for v in values):
        return POISON
    if set(symbols) == {"+"} and all(isinstance(v, Tensor) for v in values):
        return use_primitive(frame, Add(), tuple(values), e.span)
    result = values[0]
    for symbol, value in zip(symbols, values[1:], strict=True):
        result = combine(frame, e, symbol, result, value)
        if result is POISON:
            return POISON
    return result


def combine(frame: Frame, e: ast.Expr, symbol: str, left: Value, right: Value) -> Value:
    """One arithmetic step on numbers or tensors."""
    if is_number(left) and is_number(right):
        try:
            return calculate(symbol, left, right)
        except ValueError as error:
            return frame.error("NAS304", f"`{symbol}` cannot be computed: {error}", e.span, help="change its operands")
    node: Primitive | None = None
    operands = tuple(v for v in (left, right) if isinstance(v, Tensor))
    if symbol == "+" and len(operands) == 2:
        node = Add()
    elif symbol == "*" and len(operands) == 2:
        node = Mul()
    elif symbol == "*" and len(operands) == 1 and (is_number(left) or is_number(right)):
        node = Scale(factor=left if is_number(left) else right)
    if node is None:
        help_ = "tensors take `+`, `*` and `* number`" if operands else "both sides must be numbers, or both tensors"
        return frame.error(
            "NAS304", f"`{symbol}` does not take {kind_of(left)} and {kind_of(right)}", e.span, help=help_
        )
    return use_primitive(frame, node, operands, e.span)


def _logic(frame: Frame, e: ast.Expr) -> Value:
    match e:
        case ast.Conditional():
            test = truth(frame, e.test)
            return POISON if test is POISON else evaluate(frame, e.value if test else e.otherwise)
        case ast.Logic():
            wanted = e.operator == "or"
            for term in e.terms:
                value = truth(frame, term)
                if value is POISON or value is wanted:
                    return value
            return not wanted
        case ast.Not():
            value = truth(frame, e.value)
            return POISON if value is POISON else not value
        case ast.Comparison():
            return _comparison(frame, e)
        case ast.Minus():
            value = evaluate(frame, e.value)
            if value is POISON:
                return POISON
            if is_number(value):
                return -value
            return frame.error(
                "NAS304", f"`-` does not take {kind_of(value)}", e.span, help="write `-1 * x` for a tensor"
            )
        case ast.Power():
            left, right = evaluate(frame, e.base), evaluate(frame, e.exponent)
            return POISON if POISON in (left, right) else combine(frame, e, "**", left, right)
    raise AssertionError(f"no rule for {type(e).__name__}")


def _comparison(frame: Frame, e: ast.Comparison) -> Value:
    left, right = evaluate(frame, e.left), evaluate(frame, e.right)
    if POISON in (left, right):
        return POISON
    if e.operator in ("==", "!=") or (is_number(left) and is_number(right)):
        return COMPARISONS[e.operator](left, right)
    help_ = "numbers are compared, such as `x.channels` or `x.height`"
    return frame.error(
        "NAS304", f"`{e.operator}` does not take {kind_of(left)} and {kind_of(right)}", e.span, help=help_
    )


def truth(frame: Frame, e: ast.Expr) -> Value:
    """True or False, or POISON with an error if the expression is neither."""
    value = evaluate(frame, e)
    if value is POISON or isinstance(value, bool):
        return value
    help_ = "compare it with something, such as `stride == 1`"
    return frame.error("NAS304", f"a condition must be true or false, found {kind_of(value)}", e.span, help=help_)
