"""The page of the mock: what is served, with commands that work, and what happens, as it happens."""

import asyncio
import base64
import hashlib
import http.client
import json
import re
import shlex
from collections.abc import Mapping
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from specduet.mocks import create_app
from specduet.mocks.page import SECTIONS
from specduet.mocks.settings import Credential, Settings
from tests.browser import dump_page, needs_browser
from tests.mocks.mock_process import run_mock
from tests.mocks.raw_http import Headers, RawRequest, RawResponse, listen, send_raw, send_raw_async

HTML = [(b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")]
OFFICE = Path(__file__).with_name("office.yaml")


def name_headers(headers: Mapping[str, str]) -> Headers:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]


def open_page(mock: Any, target: str = "/__mock__/", **headers: str) -> RawResponse:
    return send_raw(mock, RawRequest("GET", target, [*HTML, *name_headers(headers)]))


def list_commands(page: str) -> list[list[str]]:
    return [shlex.split(unescape(text)) for text in re.findall(r'aria-label="Command">([^<]*)</pre>', page)]


def send_command(mock: Any, words: list[str]) -> RawResponse:
    """Send what a curl command would send."""
    headers, method, body = [], "GET", b""
    for option, value in pairwise(words):
        if option == "-H":
            name, _, text = value.partition(": ")
            headers.append((name.lower().encode(), text.encode()))
        elif option == "-X":
            method = value
        elif option == "-d":
            body = value.encode()
    url = urlsplit(words[-1])
    return send_raw(mock, RawRequest(method, f"{url.path}?{url.query}" if url.query else url.path, headers, body))


@pytest.mark.parametrize("source", ["nx1", "cloudcruise", "seekrflow", OFFICE])
def test_every_command_works(source: str | Path) -> None:
    """Each operation has a curl line with ids, a credential and a body that the mock takes.

    Of some paths no row is known; the id in these is valid, and is found nowhere.
    """
    mock = create_app([source])
    commands = list_commands(open_page(mock).body.decode())
    assert len(commands) == len(mock.apis[0].operations)
    statuses = {}
    for words in commands:
        statuses[words[-1]] = send_command(mock, words).status
        mock.sessions.default.reset()
    known = [path for entry in send_raw(mock, RawRequest("GET", "/")).json["apis"] for path in entry["ids"]]
    unknown = [o for o in mock.apis[0].operations if "}" in o.path and o.path[: o.path.rindex("}") + 1] not in known]
    assert {url: status for url, status in statuses.items() if status >= 400 and status != 404} == {}
    assert list(statuses.values()).count(404) <= len(unknown)


def test_the_index_leads_there() -> None:
    """A browser at / is led to the page, below the path of a proxy too; a program gets JSON at both."""
    mock = create_app(["nx1"])
    response = open_page(mock, "/")
    assert (response.status, response.headers["location"]) == (307, "/__mock__/")
    assert send_raw(mock, RawRequest("GET", "/")).json == send_raw(mock, RawRequest("GET", "/__mock__/")).json


def test_with_a_token_the_page_tells_nothing_that_it_guards() -> None:
    """The page at / shows what is served and asks for the token; rows and requests come only with it."""
    mock = create_app(["nx1"], Settings(control_token="a-token-4711"))  # noqa: S106 - made up
    send_raw(mock, RawRequest("GET", "/api/crew-runs?limit=3", [(b"authorization", b"Bearer any")]))
    page = open_page(mock, "/")
    assert page.status == 200
    assert b'id="token"' in page.body
    assert b"limit=3" not in page.body
    assert b"a-token-4711" not in page.body
    assert open_page(mock, "/__mock__/").status == open_page(mock, "/__mock__/live").status == 403
    assert read_events(mock, 1, x_mock_token="a-token-4711")[0].keys() == set(SECTIONS)  # noqa: S106


def test_without_the_control_api_the_page_shows_what_is_served() -> None:
    """With ``--no-control`` there are operations, and nothing that moves."""
    page = open_page(create_app(["nx1"], Settings(control=False)), "/").body.decode()
    assert "/api/crew-runs" in page
    assert 'id="journal"' not in page
    assert "data-control" not in page


def test_a_credential_that_was_given_is_not_shown() -> None:
    """A command then has a placeholder in its place."""
    scheme = create_app(["seekrflow"]).apis[0].operations[0].security[0][0]
    page = open_page(create_app(["seekrflow"], Settings(credentials=(Credential(scheme, "kept-secret"),))))
    assert b"kept-secret" not in page.body
    assert b"YOUR-CREDENTIAL" in page.body


def test_requests_are_judged() -> None:
    """What was taken, refused with the reason, and not served with what is near to it."""
    mock = create_app(["nx1"])
    for target in ("/api/crew-runs", "/api/crew-runs?limit=x", "/api/crew-run"):
        send_raw(mock, RawRequest("GET", target, [(b"authorization", b"Bearer any")]))
    page = open_page(mock).body.decode()
    verdicts = re.findall(r'<td class="verdict"><b class="[^"]*">([^<]*)</b>(?: <span>([^<]*)</span>)?', page)
    assert [verdict for verdict, _ in verdicts] == ["not served", "refused", "valid"]
    assert verdicts[0][1] == "near to it: GET /api/crew-runs"
    assert verdicts[1][1].startswith("query.limit: ")


def test_rows_are_shown_with_their_status() -> None:
    """Each resource has its first rows, how many there are, and the status of each."""
    page = open_page(create_app(["nx1"], Settings(runs=33))).body.decode()
    assert re.search(r"<b>crew-run</b> <span class=\"quiet\">nx1, 33 rows</span>", page)
    assert len(re.findall(r'<span class="state t[0-3]">(?:pending|running|completed|failed)</span>', page)) == 12


def test_what_clients_and_documents_say_is_text(tmp_path: Path) -> None:
    """Markup and control characters in documents, paths and names are shown as they are."""
    attack = "<img src=x onerror=alert(1)>\x1b[2J"
    document = {
        "openapi": "3.1.0",
        "info": {"title": attack, "version": "1"},
        "paths": {"/things": {"get": {"summary": attack, "responses": {"204": {"description": ""}}}}},
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(document))
    mock = create_app([file])
    send_raw(mock, RawRequest("GET", "/<img src=x onerror=alert(1)>?a=\x1b"))
    page = open_page(mock).body.decode()
    assert "<img" not in page
    assert "\x1b" not in page
    assert page.count("&lt;img") >= 3


def test_the_page_needs_nothing_else() -> None:
    """No element loads anything from elsewhere, and the policy allows the page's own script and style alone."""
    page = open_page(create_app(["nx1"])).body.decode()
    loaded = [unescape(a) for a in re.findall(r'(?:src|href)="([^"]*)"', page)]
    assert all(address.startswith(("#", "data:", "http://mock/")) for address in loaded)
    policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy


def read_events(mock: Any, count: int, between: RawRequest | None = None, **headers: str) -> list[dict[str, str]]:
    """Return the first events of the page's stream; ``between`` is sent after the first one."""
    sent = []

    def is_enough(pieces: list[bytes]) -> bool:
        if len(pieces) == 1 and between is not None:
            sent.append(asyncio.ensure_future(send_raw_async(mock, between)))
        return len(pieces) >= count

    pieces = listen(mock, RawRequest("GET", "/__mock__/live", name_headers(headers)), is_enough)
    return [json.loads(piece.removeprefix(b"data: ")) for piece in pieces]


def test_an_open_page_follows_the_mock() -> None:
    """The first event has every part; after a request only the part that changed comes again."""
    mock = create_app(["nx1"])
    mock.sessions.default.clock.freeze()
    first, second = read_events(mock, 2, between=RawRequest("GET", "/api/crew-runs?limit=7"))
    assert first.keys() == set(SECTIONS)
    assert second.keys() == {"journal"}
    assert "limit=7" in second["journal"]
    assert "limit=7" not in first["journal"]


def test_a_page_follows_the_session_that_it_names() -> None:
    """The header chooses the session, as with any request."""
    (event,) = read_events(create_app(["nx1"]), 1, x_mock_session="mine")
    assert '<option value="mine" selected>' in event["sessions"]


def test_the_server_stops_while_a_page_is_open() -> None:
    """An open page does not hold the server, and nothing is printed about it."""
    with run_mock("nx1") as read_until:
        address = urlsplit(read_until("http://")[-1].split()[-1])
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        connection.request("GET", "/__mock__/live")
        assert connection.getresponse().readline().startswith(b"data: ")
    connection.close()


def test_the_reference_shows_the_document_and_the_behavior() -> None:
    """Its page names each API's document, whose server is the mock and whose operations say what is stated."""
    mock = create_app(["seekrflow", OFFICE])
    page = open_page(mock, "/__mock__/docs").body.decode()
    urls = json.loads(unescape(re.findall(r'data-urls="([^"]*)"', page)[0]))
    assert [entry["name"] for entry in urls] == ["seekrflow", "office"]
    document = send_raw(mock, RawRequest("GET", urls[0]["url"])).json
    operation = document["paths"]["/v1/threads/{thread_id}/runs"]["get"]
    assert document["servers"] == operation["servers"] == [{"url": "http://mock"}]
    assert "- `limit parameter limit [documented" in operation["description"]
    assert "Behavior of the mock" not in json.dumps(mock.apis[0].document)


def test_the_reference_loads_only_from_the_mock() -> None:
    """Scripts and styles come from the mock, each with its type; anything else below it is 404."""
    mock = create_app(["nx1"])
    page = open_page(mock, "/__mock__/docs").body.decode()
    loaded = re.findall(r'(?:src|href)="(/[^"]*)"', page)
    assert len(loaded) == 4
    for target in loaded:
        response = send_raw(mock, RawRequest("GET", target))
        assert (response.status, response.headers["content-type"].partition("/")[0]) == (200, "text")
    for target in ("/__mock__/docs/other.js", "/__mock__/docs/..%2f..%2fpyproject.toml"):
        assert send_raw(mock, RawRequest("GET", target)).status == 404


def test_without_swagger_ui_the_reference_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain install has no Swagger UI."""
    monkeypatch.setattr("specduet.mocks.page.reference.find_spec", lambda _: None)
    response = open_page(create_app(["nx1"]), "/__mock__/docs")
    assert response.status == 501
    assert "specduet[reference]" in response.json["detail"]


@needs_browser
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    """In a browser the script runs under the page's policy, and the page becomes live."""
    with run_mock("nx1") as read_until:
        url = read_until("http://")[-1].split()[-1]
        result = dump_page(url, tmp_path, "--virtual-time-budget=5000")
    assert 'class="badge live"' in result.stdout
    assert "CONSOLE" not in result.stderr
