"""Valid values that differ from one number to the next: the next member of an enum, the next number, another day."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.pattern_texts import draw_texts
from specduet.contracts.oracle.schema_access import get_count, get_number, list_members, list_types
from specduet.specs import Schema

WORDS = ("beta", "alpha", "delta", "gamma", "epsilon", "zeta", "eta", "theta")


def refers_to_row(name: str, schema: Schema) -> bool:
    """Return whether a value is the id of another row, which cannot be made up."""
    return name.lower() != "id" and (
        name.lower().endswith(("id", "ids", "_by", "ref")) or schema.get("format") == "uuid"
    )


def vary_value(schema: Schema, name: str, number: int) -> Any:
    """Return the value that a property has in the row with this number, ``UNSET`` where none is known."""
    members = list_members(schema)
    if members is not None:
        shown = [member for member in members if member is not None]
        return shown[number % len(shown)] if shown else UNSET
    types = list_types(schema)
    if "boolean" in types:
        return number % 2 == 0
    if "integer" in types or "number" in types:
        return _vary_number(schema, number)
    if "string" in types:
        return vary_text(schema, name, number)
    items = schema.get("items")
    if "array" in types and isinstance(items, Mapping) and "string" in list_types(items) and "format" not in items:
        item = vary_value(items, name, number % 3)
        return [] if item is UNSET else [item]
    return UNSET


def _vary_number(schema: Schema, number: int) -> Any:
    minimum, maximum = get_number(schema, "minimum"), get_number(schema, "maximum")
    least = int(minimum) if minimum is not None else 1
    value = least + (number * 3 + 1) % 7
    return min(value, int(maximum)) if maximum is not None else value


def vary_text(schema: Schema, name: str, number: int) -> Any:
    """Return the text that a property has in the row with this number, ``UNSET`` where its format is not known."""
    kind = schema.get("format")
    day = f"2026-0{1 + number % 6}-1{(number * 7) % 10}"
    by_format = {
        "date": day,
        "date-time": f"{day}T08:30:00Z",
        "email": f"{WORDS[number % 8]}{number}@example.com",
        "uri": f"https://example.com/{WORDS[number % 8]}{number}",
    }
    return _vary_plain_text(schema, name, number) if kind is None else by_format.get(kind, UNSET)


def _vary_plain_text(schema: Schema, name: str, number: int) -> str:
    least, longest = get_count(schema, "minLength") or 0, get_count(schema, "maxLength")
    if isinstance(schema.get("pattern"), str):
        texts = (text for text in draw_texts(schema["pattern"], number) if least <= len(text) <= (longest or 200))
        return next(texts, f"{WORDS[number % 8]}-{number}")
    if "mail" in name.lower():
        return f"{WORDS[number % 8]}{number}@example.com"
    text = f"{WORDS[number % 8]} {number}".ljust(min(least, 200), "x")
    return text if longest is None else text[-longest:] if longest else ""
