"""A network's source form: the space's text with its choices replaced by what is kept.

    for i in 2..4 { x[i] = choose ops from x[0..i] keep 2 edges }
        -->  x[2] = sep_conv(x[0], k=3) + skip(x[1])
             x[3] = ...

Parameters stay parameters; only loops around choices (and around tagged calls that
lead to choices) are written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import Factory, define, evolve, field

from archir.diagnostics import fail
from archir.ir.module import Module, join
from archir.ir.origin import Origin, Setting
from archir.ir.point import Point
from archir.sema.kept_text import CLOSED, KeptText, Place, resolve
from archir.sema.library import FileScope, Library
from archir.sema.load import pick_net, reload
from archir.sema.names import assigned_names, descendants
from archir.sema.owners import Named, Written, by_owner
from archir.sema.settings import with_defaults
from archir.sema.terms import FOLDABLE, constants
from archir.sema.unneeded import without_unneeded
from archir.sema.unroll import Env, literal_items, loop_values
from archir.sema.values import CandidatesValue, DefinitionValue, Value
from archir.syntax import ast
from archir.syntax.comments import Comments
from archir.syntax.fold import fold, map_children, truth_of
from archir.syntax.formatter import format_file


def print_source(module: Module) -> str:
    """The module's text in source form; for a network found in a space, its choices replaced.

    The net's parameters default to what the module has. Raises `ArchirError` NAS402 for a
    relaxed module or one without a source (what the flat form is for).
    """
    origin = module.origin
    if origin is None or module.form == "relaxed":
        fail("NAS402", f"`{module.name}` has no source form", help="print it in the flat form")
    library = Library(dict(origin.library))
    scope = library.link(origin.source, None)
    net = pick_net(scope, library, origin.net)
    settings = dict(origin.settings)
    if origin.point is None:
        items = tuple(with_defaults(i, settings) if i is net.definition else i for i in scope.file.items)
        return format_file(ast.File(origin.source, items), Comments.of(origin.source))
    space = reload(evolve(origin, point=None))
    known = by_owner(space.graph, net.definition.span)
    file = _Specializer(origin, {**library.scopes, "": scope}, origin.point, *known).run(net, settings)
    return format_file(file)


@define
class _Specializer:
    origin: Origin
    scopes: dict[str, FileScope]
    point: Point
    choices: Written
    arguments: dict[str, Env]
    named: dict[str, Named]
    done: dict[tuple[int, str | None], str] = Factory(dict)
    items: list[ast.Item] = Factory(list)
    uses: dict[str, tuple[str, ...]] = Factory(dict)
    _affected: dict[int, bool] = Factory(dict)
    _kept: KeptText = field(init=False)

    def __attrs_post_init__(self) -> None:
        def refer(e: Any, scope: FileScope) -> ast.Expr:
            return self._reference(e, Place("", scope, frozenset()))

        self._kept = KeptText(self.point, self.choices, self.scopes, self.expression, refer)

    def run(self, net: DefinitionValue, settings: Mapping[str, Setting]) -> ast.File:
        self.definition(net, None, settings)
        uses = tuple(
            ast.Use(path, None if alias == path[-1] else alias, span=net.definition.span)
            for alias, path in sorted(self.uses.items())
        )
        return ast.File(self.origin.source, (*uses, *self._called()))

    def _called(self) -> list[ast.Item]:
        """The definitions that the net, the last one, leads to: those that were left out are not printed."""
        named = {i.name: i for i in self.items if isinstance(i, ast.Definition | ast.Candidates)}
        waiting, found = [self.items[-1]], {id(self.items[-1])}
        while waiting:
            for node in descendants(waiting.pop()):
                item = named.get(node.text) if isinstance(node, ast.Name) else None
                if isinstance(node, ast.Name) and node.text == CLOSED:
                    help_ = "print it in the flat form"
                    fail(
                        "NAS402",
                        "a window leaves out this choice, and not what is made of it",
                        span=node.span,
                        help=help_,
                    )
                if item is not None and id(item) not in found:
                    found.add(id(item))
                    waiting.append(item)
        return [item for item in self.items if id(item) in found]

    # what has choices below it
    def affected(self, value: Value) -> bool:
        """Whether a definition holds choices, or leads by name to one that does."""
        if not isinstance(value, DefinitionValue):
            return False
        key = id(value.definition)
        if key not in self._affected:
            self._affected[key] = False  # a circle is an error elsewhere
            self._affected[key] = any(
                isinstance(n, ast.Choose | ast.Adjacent) or self.affected(resolve(value.scope, n))
                for n in descendants(value.definition)
            )
        return self._affected[key]

    # definitions
    def definition(self, value: DefinitionValue, tag: str | None, settings: Mapping[str, Setting] | None = None) -> str:
        """Writes a definition once for each tag; gives its name in the new file."""
        key = (id(value.definition), tag)
        if key in self.done:
            return self.done[key]
        name = value.name if tag is None else f"{value.name}_{tag}"
        if name in self.done.values():
            name = f"{(value.scope.prefix or 'own').replace('.', '_')}_{name}"
        self.done[key] = name
        item = value.definition
        owner = value.graph_name if tag is None else join(value.graph_name, tag)
        local = frozenset({p.name for p in item.params} | set(assigned_names(item.body)))
        place = Place(owner, value.scope, local, self.arguments.get(owner, {}), self.named.get(owner, {}))
        place.windows = _holds(item.body, ast.Adjacent)
        item = with_defaults(item, settings or {})
        params = tuple(self._param(p, evolve(place, local=frozenset()), place) for p in item.params)
        if settings is not None:
            place.known = {p.name: p.default for p in params if p.default is not None}
        reached = settings is not None or self._reached(place, item.body)
        body = self.block(item.body, {}, place) if reached else _unreached(item)
        body = evolve(body, statements=without_unneeded(body.statements, place.by_windows, place.by_edges))
        # A net that the net calls becomes a stage: alone, with its defaults, it may hold choices without a point.
        kind = "stage" if item.kind == "net" and settings is None else item.kind
        self.items.append(evolve(item, kind=kind, name=name, params=params, body=body))
        return name

    def _param(self, p: ast.Param, outside: Place, inside: Place) -> ast.Param:
        """A parameter; its default is read outside of the definition, the size of a tensor inside."""
        if p.default is not None:
            p = evolve(p, default=self.expression(p.default, {}, outside))
        if isinstance(p.type, ast.Index):
            sizes = tuple(self.expression(i, {}, inside) for i in p.type.indexes)
            p = evolve(p, type=evolve(p.type, indexes=sizes))
        return p

    def _reached(self, place: Place, body: ast.Block) -> bool:
        """Whether the module calls a definition that holds choices: of another, the point says nothing."""
        holds = _holds(body, ast.Choose, ast.Adjacent)
        return not holds or any(owner == place.owner for owner, _ in self.choices)

    # statements
    def block(self, block: ast.Block, env: Env, place: Place) -> ast.Block:
        return evolve(block, statements=tuple(s for one in block.statements for s in self.statement(one, env, place)))

    def statement(self, s: ast.Statement, env: Env, place: Place) -> list[ast.Statement]:
        match s:
            case ast.For() if place.windows or self._leads_to_choices(s.body, place):
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

    def _leads_to_choices(self, block: ast.Block, place: Place) -> bool:
        return _holds(block, ast.Choose, ast.Adjacent) or any(
            (isinstance(n, ast.Own) and self.affected(self._kept.meaning(n.base, place))) for n in descendants(block)
        )

    def _unrolled(self, s: ast.For, env: Env, place: Place) -> list[ast.Statement]:
        iterable = self.expression(s.iterable, {**place.known, **env}, place)
        values = literal_items(iterable)
        if values is None and not self._leads_to_choices(s.body, place):
            return [evolve(s, iterable=iterable, body=self.block(s.body, env, place))]
        if values is None:
            help_ = "print it in the flat form"
            fail(
                "NAS402",
                "this loop holds choices and its bounds are not plain numbers",
                span=s.iterable.span,
                help=help_,
            )
        rebound = {*assigned_names(s.body)} - {n for t in s.targets for n in _names_of(t)}
        for value in values:
            name = next((n for n in _names_of(value) if n in rebound), None)
            if name is not None:
                message = f"this loop holds choices, runs over `{name}` and gives `{name}` another value"
                fail("NAS402", message, span=s.iterable.span, help="give the new value a name of its own")
        written: list[ast.Statement] = []
        for value in values:
            inner = {**env, **loop_values(s.targets, value)}
            written += self.block(s.body, inner, place).statements
        return written

    def _branch(self, s: ast.If, env: Env, place: Place) -> list[ast.Statement]:
        test = self.expression(s.test, env, place)
        if self._leads_to_choices(s.body, place) or truth_of(test) is not None:
            test = self.expression(s.test, {**place.known, **env}, place)
        chosen = truth_of(test)
        if chosen is None:
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

    # expressions
    def expression(self, e: Any, env: Env, place: Place) -> Any:
        """The expression with known names replaced and choices resolved."""
        match e:
            case ast.Choose():
                return self._kept.total(e, env, place)
            case ast.Adjacent():
                return ast.ListOf(tuple(self._kept.values(e, env, place)), span=e.span)
            case ast.Call() if any(a.spread and isinstance(a.value, ast.Choose | ast.Adjacent) for a in e.arguments):
                return self._filled(e, env, place)
            case ast.Own():
                target = self._kept.meaning(e.base, place)
                tag = self.expression(e.tag, env, place)
                if isinstance(target, DefinitionValue) and self.affected(target) and isinstance(tag, ast.Literal):
                    return ast.Name(self.definition(target, str(tag.value)), span=e.span)
            case ast.Attribute(name="width"):
                only = self._only_tagged(self._kept.meaning(e.base, place))
                if only is not None:
                    return evolve(e, base=ast.Name(only, span=e.base.span))
            case ast.Name():
                return env[e.text] if e.text in env else self._reference(e, place)
            case ast.Attribute(base=ast.Name(text=name)) if name not in place.local and name not in env:
                if isinstance(resolve(place.scope, e), DefinitionValue | CandidatesValue | ast.Constant):
                    return self._reference(e, place)
        return fold(map_children(e, lambda part: self.expression(part, env, place)), FOLDABLE)

    def _only_tagged(self, value: Value) -> str | None:
        """The new name of a definition that holds choices and is called with tags only: one of those with a tag."""
        if not self.affected(value) or any(owner == value.graph_name for owner in self.arguments):
            return None
        prefix = f"{value.graph_name}."
        tags = [owner.removeprefix(prefix) for owner in self.arguments if owner.startswith(prefix)]
        return self.definition(value, tags[0]) if tags else None

    def _reference(self, e: ast.Name | ast.Attribute, place: Place) -> ast.Expr:
        """A name of the file that a definition comes from, as the new file knows it."""
        if isinstance(e, ast.Name) and e.text in place.local:
            return e
        value = resolve(place.scope, e)
        if isinstance(value, ast.Constant):
            home = resolve(place.scope, e.base).scope if isinstance(e, ast.Attribute) else place.scope
            return constants(home)[value.name]
        if not isinstance(value, DefinitionValue | CandidatesValue):
            return e
        if isinstance(value, CandidatesValue) and value.scope is self.scopes[""]:
            return ast.Name(self._candidates(value), span=e.span)
        if isinstance(value, DefinitionValue) and (self.affected(value) or value.scope is self.scopes[""]):
            return ast.Name(self.definition(value, None), span=e.span)
        path = tuple(value.scope.prefix.split("."))
        self.uses.setdefault(path[-1], path)
        return e if isinstance(e, ast.Name) else evolve(e, base=ast.Name(path[-1], span=e.span))

    def _candidates(self, value: CandidatesValue) -> str:
        """Writes a candidate set that the network still hands on; gives its name."""
        key = (id(value.candidates), None)
        if key not in self.done:
            item = value.candidates
            self.done[key] = item.name
            place = Place("", value.scope, frozenset(p.name for p in item.params))
            self.items.insert(0, map_children(item, lambda part: self.expression(part, {}, place)))
        return self.done[key]

    def _filled(self, e: ast.Call, env: Env, place: Place) -> ast.Expr:
        """A call whose inputs are filled by what a `*choose` keeps."""
        arguments: list[ast.Argument] = []
        for a in e.arguments:
            if a.spread and isinstance(a.value, ast.Choose | ast.Adjacent):
                arguments += [ast.Argument(v, span=a.span) for v in self._kept.values(a.value, env, place)]
            else:
                arguments.append(map_children(a, lambda part: self.expression(part, env, place)))
        return evolve(e, callee=self.expression(e.callee, env, place), arguments=tuple(arguments))


def _names_of(e: ast.Expr) -> set[str]:
    return {n.text for n in descendants(e) if isinstance(n, ast.Name)}


def _holds(block: ast.Block, *kinds: type[ast.Node]) -> bool:
    return any(isinstance(node, kinds) for node in descendants(block))


def _unreached(item: ast.Definition) -> ast.Block:
    """A body for a definition that the network names and never calls: an error, should anybody call it."""
    never = ast.Require(ast.Name("false", span=item.span), span=item.span)
    anything = ast.Name(item.params[0].name, span=item.span) if item.params else ast.Literal(0, "0", span=item.span)
    return evolve(item.body, statements=(never, ast.Return(anything, span=item.span)))
