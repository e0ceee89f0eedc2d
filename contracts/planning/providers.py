"""Operations that show or create the rows whose ids others need in their paths, or whose links lead there."""

from collections.abc import Iterable

from specduet.contracts.planning.harm import order_path_parameters
from specduet.contracts.planning.own_rows import find_collection
from specduet.specs import Api, Operation
from specduet.specs.inference.paths import parse_path


def find_providers(api: Api, operations: Iterable[Operation]) -> frozenset[str]:
    """Return the operationIds of those that list or create the rows which the paths name, and of those for these."""
    by_collection: dict[str, list[Operation]] = {}
    for operation in api.operations:
        if operation.role.name in {"list", "create"}:
            by_collection.setdefault(parse_path(operation.path).key, []).append(operation)
    by_target: dict[str, list[Operation]] = {}
    for source in api.operations:
        for _, target in api.link_targets.get(source.id, ()):
            by_target.setdefault(target.id, []).append(source)
    found: set[str] = set()
    waiting = list(operations)
    while waiting:
        operation = waiting.pop()
        parameters = order_path_parameters(operation)
        providers = [o for p in parameters for o in by_collection.get(find_collection(operation, p), ())]
        for provider in (*providers, *(by_target.get(operation.id, ()) if parameters else ())):
            if provider.id not in found:
                found.add(provider.id)
                waiting.append(provider)
    return frozenset(found)
