"""The reports: each kind says what the run found, in the form its readers expect, and none tells a secret."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from sarif_pydantic import Sarif

from specduet.contracts.coverage import Coverage, OperationCoverage
from specduet.contracts.findings import Finding, FindingPlace
from specduet.contracts.reports import WRITERS, console, github, sarif, summary, write_reports
from specduet.contracts.reports import json as report_json
from specduet.contracts.reports.model import Report, order_findings
from specduet.contracts.reports.unanswered import find_error_text

ROOT = Path(__file__).parents[2]
Make = Callable[..., Report]


def test_every_report_is_written(make_report: Make, tmp_path: Path) -> None:
    """One folder holds every kind of report."""
    write_reports(make_report(), tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(WRITERS)


def test_no_report_tells_a_secret(make_report: Make, tmp_path: Path, secret: str) -> None:
    """A credential that was sent, echoed and quoted in a message stands in no file, in plain or in base64."""
    report = make_report()
    write_reports(report, tmp_path)
    shown = StringIO()
    console.print_report(report, console.make_console(shown))
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.*") if path.suffix != ".yaml"]
    texts += [shown.getvalue(), *github.format_annotations(report)]
    assert len(texts) > len(WRITERS)
    for text in texts:
        assert secret not in text
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in text


def test_report_json_is_as_its_schema_says(make_report: Make) -> None:
    """report.json is valid by the published schema, with findings and without, and a missing field is not."""
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    full = report_json.build_document(make_report(notes=("one note",), stale_entries=("an entry",)))
    empty = report_json.build_document(make_report(findings=(), exit_code=0))
    validator.validate(full)
    validator.validate(empty)
    for key in ("target", "seed", "profile", "elapsed_s", "requests", "findings", "coverage", "exit_code"):
        assert not validator.is_valid({k: v for k, v in full.items() if k != key})
    for key in full["findings"][0]:
        broken = {k: v for k, v in full["findings"][0].items() if k != key}
        assert not validator.is_valid({**full, "findings": [broken]})


def test_report_json_holds_the_finding(make_report: Make) -> None:
    """A finding keeps its code, place, value, count and reproduction, and the line of the document it breaks."""
    first = report_json.build_document(make_report())["findings"][0]
    assert (first["code"], first["where"], first["seen"], first["count"]) == ("SD201", "/state", '"lost"', 3)
    assert (first["severity"], first["basis"], first["fails"], first["accepted"]) == ("error", "documented", True, None)
    assert (first["pointer"], first["line"]) == ("/components/schemas/Order/properties/state", 18)
    assert first["curl"].startswith("curl ")


def test_severity_decides_what_fails(make_report: Make) -> None:
    """A warning fails only a run that says so; an accepted finding never does."""
    report = make_report()
    error, warning = report.findings
    assert (report.is_failing(error), report.is_failing(warning)) == (True, False)
    strict = make_report(fail_on="warning")
    assert strict.is_failing(warning)
    assert not strict.is_failing(replace(error, accepted="known"))


def test_junit_fails_the_case_of_the_finding(make_report: Make, tmp_path: Path) -> None:
    """One case a clause and operation; an error fails it, a warning is told in its output."""
    write_reports(make_report(), tmp_path)
    suites = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own file
    (suite,) = suites
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("orders GET /orders/{order_id}", "2", "1")
    failing, milder = suite
    assert "SD201" in (failing.findtext("failure") or "")
    assert failing.get("name") == "status-enum"
    assert "SD501" in (milder.findtext("system-out") or "")
    assert milder.find("failure") is None


def test_junit_skips_what_is_accepted(make_report: Make, make_finding: Callable[..., Finding], tmp_path: Path) -> None:
    """An accepted finding stays visible as a skipped case with its reason."""
    write_reports(make_report(findings=(make_finding(accepted="waits for release 3"),)), tmp_path)
    skipped = ET.parse(tmp_path / "junit.xml").getroot().find(".//skipped")  # noqa: S314 - our own file
    assert skipped is not None
    assert skipped.get("message") == "accepted: waits for release 3"


def test_junit_survives_characters_that_xml_forbids(
    make_report: Make, make_finding: Callable[..., Finding], tmp_path: Path
) -> None:
    """A control character in a value, which XML cannot even escape, does not spoil the file."""
    write_reports(make_report(findings=(make_finding(message="bell \x07, surrogate \ud800, end"),)), tmp_path)
    text = ET.parse(tmp_path / "junit.xml").getroot().findtext(".//failure")  # noqa: S314 - our own file
    assert text is not None
    assert "end" in text


def test_sarif_is_valid_and_points_at_the_line(
    make_report: Make, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is SARIF 2.1.0 by an independent model of it, which knows every key, and leads to the broken line."""
    monkeypatch.chdir(document.parent)
    log = sarif.build_document(make_report())
    model = Sarif.model_validate(log)
    kept = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SD201", "SD501"]
    first, second = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "orders.yaml"}, "region": {"startLine": 18}}
    assert (first["level"], second["level"]) == ("error", "warning")
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert _keys(log) <= _keys(kept) | {"$schema"}


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_keys(inner) for key, inner in value.items() if key != "properties"))
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    return set()


def test_sarif_suppresses_what_is_accepted(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """An accepted finding is a suppressed result, with its reason."""
    log = sarif.build_document(make_report(findings=(make_finding(accepted="known"),)))
    assert log["runs"][0]["results"][0]["suppressions"] == [{"kind": "external", "justification": "known"}]


def test_har_has_every_exchange(make_report: Make, tmp_path: Path) -> None:
    """Text, bytes that are no text, and an answer that never came: each is an entry."""
    write_reports(make_report(), tmp_path)
    entries = json.loads((tmp_path / "exchanges.har").read_text(encoding="utf-8"))["log"]["entries"]
    text, binary, nothing = (entry["response"] for entry in entries)
    assert json.loads(text["content"]["text"]) == {"state": "lost"}
    assert base64.b64decode(binary["content"]["text"]).startswith(b"\xff\x00")
    assert nothing["status"] == 0
    assert {entry["request"]["method"] for entry in entries} == {"GET"}


def test_summary_is_for_people(make_report: Make) -> None:
    """The Markdown names the finding, its place, how to see it again, and what was never seen."""
    text = summary.format_summary(make_report(notes=("A note.",), stale_entries=("SD999 gone",)))
    assert text.startswith("## specduet: 1 error, 1 warning\n")
    for part in (
        "SD201",
        "in response /state, 3 times`",
        "```sh\ncurl",
        "> A note.",
        "SD999 gone",
        "GET /never: was never sent",
    ):
        assert part in text


@pytest.mark.parametrize(("value", "shown"), [("a", "`a`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```")])
def test_summary_quotes_backticks(
    make_report: Make, make_finding: Callable[..., Finding], value: str, shown: str
) -> None:
    """A value with backticks cannot break out of its code span."""
    found = make_finding(value=value, where="", count=1)
    assert f"- actual: {shown}\n" in summary.format_summary(make_report(findings=(found,)))


def test_console_is_plain_where_nobody_watches(make_report: Make) -> None:
    """Into a file go no colours and no line breaks of our own: a curl line stays one line."""
    long = make_report().findings[0]
    line = f"curl 'http://127.0.0.1:1/{'x' * 400}'"
    shown = StringIO()
    console.print_report(make_report(findings=(replace(long, curl=line),)), console.make_console(shown))
    text = shown.getvalue()
    assert line in text
    assert "\x1b" not in text
    assert text.endswith("1 error; 3 requests in 1.2 s\n")


def test_console_groups_by_cause(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """Two findings of one clause on one part of the document stand under one heading."""
    shown = StringIO()
    findings = (make_finding(), make_finding(where="/other/state"))
    console.print_report(make_report(findings=findings), console.make_console(shown))
    assert shown.getvalue().count("SD201 status-enum") == 1
    assert shown.getvalue().count("    actual ") == 2


def test_a_document_outside_the_repository_is_not_pointed_at(make_report: Make) -> None:
    """Code scanners show files of the repository only: an absolute path would be dropped or misread."""
    (run,) = sarif.build_document(make_report())["runs"]
    assert "physicalLocation" not in run["results"][0]["locations"][0]
    assert all("file=" not in command for command in github.format_annotations(make_report()))


def test_github_annotations_are_escaped(
    make_report: Make, make_finding: Callable[..., Finding], document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow command is one line, whatever the message holds; an accepted finding is none."""
    monkeypatch.chdir(document.parent)
    findings = (make_finding(message="100 % wrong:\nsee, there"), make_finding(accepted="known"))
    (command,) = github.format_annotations(make_report(findings=findings))
    assert command.startswith("::error file=")
    assert "\n" not in command
    assert "100 %25 wrong:%0Asee, there" in command
    assert ",line=18,title=SD201 status-enum::" in command


def test_github_summary_is_appended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an earlier step wrote to the summary stays."""
    page = tmp_path / "summary.md"
    page.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    github.append_summary("after\n")
    assert page.read_text(encoding="utf-8") == "before\nafter\n"


def test_summary_headings_are_plain(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """What a service says is no markup: a tag or a star in a message is shown, and does nothing."""
    text = summary.format_summary(make_report(findings=(make_finding(message="*/x is <img> `y`"),)))
    assert r"\*/x is \<img\> \`y\`" in text


def shown_by(report: Report) -> str:
    shown = StringIO()
    console.print_report(report, console.make_console(shown))
    return shown.getvalue()


def test_a_finding_says_what_was_expected_and_what_to_do(make_report: Make) -> None:
    """Expected beside actual, the line of the document, a curl line, and one remedy for each likely cause."""
    assert "\n".join(shown_by(make_report()).splitlines()[:8]) == (
        "error SD201 status-enum: The status is a documented member.\n"
        "  GET /orders/{order_id}: the state is 'lost', which no member is (asked with [redacted])\n"
        "    expected  type: string, enum: open or paid\n"
        '    actual    "lost" in response /state, 3 times\n'
        f"    document  {make_report().apis[0].path}:18\n"
        "              /components/schemas/Order/properties/state\n"
        "    reproduce curl http://127.0.0.1:1/orders/1\n"
        "    to fix    let the service send a value that is documented"
    )


def test_no_line_but_a_curl_line_is_longer_than_100_columns(
    make_report: Make, make_finding: Callable[..., Finding]
) -> None:
    """Long messages and notes are wrapped, long gaps are cut."""
    long = "word " * 60
    report = make_report(findings=(make_finding(message=long), make_finding(accepted=long)), notes=(long,))
    lines = [line for line in shown_by(report).splitlines() if str(report.apis[0].path) not in line]
    assert max(map(len, lines)) <= 100


def test_findings_are_ordered_by_severity_and_reach(make_finding: Callable[..., Finding]) -> None:
    """Errors first, then what is in most operations, then what is most often; accepted ones are last."""
    accepted = make_finding(accepted="known")
    warning = make_finding(basis="inferred", count=99)
    wide = make_finding(code="SD301", places=(FindingPlace("GET /a", "", 1, ""), FindingPlace("GET /b", "", 1, "")))
    often, seldom = make_finding(code="SD302", count=9), make_finding(code="SD303", count=2)
    assert order_findings((accepted, warning, seldom, often, wide)) == (wide, often, seldom, warning, accepted)


def test_an_accepted_finding_is_one_line(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """The reason stands in it, and no curl line."""
    text = shown_by(make_report(findings=(make_finding(accepted="waits for release 3"),)))
    assert text.splitlines()[0] == ("accepted SD201 status-enum: GET /orders/{order_id}: waits for release 3")
    assert "curl" not in text


def test_a_variable_of_a_curl_line_is_explained_once(make_report: Make, make_finding: Callable[..., Finding]) -> None:
    """What has to be set before a line can be pasted stands before all findings."""
    curl = """curl -H 'X-Key: '"${KEY}" http://127.0.0.1:1"""
    text = shown_by(make_report(findings=(make_finding(curl=curl), make_finding(curl=curl, where="/b"))))
    assert text.count("export KEY='…'") == 1
    assert text.startswith("To paste a curl line, first: export KEY='…'")


def test_shared_gaps_are_one_line(make_report: Make) -> None:
    """What was not seen of several operations is told once, with their number."""
    seen = OperationCoverage("orders", "GET /orders/{order_id}", 2, {"200": 2}, {"200": 2, "404": 0}, (), ())
    coverage = Coverage((seen, replace(seen, operation="GET /b", documented={"200": 1, "404": 0, "409": 0})))
    assert make_report(coverage=coverage).coverage_gaps == (
        "orders GET /orders/{order_id}: was never answered 404",
        "orders GET /b: was never answered 404, 409",
    )
    broken = replace(seen, documented={"200": 1, "429": 0, "500": 0, "5XX": 0, "default": 0})
    assert make_report(coverage=Coverage((broken,))).coverage_gaps == ()  # no request brings these about
    same = Coverage((seen, replace(seen, operation="GET /b")))
    assert make_report(coverage=same).coverage_gaps == ("2 operations: was never answered 404",)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"detail": [{"loc": ["body", "name"], "msg": "Field required"}]}, "body/name: Field required"),
        ({"errors": [{"field": "name", "message": "is taken"}]}, "name: is taken"),
        ({"errors": {"name": ["is taken"]}}, "name: is taken"),
        ({"title": "Bad Request", "detail": "no such team"}, "no such team"),
        ({"error": {"message": "no such team"}}, "no such team"),
        ({"code": 7}, ""),
        ([1], ""),
    ],
)
def test_the_reason_of_a_refusal_is_read_from_its_body(body: Any, text: str) -> None:
    """The field that is wrong comes first, in the shapes of the usual frameworks."""
    assert find_error_text(body) == text
