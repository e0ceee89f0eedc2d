"""Documents that were made to break their reader: a sentence in bounded time and memory, never a traceback or a hang.

Each is read in a process of its own with little memory: a crash of the parser would end the tests.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from specduet import specs
from specduet.specs import bounds
from specduet.specs.errors import BadOverlay, UnreadableFile
from specduet.specs.operation_checks import check_circles, check_operations
from specduet.specs.overlay import apply_overlay
from specduet.specs.servers import read_base_path
from specduet.specs.source import read_document
from specduet.specs.validation import find_violations, is_small

_READ = """
import resource, sys
from pathlib import Path
from typing import Any
resource.setrlimit(resource.RLIMIT_AS, (300 * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from specduet.specs.errors import SpecError
from specduet.specs.source import find_lines, read_document
for path in map(Path, sys.argv[1:]):
    problems = []
    try:
        read_document(path, problems)
        result = f"read: {len(problems)} problems"
    except SpecError as error:
        result = str(error)
    find_lines(path, ["/a/0/0/b/c", "/s9/allOf/0", "/k9"])
    print(path.name, result)
"""

_TENFOLD = "".join(f"s{i + 1}: &s{i + 1} [{', '.join([f'*s{i}'] * 10)}]\n" for i in range(9))
_DOUBLED = "".join(f"s{i + 1}: &s{i + 1} {{allOf: [*s{i}, *s{i}]}}\n" for i in range(40))
_MERGED = "".join(f"s{i + 1}: &s{i + 1} {{<<: *s{i}, a: *s{i}, b: *s{i}}}\n" for i in range(40))
_DEEP = "has more than 160 levels"
_MANY = "has more than 600,000 values"

HOSTILE = {
    "tenfold.yaml": (f"s0: &s0 x\n{_TENFOLD}", _MANY),
    "doubled.yaml": (f"s0: &s0 {{type: object}}\n{_DOUBLED}", _MANY),
    "merged.yaml": (f"s0: &s0 {{type: object}}\n{_MERGED}", _MANY),
    "long.yaml": (f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 1000}]\n", _MANY),
    "long-inside.yaml": (f"a: &a [{'x' * 100_000}]\nb: [{'*a, ' * 1000}]\n", _MANY),
    "repeated.yaml": (f"a: &a x\nb: [{'*a,' * 700_000}]\n", _MANY),
    "aliases-of-levels.yaml": ("a: &a " + "[" * 90 + "]" * 90 + "\nb: " + "[" * 90 + "*a" + "]" * 90, _DEEP),
    "flow.yaml": ("a: " + "[" * 100_000 + "]" * 100_000, _DEEP),
    "flow-map.yaml": ("a: " + "{a: " * 100_000, _DEEP),
    "block.yaml": ("- " * 100_000 + "a", _DEEP),
    "keys.yaml": ("? " * 100_000 + "a", _DEEP),
    "indented.yaml": ("\n".join(" " * i + "a:" for i in range(1000)), _DEEP),
    "lists.json": ("[" * 100_000 + "]" * 100_000, _DEEP),
    "objects.json": ('{"a":' * 100_000 + "1" + "}" * 100_000, _DEEP),
    "levels.json": ("[" * 161 + "]" * 161, _DEEP),
    "open.json": ("[" * 100_000, _DEEP),
    "shallow.json": ("[" * 160 + "]" * 160, "read: 0 problems"),
    "many.json": ("[" + "{}," * 700_000 + "{}]", _MANY),
    "commas.json": ('{"a": "' + "," * 700_000 + '"}', "read: 0 problems"),
    "digits.yaml": ("a: " + "1" * 10_000, "read: 1 problems"),
    "tagged-digits.yaml": ("a: !!int '" + "1" * 10_000 + "'", "read: 2 problems"),
    "hex.yaml": ("a: 0x" + "f" * 10_000, "read: 1 problems"),
    "digits.json": ('{"a": ' + "1" * 10_000 + "}", "read: 1 problems"),
    "twice.yaml": ("a: 1\n" * 50_000, "read: 1000 problems"),
    "twice.json": ("{" + ",".join(['"a": 1'] * 50_000) + "}", "read: 1000 problems"),
    "halves.json": ('{"a": "' + "\\ud800" * 50_000 + '"}', "read: 1 problems"),
    "enum.yaml": ("enum:\n" + "".join(f"- v{i}\n" for i in range(100_000)), "read: 0 problems"),
    "zeros.yaml": ("\0" * 500_000, "read: 1 problems"),
    "tabs.yaml": ("\t\n" * 500_000 + "a: 1", "read: 0 problems"),
    "quotes.json": ('{"a":' + '"\\' * 500_000, "does not parse as JSON"),
    "code.yaml": ("%TAG ! tag:yaml.org,2002:python/\n---\na: !object:x 1", "stands for code"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Read all of them, in one process with 300 MiB of memory and a minute of processor time."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, (text, _) in HOSTILE.items():
        (folder / name).write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", _READ, *(folder / name for name in HOSTILE)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return dict(line.partition(" ")[::2] for line in ended.stdout.splitlines())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_read_or_refused_with_a_sentence(results: dict[str, str], name: str) -> None:
    """No text crashes the reader, takes more memory than it is worth or keeps it busy."""
    assert HOSTILE[name][1] in results[name]


def test_only_files_are_read(tmp_path: Path) -> None:
    """A device, a pipe, a folder and a name with NUL are refused at once: some of them never end."""
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (Path("/dev/zero"), "is a device, not a file"),
        (tmp_path / "pipe", "is a pipe, not a file"),
        (tmp_path, "is a folder, not a file"),
        (Path("a\0b"), "cannot be read"),
        (tmp_path / ("a" * 5000), "cannot be read"),
    ):
        with pytest.raises(UnreadableFile, match=message):
            read_document(path)


def test_large_files_are_not_read(tmp_path: Path) -> None:
    """A file beyond the bound is refused by its size alone."""
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(bounds.FILE_BYTES.value + 1)
    with pytest.raises(UnreadableFile, match="has more than 16,777,216 bytes"):
        read_document(path)


def test_every_bound_has_a_reason() -> None:
    """The table of bounds says what each counts and why it is there."""
    assert all(bound.value > 0 and bound.name and bound.why for bound in bounds.BOUNDS)
    defined = [value for value in vars(bounds).values() if isinstance(value, bounds.Bound)]
    assert list(bounds.BOUNDS) == defined


def _document(schemas: dict[str, Any]) -> dict[str, Any]:
    operation = {"responses": {"200": {"description": "ok"}}}
    info = {"title": "t", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {"/a": {"get": operation}}, "components": {"schemas": schemas}}


def _refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize("keyword", ["allOf", "anyOf"])
def test_schemas_that_double_with_each_level_are_checked_in_time(keyword: str) -> None:
    """Forty schemas, each made of the one before twice, are 2^40 for a validator that follows each reference."""
    doubled = {f"S{level}": {keyword: [_refer(f"S{level - 1}")] * 2} for level in range(1, 41)}
    document = _document({"S0": {"type": "object"}, **doubled})
    assert not is_small(document)
    assert find_violations(document) == []


def test_small_documents_are_those_with_few_values_behind_their_references() -> None:
    """A circle counts once, a long list in full."""
    assert is_small(_document({"A": {"items": _refer("B")}, "B": {"items": _refer("A")}, "C": _refer("nowhere")}))
    assert not is_small(_document({"A": {"enum": list(range(10_000))}}))


def _check(schemas: dict[str, Any]) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    document = _document(schemas)
    found: list[tuple[str, str]] = []
    check_circles(document, lambda pointer, message, _effect: found.append((pointer, message)))
    return found, document["components"]["schemas"]


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_a_schema_made_of_too_many_stands_for_anything(keyword: str) -> None:
    """A schema that is applied 2^14 times to one value is left out, and what is made of few is kept."""
    doubled = {f"S{n}": {keyword: [_refer(f"S{n - 1}"), {"not": _refer(f"S{n - 1}")}]} for n in range(1, 41)}
    found, schemas = _check({"S0": {"type": "object"}, **doubled})
    assert found[0] == ("/components/schemas/S13", "the schema is made of more than 10,000 schemas at one place")
    assert (schemas["S13"], schemas["S12"], len(found)) == ({}, doubled["S12"], 3)


def test_a_row_of_references_is_cut() -> None:
    """References in a row are followed as far as Python goes."""
    found, schemas = _check({f"S{n}": {"allOf": [_refer(f"S{n + 1}")]} for n in range(3000)} | {"S3000": {}})
    assert found[0] == ("/components/schemas/S200/allOf/0", "the schema is made of 200 schemas in a row")
    assert (schemas["S200"], schemas["S199"]) == ({"allOf": [{}]}, {"allOf": [_refer("S200")]})


def test_the_address_of_a_server_is_bounded() -> None:
    """Ten thousand variables of ten thousand characters are no address."""
    server = {"url": "/{a}" * 600, "variables": {"a": {"default": "x" * 10_000}}}
    assert read_base_path({"servers": [server]}) == ""
    assert read_base_path({"servers": [{"url": "/" + "x" * 100_000}]}) == ""
    assert read_base_path({"servers": [{"url": "/{a}", "variables": {"a": {"default": "v1"}}}]}) == "/v1"


def test_an_endless_path_is_left_out() -> None:
    """A path that no request can have is left out, with a sentence that does not repeat all of it."""
    document = _document({})
    document["paths"]["/" + "{a}/" * 5000] = {"get": {"responses": {}}}
    found: list[str] = []
    check_operations(document, lambda pointer, message, _effect: found.append(pointer + message))
    assert (list(document["paths"]), len(found)) == (["/a"], 1)
    assert "is a path of more than 2,000 characters" in found[0]
    assert len(found[0]) < 120


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("$" + ".a" * 50_000, "the target has more than 2,000 characters"),
        ("$" + "[0]" * 600, "matches nothing|nested too deep"),
        ("$[?" + "(" * 900 + "@.a" + ")" * 900 + "]", "is nested too deep"),
        ("$[?" + "!" * 1_900 + "@.a]", "is nested too deep|is no RFC 9535 JSONPath"),
        ("$[?length(@)==1e999]", "is no RFC 9535 JSONPath"),
        ("$[" + "1" * 1_900 + "]", "is no RFC 9535 JSONPath"),
    ],
    ids=["long", "segments", "brackets", "not", "infinite", "digits"],
)
def test_hostile_targets_of_overlays_are_refused(target: str, message: str) -> None:
    """A JSONPath that breaks its reader is an error of the overlay."""
    overlay = {"overlay": "1.0.0", "info": {"title": "o", "version": "1"}, "actions": [{"target": target, "update": 1}]}
    with pytest.raises(BadOverlay, match=message):
        apply_overlay({"a": {}}, overlay, Path("overlay.yaml"))


def test_twenty_thousand_of_a_kind(tmp_path: Path) -> None:
    """So many parameters, references or equal operationIds are read one by one, not each beside all others."""
    parameters = [{"name": f"p{number // 2}", "in": "query", "schema": {}} for number in range(20_000)]
    responses = {"responses": {"204": {"description": ""}}}
    item = {"get": {"operationId": "same", **responses}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/x": {"get": {"parameters": parameters, **responses}},
            **{f"/y{number}": {"$ref": "#/components/pathItems/Same"} for number in range(5_000)},
        },
        "components": {"pathItems": {"Same": item}},
    }
    path = tmp_path / "many.json"
    path.write_text(json.dumps(document))
    operations = specs.load(path).operations
    assert len(operations[0].parameters) == 10_000
    assert [operation.id for operation in operations[1:]] == ["same", *(f"same_{n}" for n in range(2, 5_001))]


def test_a_filter_that_is_a_list_of_itself(tmp_path: Path) -> None:
    """What a parameter filters by is inferred without an endless search in a schema that refers to itself."""
    document = """\
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /pets:
    get:
      parameters: [{name: filter, in: query, schema: {$ref: '#/components/schemas/Nested'}}]
      responses:
        '200': {description: pets, content: {application/json: {schema: {type: array, items: &pet
          {type: object, properties: {id: {type: string}, filter: {type: string}}}}}}}
  /pets/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: pet, content: {application/json: {schema: *pet}}}}
components:
  schemas:
    Nested: {type: array, items: {$ref: '#/components/schemas/Nested'}}
"""
    path = tmp_path / "nested.yaml"
    path.write_text(document)
    assert [operation.role.name for operation in specs.load(path).operations] == ["list", "fetch"]
