"""``report.html``: one file for people, which shows each finding with its proof and runs nothing but its own script."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from specduet.contracts.coverage import Coverage
from specduet.contracts.findings import Finding, FindingPlace
from specduet.contracts.recording import Recording, SentRequest
from specduet.contracts.reports.model import Report
from specduet.contracts.reports.page import render_page
from specduet.contracts.reports.page.exchanges import MAX_LINES, show_body
from specduet.contracts.reports.page.lifecycles import draw_lifecycles
from specduet.contracts.reports.page.response_times import draw_response_times
from specduet.contracts.reports.page.walks import draw_walks
from specduet.contracts.sending.redaction import Secrets
from specduet.contracts.traces import BracketedQueries
from specduet.specs import load
from tests.browser import dump_page, needs_browser
from tests.contracts.recording_builder import RecordingBuilder

Make = Callable[..., Report]
JOBS = """\
openapi: 3.1.0
info: {title: Jobs, version: 1.0.0}
paths:
  /jobs:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1}}
        - {name: offset, in: query, schema: {type: integer, minimum: 0}}
      responses:
        '200':
          description: The jobs
          content:
            application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Job'}}}
components:
  schemas:
    Job:
      type: object
      required: [id, status]
      properties:
        id: {type: string}
        status: {type: string, enum: [queued, running, completed, failed]}
"""


class PageReader(HTMLParser):
    """The elements of a page, and the text in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)

    def find(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag and all(a.get(k) == v for k, v in attributes.items())]

    @property
    def text(self) -> str:
        """All text but that of scripts and styles, with single spaces."""
        return " ".join(
            " ".join(" ".join(t) for tag, t in self.texts.items() if tag not in {"script", "style"}).split()
        )


def test_a_finding_is_shown_with_its_proof(make_report: Make) -> None:
    """What was expected beside what came, the line of the document, the command, and the line of the response."""
    page = render_page(make_report())
    reader = PageReader(page)
    for text in ("SD201 status-enum", "enum: open or paid", '"lost" in response /state', "GET /orders/"):
        assert text in reader.text
    assert "curl http://127.0.0.1:1/orders/1" in reader.texts["pre"]
    marked = re.findall(r'<span class="line marked">(?:<i>(\d+)</i>)?([^<]*)', page)
    assert ("18", "        state: {type: string, enum: [open, paid]}\n") in marked
    assert ("", "  &#34;state&#34;: &#34;lost&#34;\n") in marked


def test_the_page_needs_nothing_else(make_report: Make) -> None:
    """No element loads anything, and the page's policy allows its own script and style alone."""
    page = render_page(make_report())
    reader = PageReader(page)
    loaded = [a[name] for _, a in reader.tags for name in ("src", "href") if name in a]
    assert [address for address in loaded if not str(address).startswith(("#", "data:"))] == []
    policy = str(reader.find("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"])
    assert policy.startswith("default-src 'none';")
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for kind, (text,) in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_what_a_service_sends_is_text(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """Markup in messages, values, addresses and bodies is shown as it is; control characters are named."""
    attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    report = make_report()
    first = report.recording.exchanges[0]
    assert first.response is not None
    bad = replace(
        first,
        request=replace(first.request, path=f"/{attack}", url=f"http://127.0.0.1:1/{attack}"),
        response=replace(first.response, content=attack.encode() + b"\x1b[2J", headers=(("x-a", attack),)),
    )
    finding = make_finding(message=f"{attack}\x1b[31m", value=attack, exchange=bad, curl=attack)
    plain = PageReader(render_page(report))
    page = render_page(replace(report, findings=(finding,), recording=Recording([bad]), notes=(attack,)))
    reader = PageReader(page)
    assert len(reader.find("script")) == len(plain.find("script"))
    assert reader.find("img") == []
    assert "\x1b" not in page
    assert "\\u001b" in page


def test_half_a_secret_is_not_shown(make_report: Make) -> None:
    """A secret is masked before a long line is cut, so that no part of it is left."""
    secret = "s3cret-" + "x" * 400
    body = json.dumps({"note": "a" * 200 + secret}).encode()
    (_, line, _), *_ = show_body(body, "", Secrets([secret])).lines[1:2]
    assert "s3cret" not in line
    report = make_report(secrets=Secrets([secret]))
    exchange = report.recording.exchanges[0]
    sent = SentRequest("GET", f"http://h/{secret}", f"/{'b' * 150}{secret}", "", (), None)
    page = render_page(replace(report, recording=Recording([replace(exchange, request=sent)])))
    assert "s3cret" not in page


@pytest.mark.parametrize(("index", "expected"), [(0, 2), (50, 202), (99, 398)])
def test_a_long_body_is_shown_around_the_place(index: int, expected: int) -> None:
    """Of a long list the lines around the row are shown, with how many are left out."""
    body = json.dumps([{"id": number, "name": "n"} for number in range(100)]).encode()
    view = show_body(body, f"/{index}", Secrets())
    assert [number for number, _, is_marked in view.lines if is_marked] == [expected]
    assert len(view.lines) <= MAX_LINES
    assert view.skipped_before + len(view.lines) + view.skipped_after == 402


def test_a_body_that_is_no_json_is_shown_as_it_is() -> None:
    """Plain text keeps its lines, and an empty body has none."""
    assert [text for _, text, _ in show_body(b"one\ntwo", "/0", Secrets()).lines] == ["one", "two"]
    assert show_body(b"", "", Secrets()).lines == ()


def test_an_accepted_finding_and_all_places_are_shown(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """What the baseline accepts has its reason, and a cause in several operations names each."""
    places = tuple(FindingPlace(f"GET /{name}", "/state", 2) for name in ("orders/{order_id}", "others"))
    findings = (make_finding(places=places), make_finding(code="SD501", accepted="known since May"))
    reader = PageReader(render_page(make_report(findings=findings)))
    assert "and 1 other place" in reader.text
    assert "GET /others" in reader.text
    assert "known since May" in reader.text


def test_a_run_without_findings_says_so(make_report: Make) -> None:
    """A page without findings, exchanges and coverage is whole, too."""
    report = make_report(findings=(), exit_code=0, recording=Recording(), coverage=Coverage())
    reader = PageReader(render_page(report))
    assert "Nothing that was seen breaks the document." in reader.text
    assert reader.find("header", **{"class": "good"})


@pytest.fixture
def jobs(tmp_path: Path) -> RecordingBuilder:
    path = tmp_path / "jobs.yaml"
    path.write_text(JOBS, encoding="utf-8")
    return RecordingBuilder(load(path))


def report_on(make_report: Make, builder: RecordingBuilder) -> Report:
    coverage = Coverage.from_recording([builder.api], builder.recording)
    return make_report(
        apis=(builder.api,), clauses=(), findings=(), recording=builder.recording, coverage=coverage, exit_code=0
    )


def test_a_lifecycle_is_drawn_with_what_was_seen(make_report: Make, jobs: RecordingBuilder) -> None:
    """Statuses and transitions that rows showed are told from those that none did; terminal ones are in one column."""
    for status in ("queued", "running", "completed"):
        jobs.add("GET /jobs", json_=[{"id": "a", "status": status}])
        jobs.sent_at += 10
    (picture,) = draw_lifecycles(report_on(make_report, jobs))
    seen = {state.name: state.seen for state in picture.states}
    assert seen == {"queued": 1, "running": 1, "completed": 1, "failed": 0}
    assert {(t.source, t.target) for t in picture.transitions if t.seen} == {
        ("queued", "running"),
        ("running", "completed"),
    }
    assert len({state.x for state in picture.states if state.is_terminal}) == 1
    assert '<svg class="lifecycle"' in render_page(report_on(make_report, jobs))


def test_a_page_walk_is_drawn(make_report: Make, jobs: RecordingBuilder) -> None:
    """A walk shows what was asked, how many rows each page had, and how it ended."""
    rows = [{"id": str(number), "status": "queued"} for number in range(3)]
    whole = jobs.add("GET /jobs", json_=rows)
    pages = (
        jobs.add("GET /jobs", json_=rows[:2], query="limit=2"),
        jobs.add("GET /jobs", json_=rows[2:], query="limit=2&offset=2"),
    )
    jobs.recording.traces.append(
        BracketedQueries(whole.api, whole.operation, whole, pages, whole, is_page_walk=True, is_finished=True)
    )
    (walk,) = draw_walks(report_on(make_report, jobs))
    assert [(page.query, page.rows) for page in walk.pages] == [("limit=2", "2 rows"), ("limit=2&offset=2", "1 row")]
    assert walk.end == "no page follows; 3 rows on these pages, 3 in the list"


def test_response_times_are_drawn(make_report: Make, jobs: RecordingBuilder) -> None:
    """Every response is in one bar, and the slowest operation comes first."""
    for elapsed in (0.0004, 0.003, 0.003, 9.5):
        jobs.add("GET /jobs", json_=[], elapsed_s=elapsed)
    everything, slowest = draw_response_times(report_on(make_report, jobs))
    assert (everything.count, slowest.slowest, slowest.median) == (4, "9.5 s", "3.0 ms")
    assert [(bar.until, bar.count) for bar in slowest.bars if bar.count] == [
        ("0.5 ms", 1),
        ("4.0 ms", 2),
        ("longer", 1),
    ]


def write_many(make_report: Make, folder: Path, count: int) -> Path:
    report = make_report()
    first = report.recording.exchanges[0]
    exchanges = [replace(first, number=number) for number in range(1, count + 1)]
    path = folder / "report.html"
    path.write_text(render_page(replace(report, recording=Recording(exchanges))), encoding="utf-8")
    return path


def test_a_page_of_many_exchanges_is_small(make_report: Make, tmp_path: Path) -> None:
    """An exchange takes less than 100 bytes of the page."""
    small, large = (write_many(make_report, tmp_path, count).stat().st_size for count in (1, 10_001))
    assert (large - small) / 10_000 < 100


@needs_browser
def test_a_browser_shows_the_page(make_report: Make, tmp_path: Path) -> None:
    """In a browser the script runs under the page's own policy: the first exchanges are listed, the rest on demand."""
    page = write_many(make_report, tmp_path, 1_000)
    result = dump_page(page.as_uri(), tmp_path / "profile")
    assert result.stdout.count('class="status good"') >= 200
    assert "200 of 1,000 shown" in result.stdout
    assert "CONSOLE" not in result.stderr
