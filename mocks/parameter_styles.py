"""Styles of parameters: the ways in which arrays and objects are spelled in one text or several (OAS 3.1, 4.8.12.4).

RFC 6570 has the expansions of ``form``, ``simple``, ``label`` and ``matrix``; the other styles are OpenAPI's own.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from specduet.specs import Parameter

Splitter = Callable[[str], Any]
"""A function from the text of a parameter to a text, a list of texts, or texts by name."""

_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_MAX_BRACKETS = 32


def choose_splitter(parameter: Parameter, types: frozenset[str]) -> Splitter | None:
    """Return the function that takes the text of a parameter apart; None if it is the value as it stands."""
    kind = "object" if "object" in types else "array" if "array" in types else None
    name, explode = parameter.name, parameter.explode
    match parameter.style:
        case "label":
            return lambda text: _split_label(text, kind, explode=explode)
        case "matrix":
            return lambda text: _split_matrix(text, name, kind, explode=explode)
    separator = _SEPARATORS.get(parameter.style, ",")
    has_spaces = parameter.location == "header"  # a list in a header may have spaces in it (RFC 9110, section 5.6.1)
    if kind == "object":
        return lambda text: _pair_pieces(_split_pieces(text, separator, has_spaces=has_spaces), explode=explode)
    if kind is None or "string" in types:  # any text is a string, so that a list is never needed
        return None
    if types & {"integer", "number", "boolean"}:
        return lambda text: text.split(separator) if separator in text else text
    return lambda text: _split_pieces(text, separator, has_spaces=has_spaces)


def nest_brackets(texts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return ``{"f": {"a": {"b": "1"}}}`` for ``[("f[a][b]", "1")]``; names without brackets stay as they are."""
    nested: dict[str, Any] = {}
    for name, text in texts:
        steps = split_brackets(name)
        node = nested
        for step in steps[:-1]:
            inner = node.setdefault(step, {})
            if not isinstance(inner, dict):  # both `f=1` and `f[a]=1` are there
                inner = node[step] = {}
            node = inner
        node[steps[-1]] = text
    return nested


def split_brackets(name: str) -> list[str]:
    """Return ``["f", "a", ""]`` for ``f[a][]``, and the name alone if it is not of this form."""
    base, bracket, rest = name.partition("[")
    steps = _BRACKETED.findall(bracket + rest)
    is_whole = base and bracket + rest == "".join(f"[{step}]" for step in steps)
    return [base, *steps] if is_whole and len(steps) <= _MAX_BRACKETS else [name]


def _split_pieces(text: str, separator: str, *, has_spaces: bool = False) -> list[str]:
    pieces = text.split(separator)
    return [piece.strip() for piece in pieces] if has_spaces else pieces


def _pair_pieces(pieces: list[str], *, explode: bool) -> Mapping[str, str]:
    """Return the object of ``R,100,G,200``, or of ``R=100,G=200`` if it is exploded."""
    if explode:
        return dict(piece.split("=", 1) for piece in pieces if "=" in piece)
    return dict(zip(pieces[::2], pieces[1::2], strict=False))


def _split_label(text: str, kind: str | None, *, explode: bool) -> Any:
    """Return the value of ``.a``, ``.a,b`` or ``.a.b``; OpenAPI 3.1.0 has full stops where RFC 6570 has commas."""
    text = text.removeprefix(".")
    if kind is None:
        return text
    pieces = text.split("," if not explode and "," in text else ".")
    return pieces if kind == "array" else _pair_pieces(pieces, explode=explode)


def _split_matrix(text: str, name: str, kind: str | None, *, explode: bool) -> Any:
    """Return the value of ``;p=a``, ``;p=a,b``, ``;p=a;p=b`` or ``;R=100;G=200``."""
    pieces = text.removeprefix(";").split(";")
    if kind == "object" and explode:
        return _pair_pieces(pieces, explode=True)
    values = [piece.partition("=")[2] for piece in pieces if piece.partition("=")[0] == name]
    if kind == "array" and explode:
        return values
    value = values[-1] if values else text
    if kind is None:
        return value
    return value.split(",") if kind == "array" else _pair_pieces(value.split(","), explode=False)
