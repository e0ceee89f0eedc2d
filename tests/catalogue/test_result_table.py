"""The catalogue's own tools: its command line, its pool of judgements and its table."""

from pathlib import Path

import msgspec
from click.testing import CliRunner

from tests.catalogue import CORRECT, FAULTY, UNUSUAL
from tests.catalogue.__main__ import main
from tests.catalogue.judging import ReportedFinding, ServerVerdict
from tests.catalogue.judging_pool import judge_all, list_tasks
from tests.catalogue.result_table import describe_misjudged, render_table


def make_finding(code: str, operation: str) -> ReportedFinding:
    return ReportedFinding(code, "clause", "error", operation, "/0", "it is wrong", "x")


def make_verdict(name: str, *findings: ReportedFinding, problem: str = "") -> ServerVerdict:
    return ServerVerdict(name, 1, findings, 2.0, 100, problem=problem)


def test_a_fault_counts_as_found_only_by_its_clause_on_its_operation() -> None:
    """Another clause, or the right one on another operation, is no proof that a fault was found."""
    variant = next(v for v in FAULTY if v.name == "cloudcruise-list-status-misspelt")
    assert make_verdict(variant.name, make_finding("SD201", "GET /runs")).is_found
    assert not make_verdict(variant.name, make_finding("SD501", "GET /runs")).is_found
    assert not make_verdict(variant.name, make_finding("SD201", "GET /api/crew-runs")).is_found
    assert not make_verdict(variant.name).is_found


def test_every_finding_on_a_correct_server_is_wrong() -> None:
    """One finding, or a run that proves nothing, is a misjudgement of a correct server."""
    name = UNUSUAL[0].name
    assert make_verdict(name).is_right
    assert not make_verdict(name, make_finding("SD201", "GET /runs")).is_right
    assert not make_verdict(CORRECT, problem="nothing was answered").is_right


def test_a_kept_file_that_a_kill_cut_short_loses_only_its_last_line(tmp_path: Path) -> None:
    """Whole verdicts are taken from the file and not made again; half of one is cut off, so that others may follow."""
    kept = tmp_path / "kept.jsonl"
    name = UNUSUAL[0].name
    [task] = list_tasks([name], 1, "both")
    line = msgspec.json.encode(ServerVerdict(name, 1, (), 2.0, 100, apis=(task.api,))) + b"\n"
    kept.write_bytes(line + line[: len(line) // 2])
    assert [verdict.variant for verdict in judge_all([task], 1, kept)] == [name]
    assert kept.read_bytes() == line


def test_the_table_counts_found_planted_and_false_alarms() -> None:
    """Each family has its row, each way of judging its column, and every misjudged server its paragraph."""
    faulty = [v for v in FAULTY if v.family == "enums"][:2]
    verdicts = [
        make_verdict(faulty[0].name, make_finding(faulty[0].clauses[0], faulty[0].operations[0])),
        make_verdict(faulty[1].name),
        make_verdict(CORRECT, make_finding("SD101", "GET /runs")),
    ]
    text = render_table({"both": verdicts, "probes": verdicts[:2]}, {faulty[0].name: False, faulty[1].name: True})
    assert "| enums | 2 | 1 / 2 | 1 / 2 | 1 / 2 |" in text
    assert "False alarms: 1 in 1 runs on 1 correct servers." in text
    assert [paragraph.split()[0] for paragraph in describe_misjudged(verdicts)] == ["MISSED", "FALSE"]


def test_the_servers_can_be_listed_and_an_unknown_one_is_refused() -> None:
    """``list`` shows names, families and sentences; ``serve`` refuses a name that no server has."""
    runner = CliRunner()
    shown = runner.invoke(main, ["list", "status-misspelt"])
    assert shown.exit_code == 0
    assert "cloudcruise-list-status-misspelt" in shown.output
    refused = runner.invoke(main, ["serve", "nobody"])
    assert refused.exit_code == 2
    assert "nobody" in refused.output
