"""Parameters of every location and style, each with a value as a request writes it, for Hypothesis."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_SCALARS: dict[str, tuple[dict[str, Any], str]] = {
    "integer": ({"type": "integer", "minimum": 1}, "7"),
    "boolean": ({"type": "boolean"}, "true"),
    "text": ({"type": "string", "pattern": "^[a-z]+$"}, "ab"),
    "word": ({"type": "string", "enum": ["ab", "cd"]}, "cd"),
}
_JOINED_BY = {"simple": ",", "form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C", "label": ",", "matrix": ","}
_EXPLODED_BY = {"simple": ",", "label": ".", "matrix": ";", "form": "&"}


@dataclass(frozen=True)
class WrittenParameter:
    """A parameter of a document, and the text by which a request gives it a valid value."""

    description: dict[str, Any]
    text: str

    @property
    def location(self) -> str:
        location: str = self.description["in"]
        return location

    @property
    def name(self) -> str:
        name: str = self.description["name"]
        return name


@st.composite
def parameters(draw: Draw, name: str, location: str) -> WrittenParameter:
    """Return a parameter of a name and location, of any style that OpenAPI has for it."""
    style = draw(st.sampled_from(_STYLES[location]))
    shapes = {"deepObject": ["object"], "spaceDelimited": ["array"], "pipeDelimited": ["array"]}
    shape = draw(st.sampled_from(shapes.get(style, ["scalar", "scalar", "array", "object"])))
    is_exploded = style == "deepObject" or (
        style not in shapes and (shape == "scalar" or draw(st.booleans())) and location != "cookie"
    )
    schema, text = draw(st.sampled_from(list(_SCALARS.values())))
    description = {"name": name, "in": location, "style": style, "explode": is_exploded}
    description["required"] = location == "path" or draw(st.booleans())
    description["schema"] = _wrap_schema(schema, shape, name)
    return WrittenParameter(description, _write(style, shape, name, text, is_exploded=is_exploded))


def _wrap_schema(schema: dict[str, Any], shape: str, name: str) -> dict[str, Any]:
    if shape == "array":
        return {"type": "array", "items": schema, "minItems": 1}
    if shape == "object":
        return {"type": "object", "properties": {f"{name}x": schema, f"{name}y": schema}, "required": [f"{name}x"]}
    return schema


def _write(style: str, shape: str, name: str, text: str, *, is_exploded: bool) -> str:
    """Return a value in the form of its style (OAS 3.1, 4.8.12.6), without ``?`` and ``&`` around it."""
    names = [f"{name}x", f"{name}y"]
    before = {"label": ".", "matrix": ";"}.get(style, "")
    if style == "deepObject":
        return "&".join(f"{name}%5B{key}%5D={text}" for key in names)
    if shape == "object" and is_exploded:
        return before + _EXPLODED_BY[style].join(f"{key}={text}" for key in names)
    own_name = f"{name}=" if style not in {"simple", "label"} else ""
    if shape == "scalar":
        return f"{before}{own_name}{text}"
    if is_exploded:
        return before + _EXPLODED_BY[style].join([f"{own_name}{text}"] * 2)
    items = [text, text] if shape == "array" else [part for key in names for part in (key, text)]
    return f"{before}{own_name}{_JOINED_BY[style].join(items)}"
