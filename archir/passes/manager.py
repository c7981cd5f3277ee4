"""Runs a pipeline: checks what each pass requires, runs it, checks what it ensures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from attrs import evolve, fields, frozen

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.module import ArchitectureParameter, Form, Module
from archir.ir.verifier import verify
from archir.passes.base import Pass, Rewrite, Split, Values
from archir.passes.options import describe_type, is_required, option_types, spec, structure
from archir.passes.pipeline import OptionText, PassText, parse_pipeline
from archir.passes.registry import Registry, default_registry
from archir.passes.weights import compose
from archir.sema.suggest import did_you_mean
from archir.source import Span


@frozen
class Step:
    """One pass that ran: the modules before and after it, and the seconds that it and the verifier took."""

    index: int
    applied: Pass
    before: Module
    after: Module
    seconds: float


Observer: TypeAlias = Callable[[Step], None]


def run_pipeline(
    module: Module,
    pipeline: str,
    values: Values | None = None,
    *,
    observer: Observer | None = None,
    registry: Registry | None = None,
) -> Rewrite:
    """Runs the passes of a pipeline text such as `relax{affine=true},derive` in turn.

    The module is verified before the first pass and after each; each pass' canonical text is added to the module's
    history, the weight maps are composed into one from the last module to the first, and all notes are kept.
    `values` are learned values of architecture parameters, for passes that need them. `observer` is told of each pass.

    Raises `ArchirError`: NAS401 for a text that names no pipeline (all faults at once), NAS402 where a pass does not
    take the form that it meets, NAS403 where values are missing or do not fit, NAS405 where an invariant is broken.
    """
    (only,) = _run(module, pipeline, values, observer, registry, branch=False)
    return only


def run_branches(
    module: Module,
    pipeline: str,
    values: Values | None = None,
    *,
    observer: Observer | None = None,
    registry: Registry | None = None,
) -> tuple[Rewrite, ...]:
    """As `run_pipeline`, with all modules of passes that give several: the rest of the pipeline runs on each.

    Such a pass that says which `part` it means gives that one.
    """
    return _run(module, pipeline, values, observer, registry, branch=True)


def _run(
    module: Module,
    pipeline: str,
    values: Values | None,
    observer: Observer | None,
    registry: Registry | None,
    *,
    branch: bool,
) -> tuple[Rewrite, ...]:
    registry = registry or default_registry()
    passes = read_pipeline(pipeline, registry)
    verify(module)
    branches: tuple[Rewrite, ...] = (Rewrite(module),)
    for index, (applied, span) in enumerate(passes):
        found: list[Rewrite] = []
        for before in branches:
            start = time.perf_counter()
            _require(applied, before.module, values, span, registry)
            for made, result in _results(applied, before.module, values, branch=branch):
                after = evolve(result.module, history=(*before.module.history, spec(made)))
                _ensure(applied, before.module, after)
                weights = compose(result.weights, before.weights)
                found.append(Rewrite(after, weights, (*before.notes, *result.notes)))
                if observer is not None:
                    observer(Step(index, made, before.module, after, time.perf_counter() - start))
                start = time.perf_counter()
        branches = tuple(found)
    return branches


def _results(applied: Pass, module: Module, values: Values | None, *, branch: bool) -> Iterator[tuple[Pass, Rewrite]]:
    """What a pass gives, each with the pass that would have given it alone."""
    if branch and isinstance(applied, Split) and applied.part is None:
        for part, result in enumerate(applied.parts(module, values)):
            yield evolve(applied, part=part), result
    else:
        yield applied, applied.run(module, values)


def read_pipeline(pipeline: str, registry: Registry | None = None) -> tuple[tuple[Pass, Span], ...]:
    """The passes of a pipeline text and where each stands; raises `ArchirError` NAS401 with all faults at once."""
    registry = registry or default_registry()
    found: list[tuple[Pass, Span]] = []
    faults: list[Diagnostic] = []
    for text in parse_pipeline(pipeline):
        try:
            found.append((_build(text, registry), text.span))
        except ArchirError as error:
            faults += error.diagnostics
    if faults:
        raise ArchirError(*faults)
    return tuple(found)


def _build(text: PassText, registry: Registry) -> Pass:
    name_span = Span(text.span.source, text.span.start, text.span.start + len(text.name))
    cls = registry.find(text.name, name_span)
    types = option_types(cls)
    faults: list[Diagnostic] = []
    arguments: dict[str, object] = {}
    for option in text.options:
        try:
            if option.name in arguments:
                message = f"the option `{option.name}` of `{cls.name}` is given twice"
                fail("NAS401", message, span=option.name_span, help="leave one of them out")
            arguments[option.name] = _value(cls, option, types)
        except ArchirError as error:
            faults += error.diagnostics
    given = {option.name for option in text.options}
    for attribute in fields(cls):
        if is_required(attribute) and attribute.name not in given:
            help_ = f"write `{cls.name}{{{attribute.name}=...}}` with {describe_type(types[attribute.name])}"
            message = f"the pass `{cls.name}` needs the option `{attribute.name}`"
            faults.append(Diagnostic("NAS401", message, name_span, help=help_))
    if faults:
        raise ArchirError(*faults)
    try:
        return cls(**arguments)
    except (ValueError, TypeError) as error:  # what attrs validators raise; the first argument is the text
        reason = error.args[0] if error.args else error
        fail("NAS401", f"the options of `{cls.name}` do not fit: {reason}", span=text.span, help=_look_up(cls))


def _value(cls: type[Pass], option: OptionText, types: dict[str, object]) -> object:
    if option.name not in types:
        known = ", ".join(f"`{name}`" for name in types)
        listed = f"its options are {known}" if known else f"`{cls.name}` has no options"
        help_ = did_you_mean(option.name, types) or listed
        fail("NAS401", f"the pass `{cls.name}` has no option `{option.name}`", span=option.name_span, help=help_)
    expected = types[option.name]
    try:
        return structure(option.value, expected)
    except (ValueError, TypeError):
        span = option.value_span
        found = span.source.text[span.start : span.end]
        message = f"the option `{option.name}` of `{cls.name}` takes {describe_type(expected)}, found `{found}`"
        fail("NAS401", message, span=span, help=_look_up(cls))


def _look_up(cls: type[Pass]) -> str:
    return f"`archir passes {cls.name}` says what each option takes"


def _require(applied: Pass, module: Module, values: Values | None, span: Span, registry: Registry) -> None:
    if module.form not in applied.takes:
        message = (
            f"the pass `{applied.name}` takes {_forms(applied.takes)}, and this module is {_forms((module.form,))}"
        )
        fail("NAS402", message, span=span, help=_remedy(applied, module.form, registry))
    if not applied.needs_values:
        return
    if values is None:
        message = f"the pass `{applied.name}` needs learned values of the architecture parameters"
        fail(
            "NAS403",
            message,
            span=span,
            help="give it the values of a run: `archir opt --values RUN`, or `archir derive RUN`",
        )
    for parameter in (*module.parameters, *(ArchitectureParameter(c.name, (), 0.0) for c in module.clocks)):
        if parameter.name not in values:
            message = f"there is no value for the architecture parameter `{parameter.name}`"
            fail("NAS403", message, span=span, help="take the values of a run of this module")
        shape = tuple(values[parameter.name].shape)
        if shape != parameter.shape:
            message = f"the value of `{parameter.name}` has the shape {shape}, not {parameter.shape}"
            fail("NAS403", message, span=span, help="take the values of a run of this module")


def _forms(forms: Iterable[Form]) -> str:
    return " or ".join({"space": "a space", "relaxed": "a relaxed module", "network": "a network"}[f] for f in forms)


def _remedy(applied: Pass, form: Form, registry: Registry) -> str:
    for name in registry.names():
        before = registry.find(name)
        if form in before.takes and before.gives in applied.takes:
            return f"run `{name}` before it: `{name},{applied.name}`"
    return f"start from {_forms(applied.takes)}"


def _ensure(applied: Pass, before: Module, after: Module) -> None:
    """What a pass promises; a breach is the pass' fault, and the message says so."""
    expected = applied.gives or before.form
    if after.form != expected:
        message = f"the pass `{applied.name}` promises {_forms((expected,))} and gave {_forms((after.form,))}"
        fail("NAS405", message, help=f"this is a fault of `{applied.name}`; report it to its authors")
    try:
        verify(after)
    except ArchirError as error:
        note = f"found after the pass `{spec(applied)}`"
        raise ArchirError(*(evolve(d, notes=(*d.notes, note)) for d in error.diagnostics)) from error
