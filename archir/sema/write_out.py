"""The body of a definition with its choices replaced: loops and branches around them are written out."""

from __future__ import annotations

from typing import Any, Protocol, cast

from attrs import define, evolve

from archir.diagnostics import fail
from archir.sema.affected import Affected, holds_choices
from archir.sema.kept_text import KeptText, Place
from archir.sema.names import assigned_names, descendants, resolve
from archir.sema.terms import FOLDABLE
from archir.sema.unroll import Env, literal_items, loop_values
from archir.sema.values import CandidatesValue, DefinitionValue, Value
from archir.syntax import ast
from archir.syntax.fold import fold, map_children, number_of, truth_of

_FLAT = "print it in the flat form"


class NewFile(Protocol):
    """The file that is being written, as the bodies in it see it."""

    def definition(self, value: DefinitionValue, tag: str | None) -> str:
        """The name that a definition has there, for one tag."""

    def only_tagged(self, value: Value) -> str | None:
        """The name there of a definition that is written for tags only."""

    def reference(self, e: ast.Name | ast.Attribute, place: Place) -> ast.Expr:
        """A name of the file that a definition comes from."""


@define
class Body:
    """Writes bodies; `place` is the definition that one belongs to, `env` what stands for loop variables."""

    file: NewFile
    affected: Affected
    kept: KeptText
    asks_width: bool = False
    """Whether something that was written asks a definition with choices for its width."""

    def block(self, block: ast.Block, env: Env, place: Place) -> ast.Block:
        """The statements of a block, written out."""
        return evolve(block, statements=tuple(s for one in block.statements for s in self._statement(one, env, place)))

    def _statement(self, s: ast.Statement, env: Env, place: Place) -> list[ast.Statement]:
        match s:
            case ast.For() if place.windows or self._needs_turns(s, env, place):
                return self._unrolled(s, env, place)
            case ast.For():
                iterable = self.expression(s.iterable, env, place)
                return [evolve(s, iterable=iterable, body=self.block(s.body, env, place))]
            case ast.If():
                return self._branch(s, env, place)
        place.other_windows, place.other_edges = [], []
        written = cast(ast.Statement, map_children(s, lambda e: self.expression(e, env, place)))
        place.by_windows.append((written, tuple(place.other_windows)))
        place.by_edges.append((written, tuple(place.other_edges)))
        return [written]

    def _leads_to_choices(self, node: ast.Node, place: Place) -> bool:
        return holds_choices(node) or any(
            isinstance(n, ast.Own) and self.affected(self.kept.meaning(n.base, place)) for n in descendants(node)
        )

    def _needs_turns(self, s: ast.For, env: Env, place: Place) -> bool:
        """Whether what a loop keeps depends on its turn: it holds choices, or tags that are not plain yet."""
        return holds_choices(s.body) or any(
            isinstance(n, ast.Own)
            and self.affected(self.kept.meaning(n.base, place))
            and not isinstance(tag := self.expression(n.tag, env, place), ast.Literal)
            and number_of(tag) is None
            for n in descendants(s.body)
        )

    def _unrolled(self, s: ast.For, env: Env, place: Place) -> list[ast.Statement]:
        iterable = self.expression(s.iterable, {**place.known, **env}, place)
        values = literal_items(iterable)
        if values is None and not self._needs_turns(s, env, place):
            return [evolve(s, iterable=iterable, body=self.block(s.body, env, place))]
        if values is None:
            message = "this loop holds choices and its bounds are not plain numbers"
            fail("NAS402", message, span=s.iterable.span, help=_FLAT)
        rebound = {*assigned_names(s.body)} - {n for t in s.targets for n in _names_of(t)}
        name = next((n for value in values for n in _names_of(value) if n in rebound), None)
        if name is not None:
            message = f"this loop holds choices, runs over `{name}` and gives `{name}` another value"
            fail("NAS402", message, span=s.iterable.span, help="give the new value a name of its own")
        turns = (self.block(s.body, {**env, **loop_values(s.targets, value)}, place) for value in values)
        return [statement for turn in turns for statement in turn.statements]

    def _branch(self, s: ast.If, env: Env, place: Place) -> list[ast.Statement]:
        test = self.expression(s.test, env, place)
        if self._leads_to_choices(s, place) or truth_of(test) is not None:
            test = self.expression(s.test, {**place.known, **env}, place)
        chosen = truth_of(test)
        if chosen is None:
            test = self.expression(s.test, env, place)
            otherwise = s.otherwise
            if isinstance(otherwise, ast.If):
                (otherwise,) = cast(Any, self._branch(otherwise, env, place)) or (None,)
            elif otherwise is not None:
                otherwise = self.block(otherwise, env, place)
            return [evolve(s, test=test, body=self.block(s.body, env, place), otherwise=otherwise)]
        if chosen:
            return list(self.block(s.body, env, place).statements)
        if isinstance(s.otherwise, ast.If):
            return self._branch(s.otherwise, env, place)
        return [] if s.otherwise is None else list(self.block(s.otherwise, env, place).statements)

    def expression(self, e: Any, env: Env, place: Place) -> Any:
        """The expression with known names replaced and choices resolved."""
        match e:
            case ast.Choose() if not place.undecided:
                return self.kept.total(e, env, place)
            case ast.Adjacent() if not place.undecided:
                return ast.ListOf(tuple(self.kept.values(e, env, place)), span=e.span)
            case ast.Call() if not place.undecided and any(map(_filling, e.arguments)):
                return self._filled(e, env, place)
            case ast.Own():
                target = self.kept.meaning(e.base, place)
                tag = self.expression(e.tag, env, place)
                if target is None and not place.undecided and self.affected.by_argument(place.owner):
                    fail("NAS402", "this is not the same definition in every instance", span=e.base.span, help=_FLAT)
                if self.affected(target) and isinstance(tag, ast.Literal):
                    return ast.Name(self.file.definition(target, str(tag.value)), span=e.span)
            case ast.Attribute(name="width"):
                asked = self.kept.meaning(e.base, place)
                only = self.file.only_tagged(asked)
                if only is not None:
                    return evolve(e, base=ast.Name(only, span=e.base.span))
                self.asks_width |= self.affected(asked) if asked is not None else self.affected.by_argument(place.owner)
            case ast.Name():
                return env[e.text] if e.text in env else self.file.reference(e, place)
            case ast.Attribute(base=ast.Name(text=name)) if name not in place.local and name not in env:
                if isinstance(resolve(place.scope, e), DefinitionValue | CandidatesValue | ast.Constant):
                    return self.file.reference(e, place)
        return fold(map_children(e, lambda part: self.expression(part, env, place)), FOLDABLE)

    def _filled(self, e: ast.Call, env: Env, place: Place) -> ast.Expr:
        """A call whose inputs are filled by what a `*choose` keeps."""
        arguments: list[ast.Argument] = []
        for a in e.arguments:
            choice = _filling(a)
            if choice is not None:
                arguments += [ast.Argument(v, span=a.span) for v in self.kept.values(choice, env, place)]
            else:
                arguments.append(map_children(a, lambda part: self.expression(part, env, place)))
        return evolve(e, callee=self.expression(e.callee, env, place), arguments=tuple(arguments))


def _filling(argument: ast.Argument) -> ast.Choose | ast.Adjacent | None:
    """The choice whose values an argument stands for."""
    return argument.value if argument.spread and isinstance(argument.value, ast.Choose | ast.Adjacent) else None


def _names_of(e: ast.Expr) -> set[str]:
    return {n.text for n in descendants(e) if isinstance(n, ast.Name)}
