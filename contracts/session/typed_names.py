"""Names that the operator gives, compared with those of the documents: one that none of them has is refused."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from specduet.contracts.planning.plan import matches_any
from specduet.specs import Api, UsageError

_MAX_LISTED = 12


def check_typed_names(
    apis: Sequence[Api], auth: Iterable[str], params: Iterable[str], patterns: Iterable[str] = ()
) -> None:
    """Raise ``UsageError`` for a scheme of ``--auth``, a name of ``--param`` or an operation that no document has."""
    operations = [operation for api in apis for operation in api.operations]
    for pattern in patterns:
        if not any(matches_any(operation, [pattern]) for operation in operations):
            labels = [operation.label for operation in operations]
            raise UsageError(f"no operation is called {pattern!r}", remedy=suggest_name(pattern, labels))
    schemes = list_scheme_names(apis)
    for name in auth:
        if name not in schemes:
            raise _unknown_scheme(name, schemes)
    parameters = list_parameter_names(apis)
    for name in params:
        if name not in parameters:
            raise UsageError(f"no parameter is called {name!r}", remedy=suggest_name(name, parameters))


def describe_unused_names(apis: Sequence[Api], auth: Iterable[str], params: Iterable[str]) -> str:
    """Return a sentence on names in files of settings that no tested API has, empty where there is none.

    They are no error: a file may be about several APIs.
    """
    schemes, parameters = list_scheme_names(apis), list_parameter_names(apis)
    unused = [*(name for name in auth if name not in schemes), *(name for name in params if name not in parameters)]
    return f"not used, since no tested API has it: {', '.join(dict.fromkeys(unused))}" if unused else ""


def list_scheme_names(apis: Iterable[Api]) -> list[str]:
    """Return the names that ``--auth`` takes: ``SCHEME`` and ``api:SCHEME``, each once."""
    pairs = [(api.name, scheme) for api in apis for scheme in api.schemes]
    return list(dict.fromkeys([*(scheme for _, scheme in pairs), *(f"{api}:{scheme}" for api, scheme in pairs)]))


def list_parameter_names(apis: Iterable[Api]) -> list[str]:
    """Return the names of all parameters, those of paths first."""
    parameters = [p for api in apis for operation in api.operations for p in operation.parameters]
    in_order = sorted(parameters, key=lambda p: p.location != "path")
    return list(dict.fromkeys(p.name for p in in_order))


def suggest_name(name: str, known: Sequence[str]) -> str:
    """Return a sentence with the known names that are nearest to a mistyped one, else with the first of all."""
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    more = f", and {len(known) - _MAX_LISTED} more" if len(known) > _MAX_LISTED else ""
    return f"Known: {', '.join(known[:_MAX_LISTED]) or 'none'}{more}."


def _unknown_scheme(name: str, schemes: list[str]) -> UsageError:
    if not schemes:
        return UsageError(
            f"no security scheme is called {name!r}: the document declares none",
            remedy="Give the credential as a header, which is sent with every request: -H 'Authorization: Bearer …'.",
        )
    plain = [known for known in schemes if ":" not in known] or schemes
    return UsageError(f"no security scheme is called {name!r}", remedy=suggest_name(name, plain))
