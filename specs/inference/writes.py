"""Statements on what requests write: natural keys, files, renamed fields, versions of rows, and statuses to move to."""

import re
from collections.abc import Iterable, Iterator, Mapping

from specduet.specs.behavior import Etag
from specduet.specs.inference.lifecycles import StatusField, find_target
from specduet.specs.inference.row_shapes import find_rows, pick_content
from specduet.specs.inference.survey import SurveyedOperation
from specduet.specs.inference.words import to_snake, to_verb, word_list
from specduet.specs.model import Operation
from specduet.specs.schema_reader import SchemaReader

_KEYS = word_list("email email_address username login slug sku handle code isbn phone_number domain")
_FILE = re.compile(r"octet-stream|^image/|^audio/|^video/|^application/(pdf|zip)|^\*/\*$|^application/\*$")
_FILE_NAMES = ("file", "upload", "attachment", "document", "image", "content", "data", "media", "photo")
_IRREGULAR = {"hide": "hidden", "freeze": "frozen", "read": "read"}
_FLAGS: dict[str, tuple[str, bool]] = {
    "activate": ("active", True),
    "reactivate": ("active", True),
    "complete": ("done complete", True),
    "finish": ("done completed", True),
    "favorite": ("favorite favourite", True),
    "publish": ("public live", True),
    "mark": ("read seen", True),
}
_CLEARED_FLAGS: dict[str, tuple[str, bool]] = {
    "deactivate": ("active activated enabled", False),
    "disable": ("enabled active", False),
    "reopen": ("done completed closed", False),
    "restore": ("archived deleted trashed", False),
    "resume": ("paused", False),
    "unpublish": ("public live", False),
}
_SCALARS = frozenset(["string", "integer", "number", "boolean"])


def read_sent(reader: SchemaReader, operation: Operation, noun: str) -> Mapping[str, str]:
    """Return the pointers of the properties of the row that a request's body brings, by name."""
    pointer = _find_sent_row(reader, operation, noun)
    return reader.properties_at(pointer) if pointer else {}


def _find_sent_row(reader: SchemaReader, operation: Operation, noun: str) -> str:
    """Return the pointer of the row in a request's body, else that of the body; empty without a schema."""
    content = pick_content(operation.body.content) if operation.body else None
    if content is None or not content.has_schema:
        return ""
    rows = find_rows(reader, content.pointer, noun)
    return rows.pointer if rows.kind == "one" else content.pointer


_PARTIAL = re.compile(
    r"\b(?:partial|left out|omitted|not (?:sent|given|included|provided)|unchanged|as (?:it is|they are)|only the)\b",
    re.IGNORECASE,
)
_RESET = re.compile(
    r"\b(?:defaults?|reset|cleared?|removed|erased|emptied|dropped|lost|deleted|null(?:ed)?|unset)\b", re.IGNORECASE
)
_KEPT = re.compile(
    r"\b(?:partial|unchanged|kept|keeps?|remains?|stays?|untouched|as (?:it is|they are))\b", re.IGNORECASE
)


def keeps_unsent(reader: SchemaReader, entry: SurveyedOperation, siblings: Iterable[SurveyedOperation]) -> bool:
    """Tell whether a PUT changes only what it names: it says so, or requires nothing, without a PATCH beside it."""
    operation = entry.operation
    node = reader.node_at(operation.pointer)
    text = f"{operation.summary} {node.get('description') if isinstance(node, Mapping) else ''}"
    if _PARTIAL.search(text) and (_KEPT.search(text) or not _RESET.search(text)):
        return True
    if any(sibling.operation.method == "PATCH" for sibling in siblings):
        return False
    pointer = _find_sent_row(reader, operation, entry.shape.noun)
    return bool(pointer) and not reader.required_at(pointer) and bool(reader.properties_at(pointer))


def find_unique(
    reader: SchemaReader, operation: Operation, sent: Mapping[str, str], properties: Mapping[str, str], id_field: str
) -> tuple[str, ...]:
    """Return the natural key of a row where a conflict is documented: an id of the client, its email, its name."""
    conflict = operation.responses.get("409")
    if conflict is None:
        return ()
    if id_field in sent and id_field in properties:
        return (id_field,)
    texts = [name for name in sent if name in properties and reader.kind_at(properties[name]) in {"string", "integer"}]
    snakes = {to_snake(name): name for name in texts if not reader.members_at(properties[name])}
    mentioned = [
        name
        for snake, name in snakes.items()
        if re.search(rf"\b{re.escape(snake)}\b", conflict.description, re.IGNORECASE)
    ]
    known = [snakes[key] for key in _KEYS if key in snakes]
    names = [snakes[key] for key in ("name", "title", "key", "id") if key in snakes]
    return tuple((mentioned or known or names)[:1])


def find_stored_file(reader: SchemaReader, operation: Operation) -> str | None:
    """Return where the bytes of a file are in a request: ``body``, or ``body/NAME`` in a form; None for no file."""
    for media_type, content in operation.body.content.items() if operation.body else ():
        if media_type.startswith("multipart/") and content.has_schema:
            properties = reader.properties_at(content.pointer)
            parts = [name for name, at in properties.items() if _is_file_part(reader, name, at)]
            if parts:
                return f"body/{parts[0]}"
        elif _FILE.search(media_type):
            return "body"
    return None


def _is_file_part(reader: SchemaReader, name: str, pointer: str) -> bool:
    schema, _ = reader.resolve(pointer)
    if schema.get("format") in {"binary", "base64"} or "contentMediaType" in schema or "contentEncoding" in schema:
        return True
    return not schema.get("type") and to_snake(name) in _FILE_NAMES


def returns_file(entry: SurveyedOperation) -> bool:
    """Tell whether the successful response is a file: it has media types, and none of them is JSON."""
    contents = [r.content for status, r in entry.operation.responses.items() if status.startswith("2") and r.content]
    media_types = [media_type for content in contents for media_type in content]
    return bool(media_types) and all(_FILE.search(media_type) for media_type in media_types)


def find_renamed(
    reader: SchemaReader, sent: Mapping[str, str], properties: Mapping[str, str], id_field: str
) -> dict[str, str]:
    """Return the fields of a row that the body has under another name: ``{"customer_id": "body/customer"}``."""
    snakes = {to_snake(name): name for name in properties}
    found = {}
    for name, pointer in sent.items():
        snake = to_snake(name)
        if name in properties or reader.kind_at(pointer) not in _SCALARS or _is_file_part(reader, name, pointer):
            continue
        for other in (f"{snake}_id", snake.removesuffix("_id"), snake):
            field = snakes.get(other)
            is_free = field not in {None, id_field} and field not in sent and field not in found
            if is_free and field and reader.kind_at(properties[field]) == reader.kind_at(pointer):
                found[field] = f"body/{name}"
                break
    return found


def state_etag(entry: SurveyedOperation) -> Etag | None:
    """Return the statement on versions of rows, where ETag, If-Match, 304 or 412 is documented."""
    operation = entry.operation
    headers = {name.lower() for response in operation.responses.values() for name in response.headers}
    parameters = {parameter.name.lower() for parameter in operation.parameters if parameter.location == "header"}
    signs = sorted(
        ({"etag"} & headers)
        | ({"if-match", "if-none-match"} & parameters)
        | ({"304", "412"} & operation.responses.keys())
    )
    if not signs or (entry.role in {"list", "create"} and not headers & {"etag"}):
        return None
    return Etag(basis="inferred" if "etag" in headers else "assumed", because=f"{', '.join(signs)} is documented")


def find_action_flags(reader: SchemaReader, entry: SurveyedOperation, properties: Mapping[str, str]) -> dict[str, bool]:
    """Return the flags that an action sets, by its verb: ``archived`` for archive, the same as false for unarchive."""
    snakes = {to_snake(name): name for name in properties if reader.kind_at(properties[name]) == "boolean"}
    words = entry.verb_words
    found = {}
    for flag, value in _list_flags(to_verb(words[0])) if words and snakes else ():
        name = snakes.get(flag) or snakes.get(f"is_{flag}")
        if name is not None:
            found[name] = value
    return found


def _list_flags(verb: str) -> Iterator[tuple[str, bool]]:
    """Yield the flags that a verb may set: ``archived: true``, ``locked: false``."""
    for names, value in (_FLAGS.get(verb, ("", True)), _CLEARED_FLAGS.get(verb, ("", False))):
        yield from ((name, value) for name in names.split())
    base = verb.removeprefix("un")
    stem = base if base.endswith("e") else f"{base}e"
    doubled = f"{base}{base[-1:]}ed"
    yield from ((participle, base == verb) for participle in (f"{stem}d", f"{base}ed", doubled, _to_past(base)))


def _to_past(verb: str) -> str:
    return f"{verb[:-1]}ied" if verb.endswith("y") else _IRREGULAR.get(verb, "")


def find_action_target(entry: SurveyedOperation, field: StatusField | None) -> str | None:
    """Return the status to which an action moves a row, from the verb of its path or summary."""
    if field is None:
        return None
    words = entry.verb_words
    verbs = [to_verb(word) for word in words[:1]] + [to_verb(word) for word in entry.operation.summary.split()[:1]]
    snakes = field.snakes
    for verb in verbs:
        if (target := find_target(field, verb)) is not None:
            return target
    return next((snakes[word] for word in reversed(words) if word in snakes), None)
