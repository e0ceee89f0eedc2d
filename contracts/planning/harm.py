"""The harm that an operation can do to a service, told from its method, path, operationId and summary.

A row that the run itself has created may be changed, deleted, restarted, revoked. So an operation with the id of a row
in its path does no harm of this kind; which rows it may be sent for is decided in ``contracts/planning/own_rows.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from specduet.contracts.planning import harm_words as words
from specduet.contracts.planning.harm_words import Phrase, find_leading_phrase, find_phrase
from specduet.specs import Api, Operation, Parameter
from specduet.specs.inference.paths import PathShape, parse_path
from specduet.specs.inference.words import is_plural, split_words, word_set

Harm = Literal["safe", "creates", "changes", "destroys", "ends sessions", "switches the service"]
"""The worst that an operation does."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_ROWS = word_set("version api_version locale language lang format response_format")
_MAX_MEMBERS = 12
"""Members of an enum up to which a path parameter names a kind of thing, and no row."""

_PhraseFinder = Callable[[str, frozenset[Phrase]], str]
_ACTS_BY_GET = words.STOPS | words.ERASURES | words.CREDENTIAL_VERBS


@dataclass(frozen=True, slots=True)
class HarmVerdict:
    """The harm of one operation. ``reason`` says why it is left out, and is empty where it is sent.

    ``is_foreign``: it only changes things that were there before the run, which ``--allow-writes=all`` allows.
    """

    harm: Harm
    reason: str = ""
    is_foreign: bool = False


def assess_operation(api: Api, operation: Operation) -> HarmVerdict:
    """Return the harm of an operation."""
    shape = parse_path(operation.path)
    reason = find_session_end(operation, shape)
    if reason:
        return HarmVerdict("ends sessions", reason)
    if list_row_parameters(operation):
        return HarmVerdict(_plain_harm(operation, shape))
    if operation.method in SAFE_METHODS:
        is_read = shape.is_item or operation.role.name == "list"  # `GET /shutdown-events`
        verb = "" if is_read else find_phrase(_last_literal(shape), _ACTS_BY_GET)
        return HarmVerdict("switches the service", f"its path says {verb!r}") if verb else HarmVerdict("safe")
    if operation.method == "POST" and creates_listed_row(api, operation, shape):
        return HarmVerdict("creates")
    harm, reason = find_service_switch(api, operation, shape)
    if harm and not (harm == "destroys" and operation.method == "DELETE"):  # what is deleted says more than the verb
        return HarmVerdict(harm, reason, is_foreign=harm == "destroys" and not _is_wide(operation, shape))
    return _assess_singleton(operation, shape)


def list_row_parameters(operation: Operation) -> list[Parameter]:
    """Return the path parameters that name rows: not those of a language, and of a few kinds of things."""
    return [p for p in order_path_parameters(operation) if _names_row(p)]


def order_path_parameters(operation: Operation) -> list[Parameter]:
    """Return the path parameters in the order of the path."""
    parameters = [p for p in operation.parameters if p.location == "path"]
    return sorted(parameters, key=lambda p: operation.path.find(f"{{{p.name}}}"))


def acts_on_row(operation: Operation) -> bool:
    """Return whether an operation changes, deletes or acts on a row that its path names, or creates rows below it."""
    if not list_row_parameters(operation):
        return False
    shape = parse_path(operation.path)
    if operation.method in SAFE_METHODS:
        return bool(not shape.is_item and find_phrase(_last_literal(shape), _ACTS_BY_GET))
    return not _is_question(operation, shape)


def creates_listed_row(api: Api, operation: Operation, shape: PathShape) -> bool:
    """Return whether a POST makes a row of a collection that has a list or a path to one row."""
    if operation.role.name != "create" or shape.verb:
        return False
    item_key = f"{shape.key}/{{}}"
    return any(
        (other.method == "GET" and parse_path(other.path).key == item_key)
        or (other.role.name == "list" and parse_path(other.path).key == shape.key)
        for other in api.operations
    )


def find_session_end(operation: Operation, shape: PathShape) -> str:
    """Return why an operation ends sessions, or deletes, demotes or locks out the caller; empty where it does not."""
    for part in _list_literals(shape):
        if phrase := find_phrase(part, words.LOGOUTS):
            return f"its path says {phrase!r}"
    for place, text in _list_texts(operation):
        if not (place == "operationId" and "_" in text and "__" in text) and (
            phrase := find_leading_phrase(text, words.LOGOUTS)
        ):
            return f"its {place} says {phrase!r}"
    if list_row_parameters(operation) or operation.method in SAFE_METHODS:
        return ""
    last = split_words(_last_literal(shape))
    if operation.method == "DELETE" and last and last[-1] in words.SESSIONS | {"current", "token"}:
        return f"it deletes the {' '.join(last)} of the caller"
    return _find_caller_change(operation, shape) or _find_credential_change(operation, shape)


def _find_caller_change(operation: Operation, shape: PathShape) -> str:
    """Return why an operation changes who the caller is, empty where it does not."""
    literals = [split_words(part) for part in _list_literals(shape)]
    about_caller = any(part and words.CALLERS.issuperset(part[:1]) for part in literals)
    last = literals[-1] if literals else ()
    if (
        operation.method in {"PUT", "PATCH", "DELETE"}
        and last
        and (words.CALLERS & {last[0]} or (len(last) == 1 and last[0] in words.CALLER_THINGS))
    ):
        return f"it {'deletes' if operation.method == 'DELETE' else 'changes'} the caller"
    if about_caller and set(last) & (words.DEPARTURES | words.CREDENTIALS):
        return f"its path says {' '.join(last)!r} of the caller"
    named = set().union(*literals) if literals else set()
    if named & words.ROLES and last and find_phrase(_last_literal(shape), words.DEMOTIONS):
        return f"its path says {' '.join(last)!r} of {min(named & words.ROLES)}"
    return ""


def _find_credential_change(operation: Operation, shape: PathShape) -> str:
    """Return why an operation revokes or replaces a credential of the caller, empty where it does not."""
    last = _last_literal(shape)
    is_password = "password" in split_words(last)
    verbs = words.CREDENTIAL_VERBS | (words.phrase_set("change update set") if is_password else frozenset())
    named = {word for part in _list_literals(shape) for word in split_words(part)}
    if "invalidate" in named and named & (words.SESSIONS | words.CREDENTIALS | {"tokens"}):
        return "its path says 'invalidate'"
    if is_password and not is_public(operation) and find_phrase(last, verbs | words.ERASURES):
        return f"its path says {' '.join(split_words(last))!r}"
    for place, text, find in _list_places(operation, shape):
        if phrase := find(text, words.CREDENTIAL_VERBS):
            return f"its {place} says {phrase!r}"
    return ""


def find_service_switch(api: Api, operation: Operation, shape: PathShape) -> tuple[Harm | Literal[""], str]:
    """Return the harm and its reason where a request without the id of a row stops, empties or switches a service."""
    named = _list_literals(shape)
    if _is_question(operation, shape):
        return "", ""
    said = _find_settings(named, changes=operation.role.name == "update")
    if said:
        return "switches the service", f"its path says {said!r}"
    adds_rows = _is_below_list(api, shape)
    overhauls = words.OVERHAULS - words.phrase_set("import") if adds_rows else words.OVERHAULS
    switches = words.STOPS | overhauls | (frozenset() if _names_rows_in_body(api, operation) else words.SWITCHES)
    for place, text, find in _list_places(operation, shape):
        if _is_public_reset(operation, shape):
            break
        if phrase := find(text, switches):
            return "switches the service", f"its {place} says {phrase!r}"
        if phrase := find(text, words.ERASURES):
            return "destroys", f"its {place} says {phrase!r}"
    return "", ""


def _is_below_list(api: Api, shape: PathShape) -> bool:
    """Return whether a path is that of an action on a collection: ``/dashboards/import``."""
    if len(shape.parts) > 1 and is_plural("_".join(split_words(shape.parts[-2]))):
        return True
    key = shape.above.key
    return any(o.role.name in {"list", "create"} and parse_path(o.path).key == key for o in api.operations)


def _find_settings(named: list[str], *, changes: bool) -> str:
    """Return the words of a path that say settings: at its end, or before a verb that switches them."""
    is_switch = changes or bool(named and find_phrase(named[-1], words.SWITCHES | words.DEMOTIONS))
    switched = named[-2:-1] if is_switch else []
    for part in (*named[-1:], *switched):
        said = split_words(part)
        if said and said[-1] in words.SETTINGS:
            return " ".join(said)
    return "maintenance" if "maintenance" in named[-2:] else ""


def _is_wide(operation: Operation, shape: PathShape) -> bool:
    """Return whether an operation erases a whole service: ``POST /reset``, ``POST /admin/purge``."""
    named = [split_words(part) for part in _list_literals(shape)]
    return operation.method != "DELETE" and not any(is_plural("_".join(said)) for said in named[:-1])


def _is_public_reset(operation: Operation, shape: PathShape) -> bool:
    """Return whether an operation resets a forgotten password, which takes no credential of the caller."""
    return is_public(operation) and any("password" in split_words(part) for part in shape.parts[-2:])


def _assess_singleton(operation: Operation, shape: PathShape) -> HarmVerdict:
    """Return the verdict on a write without the id of a row, which no word tells to be harmful."""
    name = " ".join(split_words(_last_literal(shape))) or "what is there"
    if operation.method == "DELETE":
        extent = "all" if is_plural(name.replace(" ", "_")) else "the only"
        return HarmVerdict("destroys", f"it may delete {extent} {name}", is_foreign=True)
    says_create = find_leading_phrase(operation.summary, _CREATES) and is_plural(name.replace(" ", "_"))
    if operation.method in {"PUT", "PATCH"} and not says_create:
        return HarmVerdict("changes", f"it changes {name}, which the run has not created", is_foreign=True)
    said = set(split_words(_last_literal(shape)))
    if said & words.BULK and said & words.BULK_CHANGES and operation.role.name != "create":
        return HarmVerdict("changes", f"its path says {name!r}", is_foreign=True)
    return HarmVerdict(_plain_harm(operation, shape))


def _plain_harm(operation: Operation, shape: PathShape) -> Harm:
    if operation.method in SAFE_METHODS or _is_question(operation, shape):
        return "changes" if acts_on_row(operation) else "safe"
    if operation.method == "DELETE":
        return "destroys"
    return "creates" if operation.role.name == "create" else "changes"


def _is_question(operation: Operation, shape: PathShape) -> bool:
    """Return whether a POST only asks: ``/items/search``."""
    return (
        operation.method == "POST"
        and operation.role.name in {"list", "fetch", "other"}
        and bool({*split_words(shape.verb or _last_literal(shape))} & _QUESTIONS)
    )


_CREATES = words.phrase_set("create add submit")
_QUESTIONS = word_set(
    "search query count validate verify preview calculate lookup check estimate compare render list get"
)


def _names_row(parameter: Parameter) -> bool:
    is_kind = (
        len(parameter.schema.get("enum") or range(_MAX_MEMBERS + 1)) <= _MAX_MEMBERS or "const" in parameter.schema
    )
    return not is_kind and "_".join(split_words(parameter.name)) not in _NO_ROWS


def _names_rows_in_body(api: Api, operation: Operation) -> bool:
    """Return whether the body of a request has to name a row."""
    for content in operation.body.content.values() if operation.body else ():
        schema, _ = api.request_schemas.resolve(content.schema, content.pointer)
        for name in schema.get("required") or ():
            if split_words(name)[-1:] and split_words(name)[-1] in {"id", "ids", "uuid", "name", "key", "slug"}:
                return True
    return False


def is_public(operation: Operation) -> bool:
    """Return whether the document lets an operation be called without a credential."""
    return not operation.security or () in operation.security


def _list_literals(shape: PathShape) -> list[str]:
    """Return the parts of a path that are no parameters."""
    return [part for part in shape.parts if not part.startswith("{")]


def _last_literal(shape: PathShape) -> str:
    """Return the verb behind a colon, else the last part of a path that is no parameter."""
    return shape.verb or next(reversed(_list_literals(shape)), "")


def _list_texts(operation: Operation) -> Iterator[tuple[str, str]]:
    yield "summary", operation.summary
    generated = operation.id == f"{operation.method.lower()}_{operation.path}"
    yield "operationId", "" if generated else operation.id.replace(":", ".").rpartition("/")[2].rpartition(".")[2]


def _list_places(operation: Operation, shape: PathShape) -> Iterator[tuple[str, str, _PhraseFinder]]:
    yield "path", _last_literal(shape), find_phrase
    for place, text in _list_texts(operation):
        yield place, text, find_leading_phrase
