"""Options of passes: from text to the types of the fields, and back."""

from __future__ import annotations

import json
import re
import types
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, fields

from archir.passes.base import Pass
from archir.passes.pipeline import Bare, OptionValue

if TYPE_CHECKING:
    from cattrs import Converter

_PLAIN = re.compile(r"[A-Za-z_/~][\w./~-]*", re.ASCII)
_WORDS = {int: "an integer", float: "a number", bool: "`true` or `false`", str: "a name or a string"}


def option_types(cls: type[Pass]) -> dict[str, Any]:
    """The type of each option of a pass, in declaration order."""
    hints = get_type_hints(cls)
    return {attribute.name: hints[attribute.name] for attribute in fields(cls)}


def is_required(attribute: Attribute[Any]) -> bool:
    """Whether an option has no default."""
    return attribute.default is NOTHING


def default_of(attribute: Attribute[Any]) -> Any:
    """The default of an option, made if it has a factory; the option must not be required."""
    factory = getattr(attribute.default, "factory", None)
    return attribute.default if factory is None else factory()


def structure(value: OptionValue, type_: Any) -> Any:
    """The value as one of the type; raises ValueError or TypeError if it is none."""
    return _converter().structure(value, type_)


def describe_type(type_: Any) -> str:
    """A type in words: `an integer`, `one of softmax, gumbel_max`, `a list: each an integer`."""
    if type_ in _WORDS:
        return _WORDS[type_]
    origin = _origin(type_)
    arguments = get_args(type_)
    if origin is Literal:
        return "one of " + ", ".join(format_value(a) for a in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join("`none`" if a is type(None) else describe_type(a) for a in arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return f"a list: each {describe_type(arguments[0])}"
    if origin is tuple:
        return f"({', '.join(describe_type(a) for a in arguments)})"
    return str(getattr(type_, "__name__", type_))


def _origin(type_: Any) -> Any:
    return get_origin(type_)


def format_value(value: Any) -> str:
    """The text that reads back as the value."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "none"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value not in ("true", "false", "none")
        return str(value) if plain else json.dumps(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(map(format_value, value))}{',' if len(value) == 1 else ''})"
    raise TypeError(f"an option cannot be of the type {type(value).__name__}")


def spec(pass_: Pass) -> str:
    """The canonical text of a pass: its name, and the options that differ from their defaults."""
    changed = [f"{a.name}={format_value(getattr(pass_, a.name))}" for a in fields(type(pass_)) if _differs(pass_, a)]
    return f"{pass_.name}{{{','.join(changed)}}}" if changed else pass_.name


def _differs(pass_: Pass, attribute: Attribute[Any]) -> bool:
    return is_required(attribute) or bool(getattr(pass_, attribute.name) != default_of(attribute))


@cache
def _converter() -> Converter:
    """Strict where cattrs would be generous: no number from a text, no list from a word, no integer from 2.5."""
    from cattrs import Converter  # a twentieth of a second; only pipelines with options pay for it

    converter = Converter(detailed_validation=False)
    for type_, accepted in ((bool, (bool,)), (int, (int,)), (float, (float, int)), (str, (str,))):
        converter.register_structure_hook(type_, _scalar(type_, accepted))
    converter.register_structure_hook_func(lambda t: _origin(t) is Literal, _literal)
    converter.register_structure_hook_func(lambda t: _origin(t) is tuple, lambda v, t: _tuple(converter, v, t))
    converter.register_structure_hook_func(
        lambda t: _origin(t) in (Union, types.UnionType), lambda v, t: _union(converter, v, t)
    )
    return converter


def _scalar(type_: type, accepted: tuple[type, ...]) -> Any:
    def hook(value: object, _: type) -> object:
        if not isinstance(value, accepted) or (isinstance(value, bool) and type_ is not bool):
            raise TypeError(value)
        return type_(value)

    return hook


def _literal(value: object, type_: Any) -> object:
    for member in get_args(type_):
        if member == value and isinstance(value, type(member)) and isinstance(value, bool) == isinstance(member, bool):
            return member
    raise ValueError(value)


def _tuple(converter: Converter, value: object, type_: Any) -> tuple[Any, ...]:
    arguments = get_args(type_)
    if not isinstance(value, tuple):
        raise TypeError(value)
    if len(arguments) == 2 and arguments[1] is ...:
        arguments = (arguments[0],) * len(value)
    return tuple(converter.structure(v, t) for v, t in zip(value, arguments, strict=True))


def _union(converter: Converter, value: object, type_: Any) -> Any:
    members = get_args(type_)
    if type(None) in members and isinstance(value, Bare) and value == "none":
        return None
    for member in members:
        if member is not type(None):
            try:
                return converter.structure(value, member)
            except (TypeError, ValueError):
                continue
    raise TypeError(value)
