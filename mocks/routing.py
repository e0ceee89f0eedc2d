"""Routing: the paths at which the operations of all APIs are served, and what a request path leads to.

An operation is served at its full path, which begins with the path of its server (OAS 3.1, 4.8.5): ``/v1/runs``. Its
own path, ``/runs``, and those below its other servers lead to it too, as long as nothing else stands there.
``RouteTable`` knows which route a request belongs to, Connexion (connexion_router.py) routes it, and ``RouteCache``
keeps the match, so that Connexion is asked once for each method and path.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from specduet.mocks import responses
from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.error_responses import Dialect, FastApiDialect
from specduet.mocks.handler import OperationHandler
from specduet.mocks.path_templates import PathTemplate, QueryCondition, normalize_path, split_query
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.specs import Api, UsageError
from specduet.specs.servers import list_base_paths

# The number of matches that a RouteCache holds, and the longest key: method, paths and root path in characters.
_CACHE_SIZE = 2_048
_MAX_KEY_LENGTH = 512


class RouteMatch(NamedTuple):
    """The handler of a request, and the texts of its path parameters in the order of the path template."""

    handler: "OperationHandler | NotFoundHandler"
    path_values: tuple[str, ...]
    depends_on_query: bool = False
    """True if another query would have led to another operation."""


class RouteTarget(NamedTuple):
    """One operation of a route, and the condition on the query that its document writes into the path."""

    handler: OperationHandler
    condition: QueryCondition | None


class Route:
    """One path of one API, with its operations by method."""

    def __init__(self, api: Api, template: PathTemplate, *, is_bare: bool = False) -> None:
        self.api = api
        self.template = template
        self.is_bare = is_bare
        """True if the path lacks that of the server."""
        self.targets: dict[str, list[RouteTarget]] = {}

    def add_target(self, handler: OperationHandler, condition: QueryCondition | None) -> None:
        """Add an operation, unless one without a condition has its method already."""
        targets = self.targets.setdefault(handler.operation.method, [])
        if condition is not None or all(target.condition for target in targets):
            targets.append(RouteTarget(handler, condition))
            targets.sort(key=_rank_target)

    def find_target(self, method: str, query: bytes) -> tuple[RouteTarget, tuple[str, ...]] | None:
        """Return the operation of a method, and the texts of its parameters in the query.

        HEAD is handled by the operation of GET, unless it has one of its own.
        """
        for target in self.targets.get(method) or (self.targets.get("GET", []) if method == "HEAD" else []):
            values = () if target.condition is None else target.condition.find_values(query)
            if values is not None:
                return target, values
        return None

    def depends_on_query(self) -> bool:
        return any(target.condition is not None for targets in self.targets.values() for target in targets)


def count_shared_segments(template: str, path: str) -> int:
    """Return how many first segments of a path template, without parameters, a path has as well."""
    pairs = zip(template.strip("/").split("/"), path.strip("/").split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1] and "{" not in pair[0], pairs))


def _rank_target(target: RouteTarget) -> int:
    """Return the sort key of a target: the strongest condition first; one that asks for nothing, a fragment, last."""
    if target.condition is None:
        return 0
    return -target.condition.strength or 1


class RouteTable:
    """The routes of all APIs, concrete paths before templates and full paths before bare ones.

    Raises ``UsageError`` if two APIs have the same full path, whatever their parameters are called.
    """

    def __init__(self, handlers: Sequence[OperationHandler]) -> None:
        self._base_paths: dict[int, set[str]] = defaultdict(set)
        routes = _build_routes(handlers)
        self.routes = tuple(sorted(routes, key=lambda route: (route.is_bare, route.template.specificity)))
        self._by_length: dict[int, list[Route]] = defaultdict(list)
        for route in self.routes:
            self._by_length[route.template.segment_count].append(route)
        for handler in handlers:
            if handler.base_path:
                base_path = normalize_path(handler.base_path)
                self._base_paths[base_path.count("/")].add(base_path)

    def find_route(self, path: str, method: str, query: bytes) -> Route | None:
        """Return the route of a normalized path that has the method; if none has it, the first of the path."""
        first = None
        for route in self._iter_routes(path):
            if route.find_target(method, query) is not None:
                return route
            first = first or route
        return first

    def find_nearest_api(self, path: str, names: Collection[str]) -> str | None:
        """Return which of some APIs has a path that shares the most first segments with a normalized path.

        Only segments without parameters count. None where two APIs share as many.
        """
        shared = dict.fromkeys(names, 0)
        for route in self.routes:
            name = route.api.name
            if name in shared:
                shared[name] = max(shared[name], count_shared_segments(route.template.path, path))
        most = max(shared.values(), default=0)
        nearest = [name for name, count in shared.items() if count == most]
        return nearest[0] if len(nearest) == 1 else None

    def list_methods(self, path: str) -> list[str]:
        """Return the methods of all operations of a normalized path, whichever of its routes they belong to."""
        return list(dict.fromkeys(method for route in self._iter_routes(path) for method in route.targets))

    def _iter_routes(self, path: str) -> Iterator[Route]:
        segments = path.split("/")
        for route in self._by_length.get(len(segments), ()):
            if route.template.matches(segments) and not (route.is_bare and self._is_below_base(route, segments)):
                yield route

    def _is_below_base(self, route: Route, segments: list[str]) -> bool:
        """Return True if the path begins with that of a server, which the route takes for parameters."""
        return any(
            route.template.has_parameter_within(count + 1) and "/".join(segments[: count + 1]) in base_paths
            for count, base_paths in self._base_paths.items()
        )


def _build_routes(handlers: Sequence[OperationHandler]) -> Iterator[Route]:
    """Yield the routes of full paths, and those of bare paths at which nothing else stands."""
    full: dict[str, Route] = {}
    for handler in handlers:
        route = _add_target(full, handler, handler.full_path)
        if route.api is not handler.api:
            raise UsageError(
                f"{route.api.name} and {handler.api.name} both have the path {route.template.path}",
                remedy="Serve them on two ports.",
            )
    _add_sent_paths(full, [(handler, handler.full_path) for handler in handlers])
    _add_other_slashes(full, handlers)
    yield from full.values()
    bare: dict[str, Route] = {}
    owners: dict[str, set[str]] = defaultdict(set)
    based = [
        (handler, path + handler.operation.path) for handler in handlers for path in _list_other_base_paths(handler)
    ]
    for handler, path in based:
        owners[_add_target(bare, handler, path, is_bare=True).template.shape].add(handler.api.name)
    _add_sent_paths(bare, based, is_bare=True)
    yield from (route for shape, route in bare.items() if shape not in full and len(owners[shape]) <= 1)


def _list_other_base_paths(handler: OperationHandler) -> list[str]:
    """Return where an operation is served besides its full path: below its other servers, and without any of them."""
    operation, document = handler.operation, handler.api.document
    paths = [""]
    if handler.base_path == operation.base_path:  # it was not chosen
        item = document.get("paths", {}).get(operation.path, {})
        paths += list_base_paths(item.get(operation.method.lower(), {}), item, document)
    return [path for path in dict.fromkeys(paths) if path != handler.base_path]


def _add_target(
    routes: dict[str, Route],
    handler: OperationHandler,
    path: str,
    condition: QueryCondition | None = None,
    *,
    is_bare: bool = False,
) -> Route:
    template = PathTemplate(path)
    route = routes.setdefault(template.shape, Route(handler.api, template, is_bare=is_bare))
    route.add_target(handler, condition)
    return route


def _add_sent_paths(
    routes: dict[str, Route], paths: Sequence[tuple[OperationHandler, str]], *, is_bare: bool = False
) -> None:
    """Add what a client sends for a path that is written with a query or a fragment."""
    for handler, path in paths:
        sent_path, condition = split_query(path)
        if condition is not None:
            _add_target(routes, handler, sent_path, condition, is_bare=is_bare)


def _add_other_slashes(routes: dict[str, Route], handlers: Sequence[OperationHandler]) -> None:
    """Add each path with one slash more or less at its end, where the API serves both and nothing else stands there."""
    taken = {*routes}
    for handler in handlers:
        path = handler.full_path
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        if handler.api.behavior.either_slash is not None and other and PathTemplate(other).shape not in taken:
            _add_target(routes, handler, other)


class RouteCache:
    """Route matches by method, path and root path, for matches that depend on nothing else: they hold for good."""

    # speed: without it, Connexion's middleware runs for each request, which costs 65 % ("list of the last day") to
    # 96 % ("422") more processor time (make bench ARGS='--only tricks', 2026-11-28)

    def __init__(self) -> None:
        self._matches: BoundedCache[tuple[Any, ...], RouteMatch] = BoundedCache(_CACHE_SIZE)

    def get(self, scope: Mapping[str, Any]) -> RouteMatch | None:
        """Return the stored match of a request; None if there is none."""
        return self._matches.get(
            (scope.get("method"), scope.get("path"), scope.get("raw_path"), scope.get("root_path"))
        )

    def store(self, scope: Mapping[str, Any], match: RouteMatch) -> None:
        """Store the match of a request, unless no operation was found, or the path is too long to be kept."""
        key = (scope["method"], scope["path"], scope.get("raw_path"), scope.get("root_path"))
        is_stable = isinstance(match.handler, OperationHandler) and not match.depends_on_query
        if is_stable and sum(map(len, filter(None, key))) <= _MAX_KEY_LENGTH:
            self._matches.store(key, match)


def get_normalized_path(scope: Mapping[str, Any]) -> str:
    """Return the normalized path of a request, below the root path of the application."""
    path: str = scope["path"]
    raw_path: bytes = scope.get("raw_path") or b""
    # a server need not give the raw path, and another application may have changed the path alone
    if unquote_to_bytes(raw_path) != path.encode("utf-8", "surrogatepass"):
        raw_path = path.replace("%", "%25").encode("utf-8", "surrogatepass")
    return normalize_path(raw_path).removeprefix(normalize_path(scope.get("root_path", "")))


class NotFoundHandler:
    """Handler of requests that belong to no operation: unknown paths, other methods, OPTIONS."""

    def __init__(self, table: RouteTable, dialects: Mapping[str, Dialect]) -> None:
        """``dialects`` are those of unknown paths, by API. FastAPI's is that of a path near to none."""
        self._table = table
        self._dialects = dialects

    def find_route(self, request: Request) -> Route | None:
        """Return the route of a request, which has no operation for it; None for an unknown path."""
        return self._table.find_route(get_normalized_path(request.scope), request.method, request.query_string)

    def respond(self, request: Request) -> HttpResponse:
        """Return 404, 405, or for OPTIONS the methods that the path allows (RFC 9110, section 9.3.7)."""
        route = self.find_route(request)
        if route is None:
            name = self._table.find_nearest_api(get_normalized_path(request.scope), self._dialects)
            dialect = FastApiDialect() if name is None else self._dialects[name]
            return dialect.render_error(404)
        methods = self._table.list_methods(get_normalized_path(request.scope))
        if request.method == "OPTIONS":
            extra = ["HEAD"] if "GET" in methods and "HEAD" not in methods else []
            allowed = ", ".join([*methods, *extra, "OPTIONS"])
            return responses.make_empty_response(204, [(b"allow", allowed.encode())])
        dialect = next(iter(route.targets.values()))[0].handler.dialect
        if request.method in route.targets:  # with another query
            return dialect.render_error(404)
        return dialect.render_error(405, headers=[(b"allow", ", ".join(methods).encode())])
