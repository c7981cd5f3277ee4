"""Method files: a list of passes and training phases -> steps of a run.

Nothing is evaluated but numbers, parameters, `for` and `if`. A call of `train` is a training
phase, one of `compete` a contest, one of `select` a selection; any other call is the pass of that
name, with its options.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from attrs import evolve, frozen

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.origin import Setting
from archir.passes import read_pipeline
from archir.search.method_values import made, value_of, wrong
from archir.search.phases import TRAINABLE, Train
from archir.search.steps import Compete, RunPass, Select, Step
from archir.sema.library import library_folder, read_source
from archir.sema.settings import setting_expression
from archir.sema.suggest import did_you_mean
from archir.sema.terms import substituted
from archir.sema.unroll import literal_items, loop_values
from archir.source import Source
from archir.syntax import ast, parse
from archir.syntax.expression_text import expression_text
from archir.syntax.fold import truth_of

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


def name_of_method(source: Source) -> str:
    """What the method in a text is called."""
    return _definition(source).name


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
        case ast.Phase(call=ast.Call(callee=ast.Name(text="select")) as call):
            return [_select(call, env)]
        case ast.Phase(call=ast.Call(callee=ast.Name()) as call):
            return [_pass(call, env)]
        case ast.For():
            values = literal_items(substituted(s.iterable, env))
            if values is None:
                wrong("`for` needs a list or a range of numbers here", s.iterable.span)
            return [step for v in values for step in _block(s.body, {**env, **_bound(s, v)}, problems)]
        case ast.If():
            test = truth_of(substituted(s.test, env))
            if test is None:
                wrong("this condition is not plainly true or false", s.test.span)
            branch = s.body if test else s.otherwise
            if isinstance(branch, ast.If):
                return _statement(branch, env, problems)
            return [] if branch is None else _block(branch, env, problems)
    wrong(
        "a method holds passes, `train`, `compete`, `select`, `for` and `if`",
        s.span,
        "write `relax()` or `train(weights, ...)`",
    )


def _bound(loop: ast.For, value: ast.Expr) -> Env:
    """Loop variables by name; an error where one would get nothing, or something would be left."""
    names = loop.targets
    row = value.items if isinstance(value, ast.TupleOf | ast.ListOf) else None
    if len(names) > 1 and (row is None or len(row) != len(names)):
        help_ = f"give it rows of {len(names)} values; one row alone needs a comma behind it: `((0, 1),)`"
        message = f"{len(names)} names cannot take `{expression_text(value)}`"
        wrong(message, loop.iterable.span, help_)
    return loop_values(names, value)


def _pass(call: ast.Call, env: Env) -> RunPass:
    """A pass' call as the text that the command line would give."""
    name = expression_text(call.callee)
    options = []
    for a in call.arguments:
        if a.name is None:
            wrong(f"the options of `{name}` are written by name", a.span, "write `option=value`")
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
            given = _named(call, env)
            contest = made(Compete, "compete", (_pass(split, env).spec, _train(phase, env)), given, call.span)
            return evolve(cast(Compete, contest), span=call.span)
    wrong("`compete` is told how to split and how to train", call.span, "write `compete(partition(), train(...))`")


def _select(call: ast.Call, env: Env) -> Select:
    places = tuple(value_of(substituted(a.value, env)) for a in call.arguments if a.name is None)
    return evolve(cast(Select, made(Select, "select", places, _named(call, env), call.span)), span=call.span)


def _named(call: ast.Call, env: Env) -> dict[str, Any]:
    """The values of a call that have names."""
    return {a.name: value_of(substituted(a.value, env)) for a in call.arguments if a.name is not None}


def _train(call: ast.Call, env: Env) -> Train:
    trains = []
    for argument in call.arguments:
        if argument.name is None:
            if not isinstance(argument.value, ast.Name):
                wrong("`train` names what it trains", argument.span, f"write some of {', '.join(TRAINABLE)}")
            trains.append(argument.value.text)
    given = _named(call, env)
    if trains:
        given["trains"] = tuple(trains)
    return cast(Train, made(Train, "train", (), given, call.span))
