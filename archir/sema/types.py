"""Types of parameters: what a definition may say of its arguments, and whether they fit."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from archir.diagnostics import Diagnostic
from archir.ir.types import TensorType
from archir.sema.arithmetic import is_number
from archir.sema.context import Frame
from archir.sema.suggest import did_you_mean
from archir.sema.values import (
    POISON,
    CandidatesValue,
    DefinitionValue,
    PrimitiveValue,
    Tagged,
    Tensor,
    Value,
    kind_of,
)
from archir.source import Span
from archir.syntax import ast
from archir.syntax.fold import number_of, truth_of


@frozen
class ParameterType:
    """What a type takes, in words and as a test, and something that it takes."""

    words: str
    takes: Callable[[Value], bool]
    example: str


def _definition(kind: str) -> Callable[[Value], bool]:
    def takes(value: Value) -> bool:
        plain = value.definition if isinstance(value, Tagged) else value
        return isinstance(plain, DefinitionValue) and plain.definition.kind == kind

    return takes


def _is_block(value: Value) -> bool:
    return isinstance(value, PrimitiveValue) or _definition("block")(value)


TYPES: dict[str, ParameterType] = {
    "tensor": ParameterType("a tensor", lambda v: isinstance(v, Tensor), "x"),
    "int": ParameterType("an integer", lambda v: isinstance(v, int) and not isinstance(v, bool), "3"),
    "number": ParameterType("a number", is_number, "0.5"),
    "bool": ParameterType("a truth value", lambda v: isinstance(v, bool), "true"),
    "string": ParameterType("a string", lambda v: isinstance(v, str), '"imagenet"'),
    "list": ParameterType("a list", lambda v: isinstance(v, tuple | range), "[16, 24]"),
    "block": ParameterType("a block or a primitive", _is_block, "relu"),
    "cell": ParameterType("a cell", _definition("cell"), "the name of a `cell`"),
    "stage": ParameterType("a stage", _definition("stage"), "the name of a `stage`"),
    "net": ParameterType("a net", _definition("net"), "the name of a `net`"),
    "candidates": ParameterType(
        "candidates", lambda v: isinstance(v, CandidatesValue), "the name of a set of `candidates`"
    ),
}
DEFINITIONS = ("block", "cell", "stage", "net", "candidates")
"""The types whose values have names in a file."""
_SIZES = "write `tensor[3, 32, 32]` for channels, height and width, or `tensor[64]` for features"
_OTHERS = {
    "float": "number", "double": "number", "integer": "int", "str": "string", "word": "string", "text": "string",
    "boolean": "bool", "tuple": "list", "array": "list", "image": "tensor",
}  # fmt: skip


def type_word(param: ast.Param) -> str | None:
    """The word of a parameter's type; None where there is none, or one that does not exist."""
    e = param.type.base if isinstance(param.type, ast.Index) else param.type
    return e.text if isinstance(e, ast.Name) and e.text in TYPES else None


def type_problem(param: ast.Param) -> Diagnostic | None:
    """What is wrong with the type that a parameter is given."""
    e = param.type
    word = type_word(param)
    if e is None or (word is not None and not isinstance(e, ast.Index)):
        return None
    if word == "tensor" and isinstance(e, ast.Index) and len(e.indexes) in (1, 3):
        return None
    base = e.base if isinstance(e, ast.Index) else e
    if word is not None:
        if word != "tensor":
            return Diagnostic("NAS304", f"the type `{word}` has no size", e.span, help=f"write `{word}`")
        return Diagnostic("NAS304", "this is no size of a tensor", e.span, help=_SIZES)
    if not isinstance(base, ast.Name):
        return Diagnostic("NAS304", "this is no type", e.span, help=f"write one of {', '.join(TYPES)}")
    near = f"write `{_OTHERS[base.text]}`" if base.text in _OTHERS else did_you_mean(base.text, TYPES)
    return Diagnostic(
        "NAS201", f"there is no type `{base.text}`", base.span, help=near or f"write one of {', '.join(TYPES)}"
    )


def default_problem(param: ast.Param) -> Diagnostic | None:
    """A default that plainly does not fit its parameter's type."""
    word, e = type_word(param), param.default
    if word is None or e is None:
        return None
    value = _plain_value(e)
    if value is None or TYPES[word].takes(value):
        return None
    help_ = f"give it {TYPES[word].words}, for example {_quoted(TYPES[word].example)}"
    message = f"`{param.name}` takes {TYPES[word].words}, and its default is {kind_of(value)}"
    return Diagnostic("NAS302", message, e.span, help=help_)


def _plain_value(e: ast.Expr) -> Value:
    """The value of a number, truth value, string or list; None for what has to be evaluated."""
    if isinstance(e, ast.TupleOf | ast.ListOf):
        return tuple(_plain_value(item) for item in e.items)
    if isinstance(e, ast.Literal):
        return e.value
    truth = truth_of(e)
    return number_of(e) if truth is None else truth


def check_type(frame: Frame, param: ast.Param, value: Value, where: str, span: Span, code: str = "NAS302") -> bool:
    """Whether a value fits a parameter's type; reported at `span` where it does not."""
    word = type_word(param)
    if word is None or value is POISON or TYPES[word].takes(value):
        return True
    type_ = TYPES[word]
    help_ = f"give it {type_.words}, for example {_quoted(type_.example)}"
    if word == "int" and isinstance(value, float) and value.is_integer():
        help_ = "`//` divides and gives an integer, `round(...)` makes one"
    frame.error(code, f"`{param.name}` of {where} takes {type_.words}, found {kind_of(value)}", span, help=help_)
    return False


def _quoted(example: str) -> str:
    return example if example.startswith("the ") else f"`{example}`"


def sized_type(frame: Frame, param: ast.Param) -> TensorType | None:
    """The size that a parameter's type states, its numbers computed; None where it states none, or no size."""
    if not isinstance(param.type, ast.Index) or type_problem(param) is not None:
        return None
    shape = tuple(frame.session.evaluate(frame, i) for i in param.type.indexes)
    if any(n is POISON for n in shape):
        return None
    for n, e in zip(shape, param.type.indexes, strict=True):
        if not TYPES["int"].takes(n) or n < 1:
            frame.error("NAS304", f"a size is an integer from 1, found {kind_of(n)}", e.span, help=_SIZES)
            return None
    return TensorType(shape)


def check_size(frame: Frame, param: ast.Param, value: Value, where: str, *, exact: bool) -> None:
    """Reports a tensor that has not the size that a parameter's type states (a misfit: `when legal` drops it).

    Without `exact` only the number of axes must be the stated one.
    """
    wanted = sized_type(frame, param) if isinstance(value, Tensor) else None
    if wanted is None:
        return
    fits = value.type == wanted if exact else len(value.type.shape) == len(wanted.shape)
    if not fits:
        assert param.type is not None
        message = f"`{param.name}` of {where} takes {wanted}, found a {value.type}"
        frame.error("NAS303", message, param.type.span, help="give it such a tensor, or write `tensor` for any")
