"""Reading values: by name, by index, by attribute."""

from __future__ import annotations

from archir.ir.stages import reduction
from archir.sema.builtins import BUILTINS
from archir.sema.context import Frame
from archir.sema.suggest import did_you_mean
from archir.sema.values import (
    POISON,
    DefinitionValue,
    Family,
    Namespace,
    Tagged,
    Tensor,
    Value,
    WidthOf,
    kind_of,
    poisoned_or,
)
from archir.syntax import ast

_DIMENSIONS = ("channels", "height", "width", "reduction")
_LISTED = "channels, height, width and reduction"


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
        return session.evaluate(Frame(session, frame.scope, frame.builder), constant.value)
    finally:
        session.calling.pop()


def read_index(frame: Frame, e: ast.Index) -> Value:
    """The value of `base[i]`, or the values of `base[i..j]`."""
    base = frame.session.evaluate(frame, e.base)
    indexes = tuple(frame.session.evaluate(frame, i) for i in e.indexes)
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
        return _no_index(frame, e, wrong)
    wanted = ", ".join(f"{i.start}..{i.stop}" if isinstance(i, range) else str(i) for i in indexes)
    known = [", ".join(map(str, k)) for k in base.items]
    shown = ", ".join(f"`{base.name}[{k}]`" for k in (known if len(known) < 8 else [known[0], known[-1]]))
    help_ = f"there are {len(known)} values, from {shown}" if len(known) >= 8 else f"there is {shown}"
    return frame.error("NAS305", f"`{base.name}[{wanted}]` has no value here", e.span, help=help_)


def _element(frame: Frame, e: ast.Index, base: tuple[Value, ...], index: Value) -> Value:
    """A value of a list, or some of them."""
    if isinstance(index, range) and 0 <= index.start <= index.stop <= len(base):
        return base[index.start : index.stop]
    if isinstance(index, bool) or not isinstance(index, int | range):
        return _no_index(frame, e, index)
    if isinstance(index, int) and 0 <= index < len(base):
        return base[index]
    help_ = f"its places are 0 to {len(base) - 1}" if base else "the list is empty"
    message = f"{kind_of(index).replace('the number', 'place')} is outside a list of {len(base)}"
    return frame.error("NAS305", message, e.span, help=help_)


def _no_index(frame: Frame, e: ast.Index, index: Value) -> Value:
    message = f"an index is a number or a range, found {kind_of(index)}"
    return frame.error("NAS304", message, e.span, help="write `x[0]`")


def read_attribute(frame: Frame, e: ast.Attribute) -> Value:
    """A tensor's size, what a file defines, or the function that gives a definition's width."""
    base = frame.session.evaluate(frame, e.base)
    match base:
        case Tensor() if e.name in _DIMENSIONS:
            if e.name != "channels" and not base.type.is_map:
                help_ = "read it before `global_avg_pool`"
                return frame.error("NAS304", f"{base.type} has no {e.name}", e.span, help=help_)
            return _reduction(frame, e, base) if e.name == "reduction" else getattr(base.type, e.name)
        case Tensor():
            help_ = did_you_mean(e.name, _DIMENSIONS) or f"a tensor has {_LISTED}"
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
    help_ = f"a tensor has {_LISTED}; a file has its definitions"
    return frame.error("NAS304", f"{kind_of(base)} has no `{e.name}`", e.span, help=help_)


def _reduction(frame: Frame, e: ast.Attribute, value: Tensor) -> Value:
    if frame.session.input is None:
        return frame.error("NAS304", "the net takes no feature map", e.span, help="give it `image: tensor[3, 32, 32]`")
    return reduction(frame.session.input, value.type)
