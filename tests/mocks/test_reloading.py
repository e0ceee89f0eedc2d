"""``--reload``: the mock follows its documents, and keeps what still fits."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from specduet.mocks import Settings, create_app
from specduet.mocks.reloading import ReloadingMock
from specduet.specs import load
from tests.mocks.mock_process import run_mock
from tests.mocks.raw_http import RawRequest, send_raw

DOCUMENT = """\
openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /notes:
    get:
      operationId: list_notes
      parameters: [{name: limit, in: query, schema: {type: integer, default: 100}}]
      responses:
        '200':
          description: OK
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Note'}}}}
    post:
      operationId: create_note
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses:
        '201': {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
  /about:
    get: {responses: {'200': {description: OK, content: {text/plain: {schema: {$ref: parts/about.yaml}}}}}}
components:
  schemas:
    Note:
      type: object
      required: [id, text]
      properties:
        id: {type: integer}
        text: {type: string, maxLength: 40}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Notes, version: '1'}
actions:
  - target: $.components.schemas.Note
    update: {x-specduet: {resource: note, id: {field: id, basis: assumed}}}
  - target: $.paths['/notes'].get
    update: {x-specduet: {lists: {resource: note, basis: assumed}, limit: {parameter: limit, basis: assumed}}}
  - target: $.paths['/notes'].post
    update:
      x-specduet:
        creates: {resource: note, sets: {text: body/text}, listed-by: list_notes, basis: assumed}
"""
JSON = (b"content-type", b"application/json")


class Notes:
    """A mock of the document in a folder, and the lines that it shows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("openapi.yaml", DOCUMENT)
        self.write("overlay.yaml", OVERLAY)
        self.write("parts/about.yaml", "{const: first}\n")
        self.lines: list[str] = []
        self.app = ReloadingMock(create_app(self.load_apis(), Settings(runs=3)), self.load_apis, self.lines.append)

    def load_apis(self) -> list[Any]:
        return [load(self.folder / "openapi.yaml")]

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def reload(self, *replacements: str, name: str = "openapi.yaml", text: str = DOCUMENT) -> list[str]:
        """Write a file with replacements, reload, and return the lines that this shows."""
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        self.write(name, text)
        self.lines.clear()
        asyncio.run(self.app.reload())
        return self.lines

    def get(self, target: str, *headers: tuple[bytes, bytes]) -> Any:
        return send_raw(self.app, RawRequest("GET", target, [*headers])).json

    def post(self, text: str, *headers: tuple[bytes, bytes]) -> int:
        response = send_raw(self.app, RawRequest("POST", "/notes", [JSON, *headers], b'{"text": "%s"}' % text.encode()))
        number: int = response.json["id"]
        return number

    def texts(self) -> list[str]:
        return [note["text"] for note in self.get("/notes")]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    folder = tmp_path / "notes"
    folder.mkdir()
    return Notes(folder)


# --------------------------------------------------------------------------------------------------- documents


def test_every_file_counts(notes: Notes) -> None:
    """The document, its overlay and a file that it refers to are read again, and what they say is served."""
    assert len(notes.reload("/about:", "/imprint:")) == 1
    assert send_raw(notes.app, RawRequest("GET", "/about")).status == 404
    assert send_raw(notes.app, RawRequest("GET", "/imprint")).body == b"first"
    notes.reload(name="parts/about.yaml", text="{const: second}\n")
    notes.reload()
    assert send_raw(notes.app, RawRequest("GET", "/about")).body == b"second"
    constant = "basis: assumed}, constant: [{field: text, value: shown, basis: assumed}]}}"
    assert notes.reload(
        "basis: assumed}}}\n  - target: $.paths['/notes'].get",
        f"{constant}\n  - target: $.paths['/notes'].get",
        name="overlay.yaml",
        text=OVERLAY,
    )
    assert set(notes.texts()) == {"shown"}


def test_nothing_happens_where_nothing_changed(notes: Notes) -> None:
    """A file that is written again as it was makes no new mock."""
    before = notes.app.mock
    assert notes.reload() == []
    assert notes.app.mock is before


@pytest.mark.parametrize(
    ("replacements", "file", "reason"),
    [
        (("'/notes'", "["), "overlay.yaml", "overlay.yaml:6: "),
        (("/about:", "/about: ]"), "openapi.yaml", "openapi.yaml:17: does not parse as YAML"),
        (("openapi: 3.1.0", "openapi: 4.0.0"), "openapi.yaml", "openapi.yaml:1: is OpenAPI 4.0.0"),
        (("{resource: note, id", "{resource: memo, id"), "overlay.yaml", "overlay.yaml:5: no schema is the resource"),
    ],
)
def test_a_broken_document_changes_nothing(notes: Notes, replacements: tuple[str, ...], file: str, reason: str) -> None:
    """One sentence names file and line, what was served before is served on, and the repaired document follows."""
    text = OVERLAY if file == "overlay.yaml" else DOCUMENT
    (line,) = notes.reload(*replacements, name=file, text=text)
    assert reason in line
    assert line.endswith("; what was served before is still served")
    assert len(notes.get("/notes")) == 3
    assert len(notes.reload(name=file, text=text)) == 1


def test_a_broken_part_changes_nothing(notes: Notes) -> None:
    """A file that the document refers to is named with its line while it does not parse, and is read when it does."""
    (line,) = notes.reload(name="parts/about.yaml", text="const: [\n")
    assert "parts/about.yaml:2: does not parse" in line
    assert send_raw(notes.app, RawRequest("GET", "/about")).body == b"first"
    notes.reload(name="parts/about.yaml", text="{const: second}\n")
    assert send_raw(notes.app, RawRequest("GET", "/about")).body == b"second"


def test_a_document_with_faults_is_served(notes: Notes) -> None:
    """Faults that leave something to serve are counted, and the rest is served."""
    lines = notes.reload("'201': {", "'2x1': {")
    assert [line.split(" ")[0] for line in lines] == ["reloaded", "1"]
    assert len(notes.get("/notes")) == 3


def test_names_cannot_steer_the_terminal(notes: Notes) -> None:
    """What a document says is shown in one printable line."""
    (line,) = notes.reload("openapi: 3.1.0", 'openapi: "4.\\e[31m\\n::error::"')
    assert line.isprintable()


# -------------------------------------------------------------------------------------------------------- rows


def test_rows_that_fit_stay(notes: Notes) -> None:
    """Created rows outlive changes that they satisfy, and go with those that they do not."""
    notes.post("short")
    notes.post("a text of some length")
    before = notes.texts()
    notes.reload("text: {", "mark: {const: new}\n        text: {")
    assert notes.texts() == before
    notes.reload("maxLength: 40", "maxLength: 10")
    assert [text for text in notes.texts() if text in {"short", "a text of some length"}] == ["short"]
    assert notes.post("later") not in {note["id"] for note in notes.get("/notes") if note["text"] != "later"}


def test_files_stay(tmp_path: Path) -> None:
    """A file that was uploaded before an edit is downloaded after it, and one whose row was removed is gone."""
    document = tmp_path / "office.yaml"
    text = Path(__file__).with_name("office.yaml").read_text(encoding="utf-8")
    document.write_text(text, encoding="utf-8")
    mock = ReloadingMock(create_app([load(document)], Settings()), lambda: [load(document)], lambda _line: None)
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n\x00\xff%d\r\n--x--\r\n'
    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    ids = [send_raw(mock, RawRequest("POST", "/files", headers, form % number)).json["id"] for number in (1, 2)]
    document.write_text(text.replace("title: Office", "title: Office, renamed"), encoding="utf-8")
    asyncio.run(mock.reload())
    downloads = [send_raw(mock, RawRequest("GET", f"/files/{identity}/content")).body for identity in ids]
    assert downloads == [b"\x00\xff1", b"\x00\xff2"]


def test_untouched_rows_are_made_anew(notes: Notes) -> None:
    """Where nothing was written, rows are those of the document as it is now."""
    notes.reload("required: [id, text]", "required: [id, text, mark]", "text: {", "mark: {const: new}\n        text: {")
    assert {note["mark"] for note in notes.get("/notes")} == {"new"}


def test_a_resource_that_is_no_more_goes(notes: Notes) -> None:
    """Rows of a resource that has another name now are gone, and those of the new one are seeded."""
    notes.post("short")
    notes.reload("resource: note", "resource: memo", name="overlay.yaml", text=OVERLAY)
    (rows,) = notes.get("/__mock__/state")["notes"].values()
    assert len(rows) == 3
    assert "short" not in notes.texts()


def test_sessions_go_on(notes: Notes) -> None:
    """A frozen clock, a fault, the journal, and the rows of a named session are what they were."""
    session = (b"x-mock-session", b"mine")
    fault = b'{"kind": "error", "status": 503, "operation": "create_note"}'
    send_raw(notes.app, RawRequest("POST", "/__mock__/clock/freeze", [JSON], b"{}"))
    send_raw(notes.app, RawRequest("POST", "/__mock__/faults", [JSON], fault))
    notes.post("mine", session)
    notes.get("/notes")
    before = [notes.get(f"/__mock__/{name}") for name in ("clock", "faults", "requests")]
    notes.reload("/about:", "/imprint:")
    assert [notes.get(f"/__mock__/{name}") for name in ("clock", "faults", "requests")] == before
    assert "mine" in [note["text"] for note in notes.get("/notes", session)]
    assert send_raw(notes.app, RawRequest("POST", "/notes", [JSON], b"{}")).status == 503


# ------------------------------------------------------------------------------------------------- the command


def test_the_command_reloads(notes: Notes) -> None:
    """On the same port, each edit is served as soon as a line says so; a broken file is named with its line."""
    with run_mock(str(notes.folder / "openapi.yaml"), "--reload") as read_until:
        url = read_until("control API")[0].rsplit(" ", 1)[1].strip()
        assert httpx.get(f"{url}/about").text == "first"
        notes.write("parts/about.yaml", "{const: second}\n")
        read_until("reloaded")
        assert httpx.get(f"{url}/about").text == "second"
        notes.write("openapi.yaml", DOCUMENT.replace("/about:", "/about: ]"))
        assert "openapi.yaml:17: does not parse" in read_until("not reloaded")[-1]
        assert httpx.get(f"{url}/about").text == "second"
        created = httpx.post(f"{url}/notes", json={"text": "kept"}).json()
        scratch = notes.folder / "openapi.yaml~"
        scratch.write_text(DOCUMENT.replace("/about:", "/imprint:"))
        scratch.replace(notes.folder / "openapi.yaml")  # as editors do
        read_until("reloaded")
        assert httpx.get(f"{url}/about").status_code == 404
        assert httpx.get(f"{url}/imprint").text == "second"
        assert created in httpx.get(f"{url}/notes").json()


def test_bundled_apis_are_not_watched() -> None:
    """The first line says that there is nothing to watch, and the mock is served."""
    with run_mock("nx1", "--reload") as read_until:
        assert "nothing to watch" in read_until("control API")[0]
