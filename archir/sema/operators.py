"""Operators: arithmetic on numbers and tensors, comparison, logic."""

from __future__ import annotations

from archir.ir.primitive import Primitive
from archir.ops.pointwise import Add, Mul, Scale
from archir.sema.arithmetic import COMPARISONS, calculate, is_number
from archir.sema.context import Frame
from archir.sema.primitives import make_primitive, use_primitive
from archir.sema.values import POISON, Tensor, Value, kind_of
from archir.syntax import ast


def arithmetic(frame: Frame, e: ast.Arithmetic) -> Value:
    """The value of a sum or product; a sum of tensors alone is one operation."""
    symbols = [symbol for symbol, _ in e.rest]
    values = [frame.session.evaluate(frame, e.first), *(frame.session.evaluate(frame, term) for _, term in e.rest)]
    if any(v is POISON for v in values):
        return POISON
    if set(symbols) == {"+"} and all(isinstance(v, Tensor) for v in values):
        return use_primitive(frame, Add(), tuple(values), e.span)
    result = values[0]
    for symbol, value in zip(symbols, values[1:], strict=True):
        result = _combine(frame, e, symbol, result, value)
        if result is POISON:
            return POISON
    return result


def _combine(frame: Frame, e: ast.Expr, symbol: str, left: Value, right: Value) -> Value:
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
        node = make_primitive(frame, Scale, {"factor": left if is_number(left) else right}, e.span)
        if node is None:
            return POISON
    if node is None:
        help_ = "tensors take `+`, `*` and `* number`" if operands else "both sides must be numbers, or both tensors"
        return frame.error(
            "NAS304", f"`{symbol}` does not take {kind_of(left)} and {kind_of(right)}", e.span, help=help_
        )
    return use_primitive(frame, node, operands, e.span)


def logic(frame: Frame, e: ast.Expr) -> Value:
    """The value of a comparison, a condition, `and`, `or`, `not`, `-x` or `x ** n`."""
    match e:
        case ast.Conditional():
            test = truth(frame, e.test)
            return POISON if test is POISON else frame.session.evaluate(frame, e.value if test else e.otherwise)
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
            value = frame.session.evaluate(frame, e.value)
            if value is POISON:
                return POISON
            if is_number(value):
                return -value
            message = f"`-` does not take {kind_of(value)}"
            return frame.error("NAS304", message, e.span, help="write `-1 * x` for a tensor")
        case ast.Power():
            left, right = frame.session.evaluate(frame, e.base), frame.session.evaluate(frame, e.exponent)
            return POISON if POISON in (left, right) else _combine(frame, e, "**", left, right)
    raise AssertionError(f"no rule for {type(e).__name__}")


def _comparison(frame: Frame, e: ast.Comparison) -> Value:
    left, right = frame.session.evaluate(frame, e.left), frame.session.evaluate(frame, e.right)
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
    value = frame.session.evaluate(frame, e)
    if value is POISON or isinstance(value, bool):
        return value
    help_ = "compare it with something, such as `stride == 1`"
    return frame.error("NAS304", f"a condition must be true or false, found {kind_of(value)}", e.span, help=help_)
