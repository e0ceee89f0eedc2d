"""``specduet compare``: what is new, gone, still there, and not tested again between two reports."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from specduet.cli import cli
from specduet.contracts.coverage import Coverage, OperationCoverage
from specduet.contracts.findings import Finding, FindingPlace
from specduet.contracts.reports import json as report_json
from specduet.contracts.reports.comparison import Comparison, compare_reports, read_report
from specduet.contracts.reports.model import Report

LABEL = "GET /orders/{order_id}"


@pytest.fixture
def compare(make_report: Callable[..., Report], tmp_path: Path) -> Callable[..., Comparison]:
    """Compare two runs with these findings; ``answered`` are the statuses of the operation in the later one."""

    def compare(before: tuple[Finding, ...], after: tuple[Finding, ...], answered: str = "200") -> Comparison:
        seen = OperationCoverage("orders", LABEL, 1, {answered: 1}, {}, (), ())
        reports = make_report(findings=before), make_report(findings=after, coverage=Coverage((seen,)))
        for name, report in zip(("before", "after"), reports, strict=True):
            (tmp_path / name).mkdir()
            report_json.write(report, tmp_path / name / "report.json")
        return compare_reports(read_report(tmp_path / "before"), read_report(tmp_path / "after" / "report.json"))

    return compare


def list_codes(comparison: Comparison) -> dict[str, list[str]]:
    return {name: [finding.code for finding in findings] for name, findings in comparison.groups if findings}


def test_findings_are_grouped(compare: Callable[..., Comparison], make_finding: Callable[..., Finding]) -> None:
    """One that both runs have is still there, also in another row and after the document was rewritten."""
    kept, gone = make_finding(where="/3/state"), make_finding(code="SD501")
    same, new = make_finding(where="/7/state", pointer="/components/schemas/Renamed"), make_finding(code="SD203")
    comparison = compare((kept, gone), (same, new))
    assert list_codes(comparison) == {"new": ["SD203"], "still there": ["SD201"], "gone": ["SD501"]}
    assert comparison.outcome == "1 new, 1 still there, 1 gone"
    assert comparison.exit_code == 1


def test_what_was_not_reached_is_not_gone(
    compare: Callable[..., Comparison], make_finding: Callable[..., Finding]
) -> None:
    """A finding of an operation that no longer answers 2xx may still be there."""
    comparison = compare((make_finding(),), (), answered="503")
    assert list_codes(comparison) == {"not tested again": ["SD201"]}
    assert comparison.exit_code == 0


def test_one_cause_in_other_places_is_the_same(
    compare: Callable[..., Comparison], make_finding: Callable[..., Finding]
) -> None:
    """A cause that occurs in fewer operations than before is still there."""
    places = (FindingPlace("GET /a", "/state", 1), FindingPlace(LABEL, "/state", 1))
    comparison = compare((make_finding(operation="GET /a", places=places),), (make_finding(),))
    assert list_codes(comparison) == {"still there": ["SD201"]}


def test_only_what_fails_the_run_fails_the_comparison(
    compare: Callable[..., Comparison], make_finding: Callable[..., Finding]
) -> None:
    """A new warning is told and does not fail where the later run did not fail on it."""
    comparison = compare((), (make_finding(basis="inferred"),))
    assert (comparison.outcome, comparison.exit_code) == ("1 new", 0)


@pytest.mark.parametrize("output_format", ["text", "json", "html"])
def test_every_format_names_what_is_new(
    make_report: Callable[..., Report], make_finding: Callable[..., Finding], tmp_path: Path, output_format: str
) -> None:
    """Text, JSON and HTML tell the message as text, and the exit code is that of a new error."""
    attack = "<script>alert(1)</script>\x1b[31m"
    for name, findings in (("a", ()), ("b", (make_finding(message=attack),))):
        (tmp_path / name).mkdir()
        report_json.write(make_report(findings=findings), tmp_path / name / "report.json")
    result = CliRunner().invoke(
        cli, ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--format", output_format], standalone_mode=False
    )
    assert result.return_value == 1
    assert "SD201" in result.output
    assert "\x1b" not in result.output
    if output_format == "json":
        assert json.loads(result.output)["new"][0]["message"] == attack
    elif output_format == "html":
        assert "<script>" not in result.output


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"findings": 3}', "[" * 100_000, None])
def test_a_file_that_is_no_report_is_named(tmp_path: Path, content: Any) -> None:
    """Whatever the file holds, the operator is told what to give."""
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(Exception, match=r"report\.json") as caught:
        read_report(tmp_path)
    assert "Give a folder of --report" in str(caught.value)


def test_two_runs_without_findings_say_so(compare: Callable[..., Comparison]) -> None:
    """Nothing in either is a result, too."""
    assert compare((), ()).outcome == "no findings in either"
