"""The role of each operation: list, create, fetch, replace, update, delete, action or other.

Four witnesses are asked: the method, the path's last part, the response, and the verb with which the summary or the
operationId begins. Other operations of the same path are a fifth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from specduet.specs.inference.paths import PathShape
from specduet.specs.inference.row_shapes import ShownRows
from specduet.specs.inference.verbs import (
    ACTION_VERBS,
    CHECK_VERBS,
    CREATE_VERBS,
    DELETE_VERBS,
    NOUNS_TOO,
    QUERIES,
    READ_VERBS,
    SEARCHES,
    UPDATE_VERBS,
    is_action,
    read_verb,
)
from specduet.specs.inference.words import is_plural, split_words, to_snake
from specduet.specs.model import Operation, RoleName

_ITEM_ROLES: dict[str, RoleName] = {"PUT": "replace", "PATCH": "update", "DELETE": "delete"}
# a role, and the sentences that witness it
Verdict = tuple[RoleName, list[str]]


@dataclass(frozen=True, slots=True)
class PathNeighbors:
    """The operations of one path."""

    methods: frozenset[str]
    #: the role of GET, empty without it
    read_role: str = ""
    #: a path below it ends with a parameter
    has_item: bool = False


def classify_call(words: Sequence[str], role: RoleName, rows: ShownRows, *, has_key: bool) -> tuple[RoleName, str]:
    """Return the role of a call, whose path has a verb, and the sentence that witnesses it."""
    verb = f"the path has the verb {'_'.join(words)!r}"
    if role == "list" or (role == "fetch" and rows.kind == "many" and not has_key):
        is_list = rows.kind == "many" and rows.item_kind == "object"
        return ("list" if is_list else "other"), f"{verb}, and the response holds a list"
    if role == "fetch" and rows.kind == "none" and not has_key:
        return "other", verb
    return ("other" if role == "action" and not has_key else role), verb


def classify_read(operation: Operation, shape: PathShape, rows: ShownRows, *, has_item: bool) -> Verdict:  # noqa: PLR0911
    """Return the role of a GET and the sentences that witness it."""
    verb, last = read_verb(operation), shape.verb or shape.last
    if rows.kind == "many" and rows.item_kind == "boolean":
        return "other", ["the response is a list of flags"]
    if shape.is_item and not shape.verb:
        return _classify_item_read(rows, verb, has_item=has_item)
    first = split_words(last)[:1]
    if first and first[0] in QUERIES and rows.kind != "many":
        return "other", [f"the path ends with the verb {last!r}"]
    if rows.kind == "many":
        return "list", [f"the response holds a list{f' at {rows.path}' if rows.path else ''}"]
    if rows.kind == "one":
        if has_item and is_plural(to_snake(last)) and not rows.path and verb == "list":
            return "list", ["the summary says list, and a path below it has an id"]
        return "fetch", ["the response is one object"]
    if operation.response_for(200) is None and any(status in operation.responses for status in ("204", "205")):
        return "other", ["the response has no body"]
    if has_item or verb == "list" or (is_plural(to_snake(last)) and verb not in CHECK_VERBS):
        return "list", ["the path's last word is a plural, and a response is not described"]
    return "fetch", ["the path's last word is a singular, and the response is not described"]


def _classify_item_read(rows: ShownRows, verb: str, *, has_item: bool) -> Verdict:
    if rows.kind == "many" and (verb == "list" or (rows.is_certain and not has_item and not rows.path)):
        return "list", ["the response is a list, although the path ends with a parameter"]
    if verb in CHECK_VERBS and rows.kind == "none":
        return "other", ["the summary says check, and the response has no rows"]
    return "fetch", ["GET of a path that ends with a parameter"]


def classify_write(operation: Operation, shape: PathShape, rows: ShownRows, beside: PathNeighbors) -> Verdict:  # noqa: PLR0911  rules in their order: the first that holds
    """Return the role of a POST, PUT, PATCH or DELETE and the sentences that witness it."""
    if shape.verb:
        return "action", [f"the path ends with the verb {shape.verb!r}"]
    if operation.method == "POST":
        return _classify_post(operation, shape, rows, beside)
    if shape.is_item:
        return _ITEM_ROLES[operation.method], [f"{operation.method} of a path that ends with a parameter"]
    verb, reads = read_verb(operation), beside.read_role
    if reads == "list":
        return "other", [f"{operation.method} of a whole list"]
    if ends_with_verb(shape) and reads != "fetch":
        return "action", [f"the path ends with the verb {shape.last!r}"]
    if operation.method == "DELETE":
        if verb in DELETE_VERBS or (not verb and not is_plural(to_snake(shape.last))):
            return "delete", ["DELETE of one thing"]
        return "action", [f"the summary says {verb}"] if verb else ["DELETE of several things"]
    name = _ITEM_ROLES[operation.method]
    if verb in UPDATE_VERBS and operation.body is not None:
        return name, [f"the summary says {verb}"]
    if verb in {"", "create", "add", "upload", "store"} and reads == "fetch":
        return name, ["GET of the same path is one object"]
    return "action", [f"the summary says {verb}"] if verb else [f"{operation.method} of a path without an id"]


def ends_with_verb(shape: PathShape) -> bool:
    """Tell whether the last part of a path begins with a verb that is no noun: ``cancel``, ``addFollowers``."""
    words = split_words(shape.last)
    if not words or shape.is_item:
        return False
    if len(words) > 1 and words[0] in DELETE_VERBS | UPDATE_VERBS | {"create", "get"}:  # `/update-branch`
        return words[0] != "put"
    return words[0] in ACTION_VERBS and not (len(words) > 1 and is_plural(words[-1]) and words[0] in NOUNS_TOO)


def is_noun_too(shape: PathShape) -> bool:
    """Tell whether the verb at the end of a path is as often a noun: ``/exports``."""
    return split_words(shape.last)[0] in NOUNS_TOO


def _classify_post(operation: Operation, shape: PathShape, rows: ShownRows, beside: PathNeighbors) -> Verdict:
    verb = read_verb(operation)
    if shape.is_item:
        return _classify_item_post(verb, beside)
    if beside.read_role == "list" or beside.has_item:
        found = _classify_list_post(operation, shape, rows, verb)
        if found is not None:
            return found
    if ends_with_verb(shape) and not (is_noun_too(shape) and verb in CREATE_VERBS and "201" in operation.responses):
        is_query = split_words(shape.last)[0] in SEARCHES or len(shape.parts) == 1
        return ("other" if is_query else "action"), [f"the path ends with the verb {shape.last!r}"]
    if beside.read_role == "fetch" and verb == "add":
        return "action", ["it adds to one thing"]
    return _classify_post_by_verb(operation, shape, rows, verb)


def _classify_list_post(operation: Operation, shape: PathShape, rows: ShownRows, verb: str) -> Verdict | None:
    """Return the role of a POST on a collection; None where its path names an action nevertheless."""
    if "one or more" in operation.summary.lower() or (verb in DELETE_VERBS and verb != "cancel"):
        return "other", ["the summary says that it is about several rows"]
    if verb in READ_VERBS | SEARCHES and rows.kind == "many" and rows.item_kind == "object":
        return "list", [f"the summary says {verb}, and the response holds a list"]
    first = split_words(shape.last)[:1]
    if verb in ACTION_VERBS - CREATE_VERBS - NOUNS_TOO and first and first[0] in ACTION_VERBS:
        return None
    return "create", ["POST of the path of a collection"]


def _classify_post_by_verb(operation: Operation, shape: PathShape, rows: ShownRows, verb: str) -> Verdict:
    if verb in UPDATE_VERBS and verb != "put":
        return "update", [f"the summary says {verb}"]
    if verb in CREATE_VERBS or "201" in operation.responses:
        return "create", [f"the summary says {verb}" if verb in CREATE_VERBS else "201 is documented"]
    if is_action(verb) or verb in DELETE_VERBS or verb in READ_VERBS:
        return ("action" if verb not in READ_VERBS else "other"), [f"the summary says {verb}"]
    if rows.kind == "one" and is_plural(to_snake(shape.last)):
        return "create", ["POST of a plural, and the response is one object"]
    return ("action" if shape.parameters else "other"), ["POST of a path that nothing else is known of"]


def _classify_item_post(verb: str, beside: PathNeighbors) -> Verdict:
    if verb in UPDATE_VERBS:
        return "update", [f"POST of a path that ends with a parameter, and the summary says {verb}"]
    if (
        not beside.methods & {"PUT", "PATCH"}
        and beside.methods & {"GET", "DELETE"}
        and verb not in {"create", "upload"}
    ):
        return "update", ["POST of a path that ends with a parameter, and neither PUT nor PATCH is there"]
    if verb in {"create", "upload", "add"} and "PATCH" not in beside.methods:
        return "create", [f"the summary says {verb}"]
    return "action", ["POST of a path that ends with a parameter"]
