"""The overlay engine and the vocabulary: what is said is carried out, and what cannot be is an error with its line."""

from pathlib import Path

import pytest

from specduet import specs
from specduet.specs.errors import BadOverlay, BadStatement
from specduet.specs.overlay import apply_overlay

from .conftest import Write

HEAD = "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n"
ROWS = """\
- target: $.components.schemas.Note
  update:
    x-specduet:
      resource: note
      id: {field: id, basis: inferred}
"""


def overlay(*actions: dict[str, object]) -> dict[str, object]:
    return {"overlay": "1.0.0", "info": {"title": "o", "version": "1"}, "actions": list(actions)}


def test_update_merges_objects_and_appends_to_arrays() -> None:
    """An update merges objects key by key and appends to arrays (Overlay 1.0, 4.4.3); the input stays as it was."""
    before = {"a": {"b": 1, "list": [1]}}
    after = apply_overlay(before, overlay({"target": "$.a", "update": {"c": 2, "list": [2]}}), Path("o.yaml"))
    assert after == {"a": {"b": 1, "c": 2, "list": [1, 2]}}
    assert before == {"a": {"b": 1, "list": [1]}}


def test_update_of_an_array_target_appends_the_object() -> None:
    """An object given to an array target becomes its further item."""
    document = {"tags": [{"name": "a"}]}
    after = apply_overlay(document, overlay({"target": "$.tags", "update": {"name": "b"}}), Path("o.yaml"))
    assert after == {"tags": [{"name": "a"}, {"name": "b"}]}


def test_remove_takes_every_match() -> None:
    """Removing several items of one array removes just those, whatever their positions."""
    document = {"l": [{"x": 1}, {"y": 1}, {"x": 2}]}
    assert apply_overlay(document, overlay({"target": "$.l[?@.x]", "remove": True}), Path("o")) == {"l": [{"y": 1}]}


def test_actions_are_carried_out_in_order() -> None:
    """A later action sees what an earlier one did."""
    actions = ({"target": "$", "update": {"a": {}}}, {"target": "$.a", "update": {"b": 1}})
    assert apply_overlay({}, overlay(*actions), Path("o")) == {"a": {"b": 1}}


BROKEN = [
    pytest.param("a: 1\n", BadOverlay, 1, "is no OpenAPI Overlay", id="no-overlay"),
    pytest.param(HEAD.replace("actions:\n", "actions: []\n"), BadOverlay, 3, "has no actions", id="no-actions"),
    pytest.param(HEAD + "- {update: {}}\n", BadOverlay, 4, "needs a 'target'", id="no-target"),
    pytest.param(HEAD + "- {target: $}\n", BadOverlay, 4, "needs an 'update'", id="no-update"),
    pytest.param(HEAD + "- {target: $, updat: {}, update: {}}\n", BadOverlay, 4, "unknown key 'updat'", id="key"),
    pytest.param(HEAD + "- {target: $.nowhere, update: {}}\n", BadOverlay, 4, "matches nothing", id="no-match"),
    pytest.param(HEAD + "- {target: '$[', update: {}}\n", BadOverlay, 4, "is no RFC 9535 JSONPath", id="no-path"),
    pytest.param(HEAD + ROWS + "      ids: 1\n", BadStatement, 9, "unknown key `ids`", id="unknown-word"),
    pytest.param(HEAD + ROWS.replace(", basis: inferred", ""), BadStatement, 8, "missing key `basis`", id="no-basis"),
    pytest.param(
        HEAD + ROWS.replace("inferred", "guessed"), BadStatement, 8, "Invalid enum value 'guessed'", id="bad-basis"
    ),
    pytest.param(
        HEAD + ROWS.replace("inferred", "documented"), BadStatement, 8, "quotes its page", id="documented-unquoted"
    ),
    pytest.param(
        HEAD + ROWS.replace("field: id", "field: di"), BadStatement, 8, "has no field 'di'", id="unknown-field"
    ),
    pytest.param(
        HEAD + ROWS + "      status: {field: state, initial: new, transitions: {}, terminal: [], basis: inferred}\n",
        BadStatement,
        9,
        "'state' has no member 'new'",
        id="unknown-status",
    ),
    pytest.param(
        HEAD
        + ROWS
        + "      status: {field: post.state, initial: open, transitions: {}, terminal: [], basis: inferred}\n",
        BadStatement,
        9,
        "'post.state' is inside an object",
        id="status-inside",
    ),
    pytest.param(
        HEAD
        + "- target: $.paths['/notes'].get\n"
        + "  update: {x-specduet: {lists: {resource: memo, basis: assumed}}}\n",
        BadStatement,
        5,
        "no schema is the resource 'memo'",
        id="unknown-resource",
    ),
    pytest.param(
        HEAD
        + ROWS
        + "- target: $.paths['/notes'].get\n"
        + "  update:\n"
        + "    x-specduet:\n"
        + "      lists: {resource: note, basis: assumed}\n"
        + "      offset: {parameter: skip, basis: assumed}\n",
        BadStatement,
        13,
        "GET /notes has no parameter 'skip'",
        id="unknown-parameter",
    ),
    pytest.param(
        HEAD
        + ROWS
        + "- target: $.paths['/notes'].get\n"
        + "  update: {x-specduet: {lists: {resource: note, basis: assumed},\n"
        + "    order: {by: when, direction: asc, basis: assumed}}}\n",
        BadStatement,
        11,
        "has no field 'when'",
        id="unknown-order-field",
    ),
]


@pytest.mark.parametrize(("text", "kind", "line", "message"), BROKEN)
def test_what_cannot_be_meant_is_refused(
    minimal: Path, write: Write, text: str, kind: type[specs.SpecError], line: int, message: str
) -> None:
    """Every malformed action or statement is told with the overlay's file and the line it stands on."""
    path = write("overlay.yaml", text)
    with pytest.raises(kind, match=message) as caught:
        specs.load(minimal)
    assert (path, line) == (caught.value.file, caught.value.line)


def test_an_overlay_beside_the_document_belongs_to_it(minimal: Path, write: Write) -> None:
    """overlay.yaml beside openapi.yaml is applied unasked, and its statements reach the model."""
    write("overlay.yaml", HEAD + ROWS)
    assert specs.load(minimal).resources["note"].behavior.id.field == "id"


def test_an_overlay_can_be_named(write: Write, minimal: Path) -> None:
    """Another overlay can be given for any document."""
    document = minimal.rename(minimal.with_name("notes.yaml"))
    given = write("other.yaml", HEAD + ROWS)
    assert list(specs.load(document, overlays=[given]).resources) == ["note"]
    assert list(specs.load(document, stateless=True).resources) == []


@pytest.mark.parametrize("name", specs.bundled())
def test_every_bundled_statement_has_a_reason(name: str) -> None:
    """What the bundled overlays state is quoted from a page where documented, and reasoned where inferred."""
    from specduet.specs.extension import _walk_statements

    api = specs.load(name)
    holders = [api.behavior, *(o.behavior for o in api.operations), *(r.behavior for r in api.resources.values())]
    for holder in holders:
        for pointer, statement in _walk_statements(holder, ""):
            assert statement.because or getattr(statement, "origin", ""), f"{name}: {pointer}"
