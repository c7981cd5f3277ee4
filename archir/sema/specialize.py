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

from attrs import Factory, define, evolve

from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import Module, join, owner_of
from archir.ir.origin import Origin, Setting
from archir.ir.point import Point
from archir.ops.layout import zeros_for
from archir.sema.library import FileScope, Library
from archir.sema.load import pick_net, reload
from archir.sema.names import assigned_names, descendants
from archir.sema.settings import setting_expression, with_defaults
from archir.sema.terms import FOLDABLE, constants, kept_term
from archir.sema.unroll import Env, edge_of, literal_items, loop_values
from archir.sema.values import CandidatesValue, DefinitionValue, Namespace, Value
from archir.source import Span
from archir.syntax import ast
from archir.syntax.comments import Comments
from archir.syntax.fold import fold, literal, map_children, truth_of
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
    file = _Specializer(origin, scope, origin.point, *_by_owner(space.graph, net.definition.span)).run(net, settings)
    return format_file(file)


def _by_owner(graph: Graph, span: Span) -> tuple[dict[tuple[str, Span], list[Choice]], dict[str, Env]]:
    """What is known of each owner of choices.

    Its choices by where they were written, in order of computation; and the parameters
    that have the same value wherever it is called.
    """
    choices: dict[tuple[str, Span], list[Choice]] = {}
    arguments: dict[str, dict[str, Setting]] = {}

    def visit(g: Graph, tag: str | None) -> None:
        owner = owner_of(g, tag)
        fresh = owner not in arguments
        given = dict(g.arguments)
        agreed = given if fresh else {k: v for k, v in arguments[owner].items() if given.get(k) == v}
        arguments[owner] = agreed
        for node in g.nodes:
            if isinstance(node, Call):
                visit(node.graph, node.tag)
            elif isinstance(node, Choice):
                if fresh and node.span is not None:
                    choices.setdefault((owner, node.span), []).append(node)
                for candidate in {c.graph: None for edge in node.edges for c in edge.candidates}:
                    visit(candidate, None)

    visit(graph, None)
    written = {
        owner: {name: setting_expression(value, span) for name, value in agreed.items()}
        for owner, agreed in arguments.items()
    }
    return choices, written


@define
class _Place:
    """The definition whose body is being written."""

    owner: str
    scope: FileScope
    local: frozenset[str]
    known: Env = Factory(dict)
    """Parameters that have one value in all instances; only loops and edges around choices need them."""
    used: dict[Span, int] = Factory(dict)


@define
class _Specializer:
    origin: Origin
    scope: FileScope
    point: Point
    choices: dict[tuple[str, Span], list[Choice]]
    arguments: dict[str, Env]
    done: dict[tuple[int, str | None], str] = Factory(dict)
    items: list[ast.Item] = Factory(list)
    uses: dict[str, tuple[str, ...]] = Factory(dict)
    _affected: dict[int, bool] = Factory(dict)

    def run(self, net: DefinitionValue, settings: Mapping[str, Setting]) -> ast.File:
        self.definition(net, None, settings)
        uses = tuple(
            ast.Use(path, None if alias == path[-1] else alias, span=net.definition.span)
            for alias, path in sorted(self.uses.items())
        )
        return ast.File(self.origin.source, (*uses, *self.items))

    # what has choices below it
    def affected(self, value: Value) -> bool:
        """Whether a definition holds choices, or leads by name to one that does."""
        if not isinstance(value, DefinitionValue):
            return False
        key = id(value.definition)
        if key not in self._affected:
            self._affected[key] = False  # a circle is an error elsewhere
            self._affected[key] = any(
                isinstance(n, ast.Choose) or self.affected(resolve(value.scope, n))
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
        place = _Place(owner, value.scope, local, self.arguments.get(owner, {}))
        outside = evolve(place, local=frozenset())
        item = with_defaults(item, settings or {})
        params = tuple(
            p if p.default is None else evolve(p, default=self.expression(p.default, {}, outside)) for p in item.params
        )
        if settings is not None:
            place.known = {p.name: p.default for p in params if p.default is not None}
        reached = settings is not None or self._reached(place, item.body)
        body = self.block(item.body, {}, place) if reached else _unreached(item)
        # A net that the net calls becomes a stage: alone, with its defaults, it may hold choices without a point.
        kind = "stage" if item.kind == "net" and settings is None else item.kind
        self.items.append(evolve(item, kind=kind, name=name, params=params, body=body))
        return name

    def _reached(self, place: _Place, body: ast.Block) -> bool:
        """Whether the module calls a definition that holds choices: of another, the point says nothing."""
        holds = any(isinstance(n, ast.Choose) for n in descendants(body))
        return not holds or any(owner == place.owner for owner, _ in self.choices)

    # statements
    def block(self, block: ast.Block, env: Env, place: _Place) -> ast.Block:
        return evolve(block, statements=tuple(s for one in block.statements for s in self.statement(one, env, place)))

    def statement(self, s: ast.Statement, env: Env, place: _Place) -> list[ast.Statement]:
        match s:
            case ast.For() if self._leads_to_choices(s.body, place):
                return self._unrolled(s, env, place)
            case ast.For():
                iterable = self.expression(s.iterable, env, place)
                return [evolve(s, iterable=iterable, body=self.block(s.body, env, place))]
            case ast.If():
                return self._branch(s, env, place)
        return [cast(ast.Statement, map_children(s, lambda e: self.expression(e, env, place)))]

    def _leads_to_choices(self, block: ast.Block, place: _Place) -> bool:
        return any(
            isinstance(n, ast.Choose) or (isinstance(n, ast.Own) and self.affected(resolve(place.scope, n.base)))
            for n in descendants(block)
        )

    def _unrolled(self, s: ast.For, env: Env, place: _Place) -> list[ast.Statement]:
        iterable = self.expression(s.iterable, {**place.known, **env}, place)
        values = literal_items(iterable)
        if values is None:
            help_ = "print it in the flat form"
            fail(
                "NAS402",
                "this loop holds choices and its bounds are not plain numbers",
                span=s.iterable.span,
                help=help_,
            )
        written: list[ast.Statement] = []
        for value in values:
            inner = {**env, **loop_values(s.targets, value)}
            written += self.block(s.body, inner, place).statements
        return written

    def _branch(self, s: ast.If, env: Env, place: _Place) -> list[ast.Statement]:
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
    def expression(self, e: Any, env: Env, place: _Place) -> Any:
        """The expression with known names replaced and choices resolved."""
        match e:
            case ast.Choose():
                return self._choose(e, env, place)
            case ast.Call() if any(a.spread and isinstance(a.value, ast.Choose) for a in e.arguments):
                return self._filled(e, env, place)
            case ast.Own():
                target = resolve(place.scope, e.base)
                tag = self.expression(e.tag, env, place)
                if isinstance(target, DefinitionValue) and self.affected(target) and isinstance(tag, ast.Literal):
                    return ast.Name(self.definition(target, str(tag.value)), span=e.span)
            case ast.Name():
                return env[e.text] if e.text in env else self._reference(e, place)
            case ast.Attribute(base=ast.Name(text=name)) if name not in place.local and name not in env:
                if isinstance(resolve(place.scope, e), DefinitionValue | ast.Constant):
                    return self._reference(e, place)
        return fold(map_children(e, lambda part: self.expression(part, env, place)), FOLDABLE)

    def _reference(self, e: ast.Name | ast.Attribute, place: _Place) -> ast.Expr:
        """A name of the file that a definition comes from, as the new file knows it."""
        if isinstance(e, ast.Name) and e.text in place.local:
            return e
        value = resolve(place.scope, e)
        if isinstance(value, ast.Constant):
            home = resolve(place.scope, e.base).scope if isinstance(e, ast.Attribute) else place.scope
            return constants(home)[value.name]
        if not isinstance(value, DefinitionValue):
            return e
        if self.affected(value) or value.scope is self.scope:
            return ast.Name(self.definition(value, None), span=e.span)
        path = tuple(value.scope.prefix.split("."))
        self.uses.setdefault(path[-1], path)
        return e if isinstance(e, ast.Name) else evolve(e, base=ast.Name(path[-1], span=e.span))

    def _filled(self, e: ast.Call, env: Env, place: _Place) -> ast.Expr:
        """A call whose inputs are filled by what a `*choose` keeps."""
        arguments: list[ast.Argument] = []
        for a in e.arguments:
            if a.spread and isinstance(a.value, ast.Choose):
                terms, _ = self._terms(a.value, env, place)
                arguments += [ast.Argument(term, span=a.span) for term in terms]
            else:
                arguments.append(map_children(a, lambda part: self.expression(part, env, place)))
        return evolve(e, callee=self.expression(e.callee, env, place), arguments=tuple(arguments))

    def _choose(self, e: ast.Choose, env: Env, place: _Place) -> ast.Expr:
        """The sum of what is kept."""
        terms, choice = self._terms(e, env, place)
        if not terms:
            return self._zeros(e, choice, env, place)
        rest = tuple(("+", t) for t in terms[1:])
        return ast.Arithmetic(terms[0], rest, span=e.span) if rest else terms[0]

    def _terms(self, e: ast.Choose, env: Env, place: _Place) -> tuple[list[ast.Expr], Choice]:
        """What is kept of a choice, each as a call, and the choice in the IR."""
        count = place.used[e.span] = place.used.get(e.span, -1) + 1
        written = self.choices.get((place.owner, e.span), [])
        if count >= len(written):
            fail(
                "NAS402", "this choice is not reached by every instance", span=e.span, help="print it in the flat form"
            )
        key = join(place.owner, written[count].name)
        terms: list[ast.Expr] = []
        for kept in self.point.kept(key) or ():
            group, source = edge_of(e, kept.edge, lambda x: self.expression(x, {**place.known, **env}, place))
            callee = group.callee if isinstance(group, ast.Call) else group
            candidates = resolve(place.scope, callee)
            assert isinstance(candidates, CandidatesValue)
            arguments = group.arguments if isinstance(group, ast.Call) else ()
            given = tuple(map_children(a, lambda x: self.expression(x, env, place)) for a in arguments)
            term = kept_term(candidates, given, kept, source)
            inside = _Place("", candidates.scope, frozenset())
            callee_here = self._reference(cast(Any, term.callee), inside)
            call: ast.Expr = evolve(term, callee=callee_here)
            if kept.coefficient is not None:
                call = ast.Arithmetic(literal(kept.coefficient, e.span), (("*", call),), span=e.span)
            terms.append(call)
        return terms, written[count]

    def _zeros(self, e: ast.Choose, choice: Choice, env: Env, place: _Place) -> ast.Expr:
        """What stands for a choice of which nothing is kept."""
        for number, edge in enumerate(choice.edges):
            zero = zeros_for(edge.candidates[0].graph.inputs[0].type, choice.type)
            if zero is not None:
                _, source = edge_of(e, number, lambda x: self.expression(x, {**place.known, **env}, place))
                arguments = [ast.Argument(source, span=e.span)]
                for name, value in zero.attributes():
                    plain = value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
                    arguments.append(ast.Argument(setting_expression(plain, e.span), name, span=e.span))
                return ast.Call(ast.Name("zero", span=e.span), tuple(arguments), span=e.span)
        raise AssertionError("the point was fixed, so the zeros can be made")


def _unreached(item: ast.Definition) -> ast.Block:
    """A body for a definition that the network names and never calls: an error, should anybody call it."""
    never = ast.Require(ast.Name("false", span=item.span), span=item.span)
    anything = ast.Name(item.params[0].name, span=item.span) if item.params else ast.Literal(0, "0", span=item.span)
    return evolve(item.body, statements=(never, ast.Return(anything, span=item.span)))


def resolve(scope: FileScope, e: ast.Node) -> Value:
    """What a plain or dotted name means in a file, or None."""
    match e:
        case ast.Name():
            found = scope.lookup(e.text)
            return found[0] if len(found) == 1 else None
        case ast.Attribute(base=ast.Name() as base):
            namespace = resolve(scope, base)
            return namespace.scope.own.get(e.name) if isinstance(namespace, Namespace) else None
    return None
