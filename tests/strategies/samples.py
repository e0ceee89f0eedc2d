"""Schemas that something satisfies by construction, each with a value that a request may have, for Hypothesis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

_FORMATS = {
    "date": "2026-02-28",
    "date-time": "2026-02-28T12:00:00Z",
    "uuid": "0b5e3b8e-5d3c-4f4e-9a63-1c7c1d6f3c11",
    "email": "a@b.example",
    "uri": "https://a.example/b",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "hostname": "a.example",
    "byte": "AQI=",
    "own-format": "x",
}
_PATTERNS = {"^[a-z]{2}$": "ab", r"^\d+-\d+$": "1-2", r"^(?!x)\w+$": "ab", r"\p{Lu}": "Ä", "^(a|b)(c|d)?$": "ac"}
_NAMES = ("id", "name", "a/b", "til~de", "größe", "$ref?", "type", "items", "a b", "x-own")
_MORE_NAMES = ("other", "second", "created_at")


@dataclass(frozen=True)
class Sample:
    """A schema, and a value that satisfies it in a request."""

    schema: Any
    value: Any


def texts() -> st.SearchStrategy[Sample]:
    """Return text by length, format, pattern and enumeration."""
    by_length = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(
        lambda bounds: Sample({"type": "string", "minLength": bounds[0], "maxLength": sum(bounds)}, "x" * bounds[0])
    )
    return st.one_of(
        by_length,
        st.sampled_from([Sample({"type": "string", "format": name}, text) for name, text in _FORMATS.items()]),
        st.sampled_from([Sample({"type": "string", "pattern": name}, text) for name, text in _PATTERNS.items()]),
        st.sampled_from([Sample({"type": "string", "enum": ["b", "c"]}, "b"), Sample({"type": "string"}, "free text")]),
    )


@st.composite
def numbers(draw: Draw, version: str) -> Sample:
    """Return an integer or a number with bounds that the value keeps."""
    step = draw(st.sampled_from([1, 2, 0.5]))
    low, width = draw(st.integers(-3, 3)) * step, draw(st.integers(1, 4)) * step
    kind = "integer" if isinstance(step, int) and draw(st.booleans()) else "number"
    schema: dict[str, Any] = {"type": kind, "multipleOf": step}
    if draw(st.booleans()):
        return Sample({**schema, "minimum": low, "maximum": low + width}, low)
    exclusive = {"minimum": low, "exclusiveMinimum": True} if version.startswith("3.0") else {"exclusiveMinimum": low}
    return Sample({**schema, **exclusive}, low + width)


def scalars(version: str) -> st.SearchStrategy[Sample]:
    """Return texts, numbers, booleans, and in 3.1 constants, null and several types."""
    old = st.one_of(texts(), numbers(version), st.just(Sample({"type": "boolean"}, value=False)))
    if version.startswith("3.0"):
        return st.one_of(old, old.map(lambda sample: Sample({**sample.schema, "nullable": True}, sample.value)))
    new = [({"const": 0}, 0), ({"type": "null"}, None), ({"type": ["integer", "null"]}, None), (True, 1), ({}, [1])]
    return st.one_of(old, st.sampled_from([Sample(*pair) for pair in new]))


@st.composite
def arrays(draw: Draw, inner: st.SearchStrategy[Sample], version: str) -> Sample:
    """Return a list by its items, its first items, or what it contains."""
    item, count = draw(inner), draw(st.integers(0, 2))
    form = draw(st.sampled_from(["items", "unique", "prefix", "contains"]))
    if version.startswith("3.0") or form == "items":
        bounds = {"minItems": count, "maxItems": count + draw(st.integers(0, 2))}
        return Sample({"type": "array", "items": item.schema, **bounds}, [item.value] * count)
    if form == "unique":
        return Sample({"type": "array", "items": item.schema, "uniqueItems": True, "minItems": 1}, [item.value])
    if form == "prefix":
        other = draw(inner)
        first = {"prefixItems": [item.schema, other.schema], "items": False, "minItems": 2}
        return Sample({"type": "array", **first}, [item.value, other.value])
    return Sample({"type": "array", "items": item.schema, "contains": item.schema}, [item.value])


@st.composite
def objects(
    draw: Draw, inner: st.SearchStrategy[Sample], names: tuple[str, ...] = _NAMES, *, is_open: bool = False
) -> Sample:
    """Return an object with some properties, required, readOnly or writeOnly; ``is_open`` forbids no others."""
    chosen = draw(st.dictionaries(st.sampled_from(names), inner, min_size=1, max_size=3))
    required = [name for name in chosen if draw(st.booleans())]
    properties: dict[str, Any] = {}
    value: dict[str, Any] = {}
    for name, sample in chosen.items():
        mark = draw(st.sampled_from([None, None, None, "readOnly", "writeOnly"]))
        is_marked = mark is not None and isinstance(sample.schema, dict) and "$ref" not in sample.schema
        properties[name] = {**sample.schema, mark: True} if is_marked else sample.schema
        if not (is_marked and mark == "readOnly"):
            value[name] = sample.value
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    if not is_open:
        schema |= draw(st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": {}}]))
    return Sample(schema, value)


@st.composite
def combinations(draw: Draw, inner: st.SearchStrategy[Sample], version: str) -> Sample:
    """Return schemas of several parts: all, one or any of them, and in 3.1 a condition."""
    left = draw(objects(inner, is_open=True))
    right = draw(objects(inner, _MORE_NAMES, is_open=True))
    tagged = [_tag(sample, tag) for sample, tag in ((left, "l"), (right, "r"))]
    forms = [
        Sample({"allOf": [left.schema, right.schema]}, {**left.value, **right.value}),
        Sample({"oneOf": [sample.schema for sample in tagged]}, tagged[1].value),
        Sample({"anyOf": [sample.schema for sample in tagged]}, tagged[0].value),
        Sample({**left.schema, "not": {"required": ["never"]}}, left.value),
    ]
    if not version.startswith("3.0"):
        condition = {"if": tagged[0].schema, "then": {"required": ["kind"]}, "else": True}
        forms.append(Sample({**left.schema, **condition}, left.value))
        forms.append(Sample({**left.schema, "unevaluatedProperties": False}, left.value))
        forms.append(Sample({**left.schema, "patternProperties": {"^zz": {"type": "integer"}}}, left.value))
    form: Sample = draw(st.sampled_from(forms))
    return form


def _tag(sample: Sample, tag: str) -> Sample:
    """Return an object that names itself, so that it is no other alternative."""
    properties = {**sample.schema["properties"], "kind": {"type": "string", "enum": [tag]}}
    required = [*sample.schema.get("required", ()), "kind"]
    return Sample({**sample.schema, "properties": properties, "required": required}, {**sample.value, "kind": tag})


def samples(version: str, known: Mapping[str, Sample]) -> st.SearchStrategy[Sample]:
    """Return schemas of any kind; ``known`` are components that they may refer to."""
    leaves = scalars(version)
    if known:
        references = [Sample({"$ref": f"#/components/schemas/{name}"}, known[name].value) for name in known]
        leaves = st.one_of(leaves, st.sampled_from(references))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(arrays(inner, version), objects(inner), combinations(inner, version)),
        max_leaves=5,
    )


@st.composite
def components(draw: Draw, version: str) -> dict[str, Sample]:
    """Return schemas by name: each may refer to earlier ones, and an object to itself."""
    known: dict[str, Sample] = {}
    for name in ("First", "a.b-c", "Third")[: draw(st.integers(0, 3))]:
        sample = draw(samples(version, known))
        if isinstance(sample.schema, dict) and "properties" in sample.schema and draw(st.booleans()):
            itself = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
            properties = {**sample.schema["properties"], "children": itself}
            sample = Sample({**sample.schema, "properties": properties}, sample.value)
        known[name] = sample
    return known
