"""``junit.xml``: one test suite for each operation, one test case for each clause, as CI systems read it."""

import re
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

from specduet.contracts.findings import Finding
from specduet.contracts.reports.formatting import format_finding, format_headline
from specduet.contracts.reports.model import Item, Report, items_of_finding, iter_items, write_text

# XML 1.0, section 2.2: a character outside these ranges cannot be written at all, not even escaped
_FORBIDDEN_CHARACTERS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, path: Path) -> None:
    """Write the file. An accepted finding skips its test case; one below ``--fail-on`` stands in ``system-out``."""
    found: dict[Item, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        for item in items_of_finding(finding):
            found[item].append(finding)
    suites = ET.Element("testsuites", name="specduet", time=f"{report.elapsed_s:.3f}")
    for (api, operation), group in groupby(iter_items(report.apis, report.clauses), key=lambda i: (i.api, i.operation)):
        suites.append(_build_suite(f"{api} {operation}", [(item, found[item]) for item in group], report))
    ET.indent(suites)
    write_text(path, f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(suites, encoding='unicode')}\n")


def _build_suite(name: str, cases: list[tuple[Item, list[Finding]]], report: Report) -> ET.Element:
    suite = ET.Element("testsuite", name=_replace_forbidden(name), timestamp=report.started.isoformat())
    for item, findings in cases:
        suite.append(_build_case(name, item, findings, report))
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")
    return suite


def _build_case(suite: str, item: Item, findings: list[Finding], report: Report) -> ET.Element:
    case = ET.Element("testcase", classname=f"specduet.{_replace_forbidden(suite)}", name=item.clause)
    failing = [finding for finding in findings if report.is_failing(finding)]
    accepted = [finding for finding in findings if finding.accepted]
    if failing:
        message = report.secrets.mask(format_headline(failing[0]))
        ET.SubElement(
            case, "failure", message=_replace_forbidden(message), type=failing[0].code
        ).text = _format_findings(failing, report)
    elif accepted:
        ET.SubElement(
            case, "skipped", message=_replace_forbidden(report.secrets.mask(f"accepted: {accepted[0].accepted}"))
        )
    if len(failing) < len(findings):
        below_threshold = [finding for finding in findings if not report.is_failing(finding)]
        ET.SubElement(case, "system-out").text = _format_findings(below_threshold, report)
    return case


def _format_findings(findings: list[Finding], report: Report) -> str:
    return _replace_forbidden("\n\n".join(format_finding(finding, report) for finding in findings))


def _replace_forbidden(text: str) -> str:
    return _FORBIDDEN_CHARACTERS.sub("\ufffd", text)
