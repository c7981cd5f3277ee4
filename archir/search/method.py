"""Method files: a list of passes and training phases -> steps of a run.

Nothing is evaluated but numbers, parameters, `for` and `if`. A call of `train` is a training
phase, one of `compete` a contest; any other call is the pass of that name, with its options.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

from attrs import NOTHING, evolve, fields, frozen

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.origin import Setting
from archir.passes import read_pipeline
from archir.search.phases import SGD, TRAINABLE, Adam, Train
from archir.search.schedules import SCHEDULES
from archir.search.steps import Compete, RunPass, Step
from archir.sema.library import library_folder, read_source
from archir.sema.settings import setting_expression
from archir.sema.suggest import did_you_mean
from archir.sema.terms import substituted
from archir.sema.unroll import literal_items, loop_values
from archir.source import Source, Span
from archir.syntax import ast, parse
from archir.syntax.expression_text import expression_text
from archir.syntax.fold import number_of, truth_of

_VALUES: Mapping[str, Any] = {"sgd": SGD, "adam": Adam, **SCHEDULES}
Env = dict[str, ast.Expr]


@frozen
class Method:
    """A method with its parameters given: what a run does, in order."""

    name: str
    source: Source
    steps: tuple[Step, ...]


def find_method(name: str) -> Source:
    """The text of a method: a file, or a method that archir ships; raises `ArchirError` NAS505."""
    path = Path(name)
    shipped = library_folder() / "methods"
    if path.suffix == ".nas" or len(path.parts) > 1:
        return read_source(path)
    if (shipped / f"{name}.nas").is_file():
        return read_source(shipped / f"{name}.nas")
    known = sorted(p.stem for p in shipped.glob("*.nas"))
    help_ = did_you_mean(name, known) or f"there is {', '.join(known)}; or name a .nas file"
    fail("NAS505", f"there is no method `{name}`", help=help_)


def method_parameters(source: Source) -> tuple[str, ...]:
    """Names of a method's parameters."""
    return tuple(p.name for p in _definition(source).params)


def read_method(source: Source, settings: Mapping[str, Setting]) -> Method:
    """The steps of a method; raises `ArchirError` with everything that is wrong in it."""
    definition = _definition(source)
    known = [p.name for p in definition.params]
    for name in settings:
        if name not in known:
            help_ = did_you_mean(name, known) or f"it has {', '.join(known)}"
            fail("NAS505", f"method `{definition.name}` has no parameter `{name}`", span=definition.span, help=help_)
    env: Env = {}
    for param in definition.params:
        if param.name in settings:
            env[param.name] = setting_expression(settings[param.name], param.span)
        elif param.default is not None:
            env[param.name] = substituted(param.default, env)
        else:
            help_ = f"set {param.name}=... with --set, or give it a default: `{param.name} = ...`"
            fail("NAS505", f"the method's parameter `{param.name}` has no value", span=param.span, help=help_)
    problems: list[Diagnostic] = []
    steps = tuple(_block(definition.body, env, problems))
    if problems:
        raise ArchirError(*problems)
    if not steps:
        fail(
            "NAS505", f"method `{definition.name}` does nothing", span=definition.span, help="give it a pass or `train`"
        )
    return Method(definition.name, source, steps)


def _definition(source: Source) -> ast.Definition:
    methods = [i for i in parse(source).items if isinstance(i, ast.Definition) and i.kind == "method"]
    if len(methods) != 1:
        help_ = "a method file holds one `method name(...) { ... }`"
        fail("NAS505", f"`{source.name}` defines {len(methods) or 'no'} method{'s' if methods else ''}", help=help_)
    return methods[0]


def _block(block: ast.Block, env: Env, problems: list[Diagnostic]) -> list[Step]:
    steps: list[Step] = []
    for statement in block.statements:
        try:
            steps += _statement(statement, env, problems)
        except ArchirError as error:
            problems += error.diagnostics
    return steps


def _statement(s: ast.Statement, env: Env, problems: list[Diagnostic]) -> list[Step]:
    match s:
        case ast.Phase(call=ast.Call(callee=ast.Name(text="train")) as call):
            return [_train(call, env)]
        case ast.Phase(call=ast.Call(callee=ast.Name(text="compete")) as call):
            return [_compete(call, env)]
        case ast.Phase(call=ast.Call(callee=ast.Name()) as call):
            return [_pass(call, env)]
        case ast.For():
            values = literal_items(substituted(s.iterable, env))
            if values is None:
                _wrong("`for` needs a list or a range of numbers here", s.iterable.span)
            return [step for v in values for step in _block(s.body, {**env, **loop_values(s.targets, v)}, problems)]
        case ast.If():
            test = truth_of(substituted(s.test, env))
            if test is None:
                _wrong("this condition is not plainly true or false", s.test.span)
            branch = s.body if test else s.otherwise
            if isinstance(branch, ast.If):
                return _statement(branch, env, problems)
            return [] if branch is None else _block(branch, env, problems)
    _wrong(
        "a method holds passes, `train`, `compete`, `for` and `if`", s.span, "write `relax()` or `train(weights, ...)`"
    )


def _pass(call: ast.Call, env: Env) -> RunPass:
    """A pass' call as the text that the command line would give."""
    name = expression_text(call.callee)
    options = []
    for a in call.arguments:
        if a.name is None:
            _wrong(f"the options of `{name}` are written by name", a.span, "write `option=value`")
        options.append(f"{a.name}={expression_text(substituted(a.value, env))}")
    spec = f"{name}{{{', '.join(options)}}}" if options else name
    try:
        read_pipeline(spec)
    except ArchirError as error:
        raise ArchirError(*(evolve(d, span=call.span) for d in error.diagnostics)) from None
    return RunPass(spec, span=call.span)


def _compete(call: ast.Call, env: Env) -> Compete:
    """A contest: the pass that splits and the phase that trains are calls, and stand first."""
    match [a.value for a in call.arguments if a.name is None]:
        case [ast.Call(callee=ast.Name()) as split, ast.Call(callee=ast.Name(text="train")) as phase]:
            given = {a.name: _value(substituted(a.value, env)) for a in call.arguments if a.name is not None}
            return cast(
                Compete, _made(Compete, "compete", (_pass(split, env).spec, _train(phase, env)), given, call.span)
            )
    _wrong("`compete` is told how to split and how to train", call.span, "write `compete(partition(), train(...))`")


def _train(call: ast.Call, env: Env) -> Train:
    trains = []
    for argument in call.arguments:
        if argument.name is None:
            if not isinstance(argument.value, ast.Name):
                _wrong("`train` names what it trains", argument.span, f"write some of {', '.join(TRAINABLE)}")
            trains.append(argument.value.text)
    given = {a.name: _value(substituted(a.value, env)) for a in call.arguments if a.name is not None}
    if trains:
        given["trains"] = tuple(trains)
    return cast(Train, _made(Train, "train", (), given, call.span))


def _value(e: ast.Expr) -> Any:
    """A number, truth value, word or tuple, or one of the values of a training phase."""
    number, truth = number_of(e), truth_of(e)
    if number is not None or truth is not None:
        return number if number is not None else truth
    match e:
        case ast.Name(text="none"):
            return None
        case ast.Name() | ast.Literal():
            return e.text if isinstance(e, ast.Name) else e.value
        case ast.TupleOf() | ast.ListOf():
            return tuple(_value(item) for item in e.items)
        case ast.Call(callee=ast.Name(text=name)) if name in _VALUES:
            positional = tuple(_value(a.value) for a in e.arguments if a.name is None)
            named = {a.name: _value(a.value) for a in e.arguments if a.name is not None}
            return _made(_VALUES[name], name, positional, named, e.span)
        case ast.Call(callee=ast.Name(text=name)):
            known = did_you_mean(name, _VALUES) or f"there is {', '.join(_VALUES)}"
            _wrong(f"there is no `{name}` here", e.span, known)
    _wrong("this is no value that a training phase takes", e.span)


def _made(cls: Any, name: str, positional: tuple[Any, ...], named: Mapping[str, Any], span: Span) -> Any:
    all_fields = {f.name for f in fields(cls)}
    known = [f.name for f in fields(cls) if f.repr]
    for option in named:
        if option not in known:
            help_ = did_you_mean(option, known) or f"it has {', '.join(known)}"
            _wrong(f"`{name}` has no option `{option}`", span, help_)
    places = [f.name for f in fields(cls) if not f.kw_only]
    needed = [f.name for f in fields(cls) if f.default is NOTHING]
    usage = f"write `{name}({', '.join(n if n in places else f'{n}=...' for n in needed)})`" if needed else ""
    if len(positional) > len(places):
        _wrong(f"`{name}` takes {len(places)} values without a name, found {len(positional)}", span, usage)
    for option in needed:
        if option not in named and option not in places[: len(positional)]:
            _wrong(f"`{name}` needs `{option}`", span, usage)
    for option in places[: len(positional)]:
        if option in named:
            _wrong(f"`{name}` is given `{option}` twice", span, usage)
    place = {"span": span} if "span" in all_fields else {}
    try:
        return cls(*positional, **named, **place)
    except (TypeError, ValueError) as error:
        _wrong(f"`{name}` cannot be made: {error.args[0] if error.args else error}", span)


def _wrong(message: str, span: Span, help_: str = "") -> NoReturn:
    fail("NAS505", message, span=span, help=help_ or "docs/language.md says what a method holds")
