"""What there is to say about each pass, for `archir passes` and the generated documentation."""

from __future__ import annotations

import inspect

from attrs import fields, frozen

from archir.ir.module import Form
from archir.passes.base import Pass
from archir.passes.options import default_of, describe_type, format_value, is_required, option_types
from archir.passes.registry import Registry, default_registry


@frozen
class OptionDescription:
    """One option: its type in words, its default as text (None if it must be given), and what it does."""

    name: str
    type: str
    default: str | None
    help: str


@frozen
class PassDescription:
    """One pass: what it takes, what it gives (None: the form that came in), its options and documentation."""

    name: str
    summary: str
    takes: tuple[Form, ...]
    gives: Form | None
    needs_values: bool
    options: tuple[OptionDescription, ...]
    documentation: str
    distribution: str


def describe_passes(registry: Registry | None = None) -> tuple[PassDescription, ...]:
    """All passes, archir's own first; imports every one. Raises `ArchirError` NAS401 if one cannot be loaded."""
    registry = registry or default_registry()
    return tuple(describe_pass(name, registry) for name in registry.names())


def describe_pass(name: str, registry: Registry | None = None) -> PassDescription:
    """One pass; raises `ArchirError` NAS401 if there is none of that name."""
    registry = registry or default_registry()
    cls = registry.find(name)
    return PassDescription(
        cls.name,
        cls.summary,
        cls.takes,
        cls.gives,
        cls.needs_values,
        _options(cls),
        inspect.cleandoc(cls.__doc__ or ""),
        registry.entries[name].distribution,
    )


def _options(cls: type[Pass]) -> tuple[OptionDescription, ...]:
    types = option_types(cls)
    return tuple(
        OptionDescription(
            attribute.name,
            describe_type(types[attribute.name]),
            None if is_required(attribute) else format_value(default_of(attribute)),
            attribute.metadata.get("help", ""),
        )
        for attribute in fields(cls)
    )
