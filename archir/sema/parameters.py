"""The parameters of the net that is loaded: their defaults, and what `--set` gives them."""

from __future__ import annotations

from collections.abc import Mapping

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.origin import Setting
from archir.ir.types import TensorType
from archir.sema.builtins import BUILTINS
from archir.sema.context import Frame
from archir.sema.library import FileScope, name_span
from archir.sema.suggest import did_you_mean
from archir.sema.types import DEFINITIONS, check_type, sized_type, type_problem, type_word
from archir.sema.values import POISON, CandidatesValue, DefinitionValue, Namespace, PrimitiveValue, Value, kind_of
from archir.source import Source
from archir.syntax import ast
from archir.syntax.parser import parse

Settings = Mapping[str, Setting | TensorType]
_CALLABLE = (DefinitionValue, CandidatesValue, PrimitiveValue)


def check_settings(definition: ast.Definition, settings: Settings) -> None:
    """Raises `ArchirError` NAS205 for settings of parameters that a net has not."""
    names = [p.name for p in definition.params]
    unknown = [s for s in settings if s not in names]
    if unknown:
        known = ", ".join(names)
        raise ArchirError(*(
            Diagnostic(
                "NAS205", f"net `{definition.name}` has no parameter `{s}`", name_span(definition, definition.name),
                help=did_you_mean(s, names) or f"it has {known}",
            )
            for s in unknown
        ))  # fmt: skip


def parameter(frame: Frame, param: ast.Param, settings: Settings, where: str) -> Value:
    """The value of a net's parameter, an input's type for a tensor; POISON (reported) where there is none."""
    word, given = type_word(param), settings.get(param.name)
    if type_problem(param) is not None:  # told with all names of the file
        return POISON
    if word == "tensor":
        return _input(frame, param, given)
    if given is None and param.default is None:
        help_ = f"give it with --set {param.name}=..."
        return frame.error("NAS205", f"the net's parameter `{param.name}` has no value", param.span, help=help_)
    if isinstance(given, TensorType):
        help_ = "give it a number, a truth value or a word"
        return frame.error("NAS506", f"`{param.name}` is no tensor, but got {given}", param.span, help=help_)
    default = None if param.default is None else frame.session.evaluate(frame, param.default)
    if param.default is not None and not check_type(frame, param, default, where, param.default.span):
        return POISON
    return default if given is None else _converted(frame, param, default, given, where)


def _input(frame: Frame, param: ast.Param, given: Setting | TensorType | None) -> TensorType | Value:
    if not isinstance(param.type, ast.Index):
        help_ = f"write `{param.name}: tensor[3, 32, 32]`"
        return frame.error("NAS304", f"the tensor `{param.name}` has no size", param.span, help=help_)
    if isinstance(given, TensorType):
        return given
    if given is None:
        return sized_type(frame, param) or POISON
    shape = given if isinstance(given, tuple) else (given,)
    if len(shape) == 3 and all(isinstance(n, int) and n > 0 for n in shape):
        return TensorType(tuple(n for n in shape if isinstance(n, int)))
    help_ = f"write --set '{param.name}=(3, 32, 32)'"
    return frame.error("NAS205", f"`{param.name}` is a tensor of channels, height and width", param.span, help=help_)


def _converted(frame: Frame, param: ast.Param, default: Value, given: Setting, where: str) -> Value:
    """A setting as the parameter wants it: numbers stay numbers, words name definitions."""
    word = type_word(param)
    if word in DEFINITIONS or isinstance(default, _CALLABLE):
        value = _named(frame, param, given)
        return value if value is not POISON and check_type(frame, param, value, where, param.span, "NAS205") else POISON
    if word is not None:
        return given if check_type(frame, param, given, where, param.span, "NAS205") else POISON
    if isinstance(default, float) and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if default is not None and type(default) is not type(given):
        message = f"`{param.name}` is {kind_of(default)} by default; it cannot be {kind_of(given)}"
        return frame.error("NAS205", message, param.span, help=f"give it {_example(default)}")
    return given


def _named(frame: Frame, param: ast.Param, given: Setting) -> Value:
    """The definition, primitive or candidates of a name (`normal`, `darts.normal`)."""
    found = resolved(frame.scope, given) if isinstance(given, str) else None
    if isinstance(found, _CALLABLE):
        return found
    named = {**frame.scope.uses, **frame.scope.given}
    known = [*frame.scope.names(), *(f"{a}.{n}" for a, used in named.items() for n in used.scope.own)]
    names = [n for n in known if isinstance(resolved(frame.scope, n), _CALLABLE)]
    help_ = did_you_mean(str(given), names) or "name a definition of the file, or one that it uses"
    return frame.error("NAS205", f"`{param.name}` names a definition; there is no `{given}`", param.span, help=help_)


def resolved(scope: FileScope, name: str) -> Value:
    """What a plain or dotted name means in a file; None where it means nothing, or several things."""
    first, _, rest = name.partition(".")
    if first in scope.given:
        return scope.given[first].scope.own.get(rest)
    found = scope.lookup(first)
    value = found[0] if len(found) == 1 else None if found else BUILTINS.get(first)
    if not rest:
        return value
    return value.scope.own.get(rest) if isinstance(value, Namespace) else None


def _example(default: Value) -> str:
    """What may be given instead of a default, in words."""
    words = {bool: "`true` or `false`", int: "an integer", float: "a number", str: "a word", tuple: "a list"}
    return words.get(type(default), "a value of that kind")


def parse_setting(name: str, text: str) -> Setting:
    """The value of `--set name=text`: a number, truth value, word (`a`, `file.a`, `path/file.nas:a`) or tuple of them.

    Raises `ArchirError` NAS205 if it is none of these.
    """
    if ".nas:" in text:
        return text
    source = Source(f"--set {name}", f"const value = {text}\n")
    try:
        (item,) = parse(source).items
    except (ArchirError, ValueError):
        if text.replace("_", "").replace("-", "").isalnum():
            return text
        fail("NAS205", f"`{name}={text}` is no value", help=_VALUES)
    assert isinstance(item, ast.Constant)
    return _plain(name, text, item.value)


_VALUES = "write a number, true, false, a word, or (a, b)"


def _plain(name: str, text: str, e: ast.Expr) -> Setting:
    match e:
        case ast.Literal():
            return e.value
        case ast.Name(text="true" | "false"):
            return e.text == "true"
        case ast.Name():
            return e.text
        case ast.Attribute(base=ast.Name(text=base)):
            return f"{base}.{e.name}"
        case ast.Minus(value=ast.Literal(value=int() | float() as number)):
            return -number
        case ast.TupleOf() | ast.ListOf():
            return tuple(_plain(name, text, item) for item in e.items)
    fail("NAS205", f"`{name}={text}` is no value", help=_VALUES)
