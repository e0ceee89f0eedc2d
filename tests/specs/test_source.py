"""Reading of YAML and JSON: the values by YAML 1.2, the problems with their lines, the lines of pointers."""

import codecs
from pathlib import Path
from typing import Any

import pytest

from specduet.specs.errors import NotYaml
from specduet.specs.problems import Problem
from specduet.specs.source import find_line, find_lines, parse_document, read_document

from .conftest import Write

HERE = Path("a.yaml")


def read_all(text: str, name: str = "a.yaml") -> tuple[Any, list[Problem]]:
    problems: list[Problem] = []
    return parse_document(text, Path(name), problems), problems


SCALARS = [
    *((text, None) for text in ("", "~", "null", "Null", "NULL")),
    *((text, True) for text in ("true", "True", "TRUE")),
    *((text, False) for text in ("false", "False", "FALSE")),
    *(("yes yes", "on on", "no no", "off off", "Y Y", "n n", "NO NO")),
    *((text, int(text)) for text in ("0", "7", "-12", "+3", "010")),
    *(("0o17", 15), ("0x1F", 31), ("0o8", "0o8"), ("0b1", "0b1"), ("1_000", "1_000"), ("-0x1", "-0x1")),
    *(("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("+1E-2", 0.01), (".", "."), ("1.2.3", "1.2.3")),
    *(("00:00:00.00", "00:00:00.00"), ("12:30", "12:30"), ("190:20:30", "190:20:30")),
    *(("2026-11-28", "2026-11-28"), ("2026-11-28T10:00:00Z", "2026-11-28T10:00:00Z")),
    *(("08", "08"), ("012345678", "012345678"), ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("! 1", "1")),
    *(('!!int "3"', 3), ("!!float 1", 1), ("!!bool 'true'", True), ("!!null ''", None), ("!!binary QQ==", "QQ==")),
]


@pytest.mark.parametrize(("text", "value"), [tuple(s.split()) if isinstance(s, str) else s for s in SCALARS], ids=repr)
def test_scalars_are_typed_by_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    """Only the words and number forms of YAML 1.2 are no text, each of its own type."""
    (read,), problems = read_all(f"- {text}\n")
    assert (read, type(read), problems) == (value, type(value), [])


def test_keys_are_text() -> None:
    """A status, a word and an empty key are keys as they are written."""
    text = "200: a\non: b\ntrue: c\n1.0: d\n~: e\n? f\n: g\nnull: h\n"
    assert list(parse_document(text, HERE)) == ["200", "on", "true", "1.0", "~", "f", "null"]


def test_merge_keys_fill_what_is_not_there() -> None:
    """`<<` takes one mapping or several: own keys win, then those of the first one."""
    text = """\
base: &base {a: 1, b: 1}
more: &more {b: 2, c: 2}
one: {b: 0, <<: *base}
all: {<<: [*base, *more], d: 3}
twice: {<<: *base, d: 3, <<: *more}
text: {'<<': 1, e: 5}
scalar: {<<: 1}
"""
    read = parse_document(text, HERE)
    assert (read["one"], read["all"]) == ({"a": 1, "b": 0}, {"a": 1, "b": 1, "c": 2, "d": 3})
    assert (read["twice"], read["text"], read["scalar"]) == (read["all"], {"<<": 1, "e": 5}, {"<<": 1})


def test_aliases_are_copies() -> None:
    """What an alias repeats is a value of its own, so that a change of one is none of the other."""
    read = parse_document("a: &x {n: [1]}\nb: *x\n*x : 3\nc: &y text\n*y : 4\n", HERE, [])
    assert (read["a"], read["b"], read["text"]) == ({"n": [1]}, {"n": [1]}, 4)
    assert read["a"] is not read["b"]
    assert read["a"]["n"] is not read["b"]["n"]


@pytest.mark.parametrize(
    "data",
    [
        b"a: \xc3\xa9\r\nb:\r\n  - 1\r\n",
        codecs.BOM_UTF8 + "a: é\nb: [1]".encode(),
        codecs.BOM_UTF16_LE + "a: é\nb: [1]".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "a: é\nb: [1]".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "a: é\nb: [1]".encode("utf-32-le"),
        codecs.BOM_UTF32_BE + "a: é\nb: [1]".encode("utf-32-be"),
        codecs.BOM_UTF16_LE + '{"a": "é", "b": [1]}'.encode("utf-16-le"),
        codecs.BOM_UTF8 + '{"a": "é",\r\n"b": [1]}'.encode(),
        "a:\té\t# tab\nb: [\t1\t]\n\t\n".encode(),
        "%YAML 1.2\n---\na: é\nb: [1]\n...\n".encode(),
        "{a: é, b: [1],}".encode(),
        "# {\n{a: é, b: [1]}".encode(),
    ],
    ids=["crlf", "bom", "16-le", "16-be", "32-le", "32-be", "json-16", "json-bom", "tabs", "directive", "flow", "hash"],
)
def test_files_are_read_as_they_are_written(tmp_path: Path, data: bytes) -> None:
    """Line ends, byte order marks, encodings, tabs and brackets make no difference."""
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    problems: list[Problem] = []
    assert (read_document(path, problems), problems) == ({"a": "é", "b": [1]}, [])


JSON_TEXTS = [
    ('{"a": "\x7f\x85\\u0000"}', {"a": "\x7f\x85\0"}),
    ('{"a": "x\ty\nz"}', {"a": "x\ty\nz"}),
    ('{"a": "\\ud83d\\ude00 \\\\ud800"}', {"a": "😀 \\ud800"}),
    ('{"a": 1.0, "b": 1e3, "c": 12345678901234567890}', {"a": 1.0, "b": 1000.0, "c": 12345678901234567890}),
    ('\n [{"a": "no", "b": null}]', [{"a": "no", "b": None}]),
    ('{"' + "k" * 2000 + '": 1}', {"k" * 2000: 1}),
]


@pytest.mark.parametrize(("text", "value"), JSON_TEXTS)
def test_json_is_read_as_json(text: str, value: object) -> None:
    """JSON may hold characters, escapes and long keys that YAML does not allow."""
    assert read_all(text) == (value, [])


PROBLEMS = [
    pytest.param("a: 1\nb:\n  c: 1\n  c: 2\n", {"a": 1, "b": {"c": 2}}, 4, "/b/c", "'c' stands twice", id="key-twice"),
    pytest.param('{"a": [0, {"c": 1,\n"c": 2}]}', {"a": [0, {"c": 2}]}, 2, "/a/1/c", "'c' stands twice", id="json"),
    pytest.param('{"a": [0, 1], "x/y": {"a": 1, "a": 2}}', {"a": [0, 1], "x/y": {"a": 2}}, 1, "/x~1y/a", "", id="esc"),
    pytest.param("a: 1\nb: !Ref x\n", {"a": 1, "b": "x"}, 2, "/b", "'!Ref' is not known", id="tag"),
    pytest.param("a: !If [1, 2]\n", {"a": [1, 2]}, 1, "/a", "'!If' is not known", id="tag-of-a-list"),
    pytest.param("a: !!int x\n", {"a": "x"}, 1, "/a", "'x' is no int", id="no-int"),
    pytest.param("- 1\n- *gone\n", [1, "*gone"], 2, "/1", "names nothing before it", id="alias"),
    pytest.param("a: &a [*a]\n", {"a": ["*a"]}, 1, "/a/0", "names nothing before it", id="circle"),
    pytest.param("a: 1\n{x: 1}: 2\n", {"a": 1}, 2, "", "a list or an object", id="no-text"),
    pytest.param("a: 1\n---\nb: 1\n", {"a": 1}, 4, "", "more than one document", id="documents"),
    pytest.param("a: " + "1" * 400, {"a": "1" * 400}, 1, "/a", "400 digits", id="digits"),
    pytest.param('{"b": 1,\n"a": ' + "1" * 400 + "}", {"b": 1, "a": "1" * 400}, 2, "", "400 digits", id="json-digits"),
    pytest.param("a: !!int '" + "1" * 400 + "'", {"a": "1" * 400}, 1, "/a", "400 digits", id="tagged-digits"),
    pytest.param("a: 1e999", {"a": "1e999"}, 1, "/a", "too large", id="infinite"),
    pytest.param('{"a": 1e999}', {"a": "1e999"}, 1, "", "too large", id="json-infinite"),
    pytest.param("a: -.inf", {"a": "-.inf"}, 1, "/a", "JSON has no number", id="inf"),
    pytest.param('{"a": NaN}', {"a": "NaN"}, 1, "", "JSON has no number", id="nan"),
    pytest.param('{"b": 1,\n"a": "\\ud800"}', {"b": 1, "a": "\ufffd"}, 2, "", "half a surrogate", id="surrogate"),
    pytest.param("a: 1\nb: x\x08y\n", {"a": 1, "b": "x\ufffdy"}, 2, "", "the character U+0008", id="control"),
]


@pytest.mark.parametrize(("text", "value", "line", "pointer", "message"), PROBLEMS)
def test_what_can_be_read_is_read_with_a_problem(
    text: str, value: object, line: int, pointer: str, message: str
) -> None:
    """A fault of the notation is told with its place and what becomes of it; without a list it is an error."""
    read, problems = read_all(text)
    assert read == value
    problem = problems[0]
    assert (problem.file, problem.line, problem.pointer, bool(problem.effect)) == (HERE, line, pointer, True)
    assert message in problem.message
    with pytest.raises(NotYaml) as caught:
        parse_document(text, HERE)
    assert (caught.value.line, caught.value.pointer) == (line, pointer)


def test_bytes_of_another_encoding_are_replaced(tmp_path: Path) -> None:
    """A byte that is no UTF-8 costs one character, not the document."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    problems: list[Problem] = []
    assert read_document(path, problems) == {"a": 1, "b": "caf\ufffd"}
    assert [(p.line, p.message) for p in problems] == [(2, "has bytes that are not UTF-8")]


def test_a_mistake_on_every_line_is_told_so_often_as_anybody_reads() -> None:
    """The problems of one file are bounded."""
    assert len(read_all("a: 1\n" * 3000)[1]) == 1000
    assert len(read_all("{" + ",".join(['"a": 1'] * 3000) + "}")[1]) == 1000


REFUSED = [
    pytest.param("a: [1\nb: 2\n", "a.yaml", 2, "does not parse as YAML", id="yaml"),
    pytest.param("a:\n\tb: 1\n", "a.yaml", 2, "does not parse as YAML", id="tab"),
    pytest.param('{"a": 1,\n "b" 2}', "a.json", 2, "does not parse as JSON: expecting ':'", id="json"),
    pytest.param("a: 1\nb: !!python/object/apply:os.system [ls]\n", "a.yaml", 2, "stands for code", id="code"),
]


@pytest.mark.parametrize(("text", "name", "line", "message"), REFUSED)
def test_what_cannot_be_read_is_refused(text: str, name: str, line: int, message: str) -> None:
    """A text that is neither YAML nor JSON, or asks for code, is an error with its line."""
    with pytest.raises(NotYaml, match=message) as caught:
        read_all(text, name)
    assert caught.value.line == line


YAML_LINES = """\
a:
  b: {c: 1}
  'x/y':
  - 1
  - d: 1
    e:
      f: 1
base: &base
  g: 1
use: *base
b: 1
b: 2
"""
LINES = {"": 1, "/a": 1, "/a/b/c": 2, "/a/x~1y": 3, "/a/x~1y/1": 5, "/a/x~1y/1/e/f": 7, "/a/x~1y/9": 3, "/use/g": 10}


def test_lines_of_a_yaml_file(write: Write) -> None:
    """The line of a node is that of its key or item, else that of its nearest ancestor; the last of two keys counts."""
    path = write("a.yaml", YAML_LINES)
    assert find_lines(path, LINES) == LINES
    assert {pointer: find_line(path, pointer) for pointer in LINES} == LINES
    assert (find_line(path, "/b"), find_line(path, "/gone")) == (12, 1)


def test_lines_of_a_json_file(write: Write) -> None:
    """JSON has lines as YAML has, also where it holds what YAML does not allow."""
    path = write("a.json", '{\n"z": "\x7f{",\n"a": {\n"b": [0,\n[],\n{"c":\n1}], "x/y": {}},\n"q\\"": 1, "z": 2}')
    expected = {"/a": 3, "/a/b": 4, "/a/b/0": 4, "/a/b/2/c": 6, "/a/b/2/c/0": 6, "/a/x~1y": 7, '/q"': 8, "/z": 8, "": 1}
    assert find_lines(path, expected) == expected


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "a", "[", "{", '{"a"', '{"a":', '{"a": 1,', "a: [\n", "? [a]\n: 1"]
)
def test_lines_of_a_broken_file_are_lines_or_none(write: Write, text: str) -> None:
    """A lookup in a file that is broken or empty says what it can."""
    found = find_lines(write("a.yaml", text), ["/a/b/0", "/0"])
    assert set(found.values()) <= {None, 1}


def test_lines_of_no_file(tmp_path: Path) -> None:
    """A file that cannot be read has no lines."""
    assert find_lines(tmp_path, ["/a"]) == {"/a": None}


@pytest.mark.parametrize("head", ["swagger: '2.0'", "openapi: 3.0.3"])
def test_lines_of_components_in_swagger(tmp_path: Path, head: str) -> None:
    """A component of a converted document is found where Swagger 2.0 has it."""
    path = tmp_path / "a.yaml"
    path.write_text(f"{head}\ndefinitions:\n  Cat:\n    properties:\n      name: {{type: string}}\n", "utf-8")
    pointers = ["/components/schemas/Cat/properties/name", "/components/schemas/Cat/x", "/definitions/Cat"]
    expected = [5, 3, 3] if "swagger" in head else [1, 1, 3]
    assert list(find_lines(path, pointers).values()) == expected
