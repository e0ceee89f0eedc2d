"""SD4xx: requests without a valid credential are rejected first and show nothing; every login method works."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException, Request

from specduet.contracts.clauses import all_clauses
from specduet.contracts.clauses.credentials import _find_leaked_id
from specduet.contracts.findings import Finding
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.probes.credentials import probe_credentials
from specduet.contracts.recording import Recording
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.contracts.traces import ForeignLetters
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder
from tests.contracts.tree_service import KEY, ROW, find, finding_codes, guard, judge, load_api, service

Findings = Callable[..., list[Finding]]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return load_api(tmp_path_factory.mktemp("trees"))


@pytest.fixture
def findings(api: Api, serve: Callable[[Any], str]) -> Findings:
    """The function that returns the findings in an application."""
    return lambda app, **options: find(api, serve(app), **options)


def _forbids(request: Request) -> None:
    try:
        guard(request)
    except HTTPException:
        raise HTTPException(403, "Forbidden") from None


def test_403_does_for_401(findings: Findings) -> None:
    """A service may say 403 to everybody who has no valid credential."""
    assert findings(service(by=_forbids)) == []


def test_without_credentials_nothing_is_concluded_from_rejections(findings: Findings) -> None:
    """A placeholder that is rejected everywhere proves nothing wrong."""
    assert findings(service(), credentials=False) == []


def _key_only(request: Request) -> None:
    if request.headers.get("x-key") != KEY:
        raise HTTPException(401, "Not authenticated")


def _any_value(request: Request) -> None:
    if not (request.headers.get("x-key") or request.headers.get("authorization")):
        raise HTTPException(401, "Not authenticated")


def _even_empty(request: Request) -> None:
    if "x-key" not in request.headers:
        guard(request)
    elif request.headers["x-key"] not in {"", KEY}:
        raise HTTPException(401, "Not authenticated")


def _any_token(request: Request) -> None:
    if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
        guard(request)


def _bare(request: Request) -> None:
    if request.headers.get("authorization", "").strip() != "Bearer":
        guard(request)


def _forgetful(request: Request) -> None:
    if "limit" not in request.query_params:
        guard(request)


def _leaky(request: Request) -> None:
    try:
        guard(request)
    except HTTPException:
        raise HTTPException(401, {"rows": [ROW]}) from None


def _not_found(request: Request) -> None:
    try:
        guard(request)
    except HTTPException:
        raise HTTPException(404, "Not found") from None


def _open(request: Request) -> None:
    """Everybody may."""


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "nobody is asked": ({"by": _open}, "SD401", "credentials"),
    "who may not gets 404": ({"by": _not_found}, "SD401", "credentials"),
    "an empty key will do": ({"by": _even_empty}, "SD402", "header/x-key"),
    "any key will do": ({"by": _any_value}, "SD403", "header/x-key"),
    "any token will do": ({"by": _any_token}, "SD403", "header/Authorization"),
    "a token may be empty": ({"by": _bare}, "SD402", "header/Authorization"),
    "a limit needs no key": ({"by": _forgetful}, "SD401", "credentials"),
    "a token gets nobody in": ({"by": _key_only}, "SD405", "credentials/OAuth2AuthorizationCodeBearer"),
    "a refusal shows rows": ({"by": _leaky}, "SD406", "body"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found_where_it_is(findings: Findings, name: str) -> None:
    """Each broken version is found by the clause that should find it, at the place that is broken."""
    broken, code, where = FAULTS[name]
    found = findings(service(**broken))
    assert where in [finding.where for finding in found if finding.code == code]
    assert finding_codes(found) - {code} <= {"SD302"}  # what is too lax in one way may be in another


def test_credentials_come_before_validation(findings: Findings) -> None:
    """A service that validates a request before it checks the credential tells anybody what it accepts."""
    assert finding_codes(findings(service(by=_open, late=guard))) == {"SD404"}


def _refuse_everybody(_request: Request) -> None:
    raise HTTPException(400, "Not today")


def test_a_refusal_of_everybody_says_nothing_of_credentials(findings: Findings) -> None:
    """A request that gets a 400 with the right credential, too, is not refused with 400 for its credential."""
    assert not {code for code in finding_codes(findings(service(by=_refuse_everybody))) if code.startswith("SD4")}


def _compare_ascii(request: Request) -> None:
    if not request.headers.get("x-key", "").isascii():
        raise TypeError("comparing strings with non-ASCII characters is not supported")
    guard(request)


def _refuse_letters(request: Request) -> None:
    if not request.headers.get("x-key", "").isascii():
        raise HTTPException(400, "Bad header")
    guard(request)


def test_a_credential_that_is_not_ascii_is_tried_once(api: Api, serve: Callable[[Any], str]) -> None:
    """A service may refuse such a header with 400; one that fails gets a 500, which a clause of robustness tells."""
    for by, status in ((_refuse_letters, 400), (_compare_ascii, 500)):
        recording = Recording()
        target = Target.parse(serve(service(by=by)), credentials=[f"APIKeyHeader={KEY}"])
        sender, known = Sender(target, api, recording), KnownValues(api, target.params)
        for operation in api.operations:
            probe_credentials(sender, operation, known)
        traces = [trace for trace in recording.traces if isinstance(trace, ForeignLetters)]
        sent = {trace.scheme: trace.exchange.status for trace in traces}
        assert (sent["APIKeyHeader"], len(traces)) == (status, 2)
        assert judge(api, recording, "credentials") == []


def test_a_key_in_the_query_that_nobody_asks_for_is_told_once(
    api: Api, serve: Callable[[Any], str], tmp_path: Path
) -> None:
    """Where no credential is needed, a wrong one in the query is no second fault."""
    document = json.loads(json.dumps(api.document))
    document["components"]["securitySchemes"]["APIKeyHeader"] |= {"in": "query", "name": "key"}
    (tmp_path / "trees.json").write_text(json.dumps(document))
    assert finding_codes(find(load(tmp_path / "trees.json"), serve(service(by=_open)))) == {"SD401"}


def test_a_name_of_the_path_may_be_repeated(api: Api) -> None:
    """A 403 that names what was asked for shows no id that the caller does not have."""
    answer = "not your tree: árbol viejo".encode()
    exchange = RecordingBuilder(api).add("GET /trees/{key}", path="/trees/%C3%A1rbol%20viejo", status=403, body=answer)
    assert _find_leaked_id(exchange, ["árbol viejo"]) is None
    assert _find_leaked_id(exchange, ["not your"]) == "not your"


def test_every_clause_is_explained() -> None:
    """Every clause of the family has a sentence and details."""
    clauses = [clause for clause in all_clauses() if clause.family == "credentials"]
    assert len(clauses) == 6
    assert all(clause.sentence.endswith(".") and clause.details for clause in clauses)
