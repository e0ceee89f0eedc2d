"""Accepted findings: matched exactly, never silently, and never for ever."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from specduet.contracts.findings import Finding
from specduet.contracts.session import baseline
from specduet.specs import SpecError

TODAY = date(2026, 11, 22)
ENTRY = """\
- code: SD201
  operation: orders GET /orders/{order_id}
  pointer: /components/schemas/Order/properties/state
  reason: waits for release 3
  owner: the orders team
  expires: 2026-11-22
"""

Make = Callable[..., Finding]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def entry(tmp_path: Path, extra: str = "") -> tuple[baseline.AcceptedFinding, ...]:
    return baseline.load_baseline(write(tmp_path, f"accepted:\n{ENTRY}{extra}"), today=TODAY)


def test_an_entry_accepts_its_finding(tmp_path: Path, make_finding: Make) -> None:
    """Code, operation and pointer have to agree; the finding then carries the reason."""
    accepted = entry(tmp_path)
    (marked,), stale = baseline.mark_accepted([make_finding()], accepted)
    assert marked.accepted == "waits for release 3"
    assert stale == []
    for other in (make_finding(code="SD202"), make_finding(operation="GET /x"), make_finding(pointer="/y")):
        (kept,), stale = baseline.mark_accepted([other], accepted)
        assert kept.accepted == ""
        assert stale == list(accepted)


def test_where_narrows_an_entry(tmp_path: Path, make_finding: Make) -> None:
    """With ``where``, only that place is accepted; the index of a row does not matter."""
    accepted = entry(tmp_path, "  where: /*/state\n")
    marked, _ = baseline.mark_accepted([make_finding(where="/3/state"), make_finding(where="/3/other")], accepted)
    assert [bool(finding.accepted) for finding in marked] == [True, False]


def test_an_entry_ends_with_its_day(tmp_path: Path) -> None:
    """On the day it names it still holds; a day later it is an error with file and line."""
    path = write(tmp_path, f"# known\naccepted:\n{ENTRY}")
    assert len(baseline.load_baseline(path, today=TODAY)) == 1
    with pytest.raises(SpecError, match="expired on 2026-11-22") as caught:
        baseline.load_baseline(path, today=date(2026, 11, 23))
    assert (caught.value.file, caught.value.line) == (path, 3)
    assert baseline.load_baseline(path, today=date(2026, 11, 23), renew=True) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "one list called 'accepted'"),
        ("[]", "one list called 'accepted'"),
        ("accepted: {}", "one list called 'accepted'"),
        ("accepted: []\nalso: 1", "one list called 'accepted'"),
        ("accepted: [SD201]", "is a mapping"),
        ("accepted:\n- {code: SD201}", "needs 'operation'"),
        (f"accepted:\n{ENTRY}  expiry: 2027-01-01", "unknown key 'expiry'"),
        (f"accepted:\n{ENTRY}".replace("2026-11-22", "soon"), "no date"),
        (f"accepted:\n{ENTRY}".replace("waits for release 3", "''"), "needs 'reason'"),
        ("accepted: [", "does not parse"),
    ],
)
def test_a_malformed_file_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """A mistake in the file never reads as an empty file."""
    with pytest.raises(SpecError, match=message):
        baseline.load_baseline(write(tmp_path, text), today=TODAY)


def test_update_writes_what_load_reads(tmp_path: Path, make_finding: Make) -> None:
    """What is found is written once each, with an owner, a reason and a date, and is accepted from then on."""
    path = tmp_path / "new.yaml"
    findings = [make_finding(), make_finding(where="/0/x"), make_finding(where="/1/x"), make_finding(accepted="known")]
    kept = entry(tmp_path)
    assert baseline.write_baseline(path, findings, kept, today=TODAY) == 2
    loaded = baseline.load_baseline(path, today=TODAY)
    assert [one.where for one in loaded] == ["", "/state", "/*/x"]
    assert all(one.owner and one.reason for one in loaded)
    assert loaded[1].expires == date(2027, 2, 20)
    marked, stale = baseline.mark_accepted(findings[:3], loaded[1:])
    assert all(finding.accepted for finding in marked)
    assert stale == []
