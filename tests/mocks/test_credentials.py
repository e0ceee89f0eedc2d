"""Credentials: alternatives, schemes, known callers, and the error responses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Credential, Settings, create_app
from specduet.specs import UsageError
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

CREWS, THREAD, RUNS = "/api/crew-runs", "/v1/threads/{}/runs", "/runs"


@pytest.fixture(scope="module")
def mock() -> Any:
    return create_app()


def get(app: Any, target: str, **headers: str) -> RawResponse:
    raw = [(name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return send_raw(app, RawRequest("GET", target, raw))


def get_thread_path(mock: Any) -> str:
    (threads,) = mock.sessions.default.get_world("seekrflow").scope_values().values()
    return THREAD.format(threads[0])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization_psk": "anything"}, 200),
        ({"authorization_psk": ""}, 401),
        ({"authorization": "Bearer token"}, 200),
        ({"authorization": "bearer token"}, 200),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "token"}, 401),
        ({"authorization": "Basic dTpw"}, 401),
        ({"authorization": "nonsense", "authorization_psk": "anything"}, 200),
    ],
)
def test_either_of_two_schemes(mock: Any, headers: dict[str, str], status: int) -> None:
    """One alternative is enough, and a bearer token is announced as such."""
    response = get(mock, CREWS, **headers)
    assert response.status == status
    if status == 401:
        assert response.json == {"detail": "Not authenticated"}
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_raw_key_needs_no_prefix(mock: Any) -> None:
    """An API key in the Authorization header is whatever the header holds."""
    for value in ("raw-key", "Bearer raw-key"):
        assert get(mock, get_thread_path(mock), authorization=value).status == 200
    response = get(mock, get_thread_path(mock))
    assert (response.status, response.headers["www-authenticate"]) == (401, "APIKey")


def test_an_error_response_speaks_the_dialect(mock: Any) -> None:
    """Where error responses are one sentence, that of a credential is one too."""
    response = get(mock, RUNS)
    assert response.json == {"statusCode": 401, "error": "Unauthorized", "message": "Not authenticated"}


def test_no_auth_switches_it_off() -> None:
    """With ``auth`` off no credential is needed."""
    mock = create_app(settings=Settings(auth=False))
    assert [get(mock, target).status for target in (CREWS, RUNS, get_thread_path(mock))] == [200, 200, 200]


@pytest.fixture(scope="module")
def strict_mock() -> Any:
    return create_app(
        settings=Settings(
            credentials=(
                Credential("OAuth2AuthorizationCodeBearer", "Bearer amaras", "amara.okafor"),
                Credential("OAuth2AuthorizationCodeBearer", "boss", "nobody", admin=True),
                Credential("cc-key", "sk_\u00fc"),
            )
        )
    )


def test_a_wrong_credential_is_rejected(strict_mock: Any) -> None:
    """A mock that was given credentials takes no other, by any scheme of the same API."""
    assert get(strict_mock, CREWS, authorization="Bearer amaras").status == 200
    for headers in ({"authorization": "Bearer other"}, {"authorization_psk": "amaras"}, {"authorization": "amaras"}):
        assert get(strict_mock, CREWS, **headers).status == 401
    response = get(strict_mock, CREWS, authorization="Bearer other")
    assert (response.json, response.headers["www-authenticate"]) == (
        {"detail": "Could not validate credentials"},
        "Bearer",
    )


def test_other_apis_are_not_concerned(strict_mock: Any) -> None:
    """An API that no credential was given for still takes any."""
    assert get(strict_mock, get_thread_path(strict_mock), authorization="anything").status == 200


def test_a_credential_is_compared_as_utf8(strict_mock: Any) -> None:
    """What a client sends as UTF-8 is what the operator wrote."""
    assert send_raw(strict_mock, RawRequest("GET", RUNS, [(b"cc-key", "sk_\u00fc".encode())])).status == 200
    assert send_raw(strict_mock, RawRequest("GET", RUNS, [(b"cc-key", b"sk_\xfc")])).status == 401


def test_callers_see_what_is_theirs(strict_mock: Any) -> None:
    """Regular callers see their own rows, an admin sees those of all."""
    own = get(strict_mock, CREWS, authorization="Bearer amaras").json
    every = get(strict_mock, CREWS, authorization="Bearer boss").json
    assert {row["owner_id"] for row in own} == {"amara.okafor"}
    assert len({row["owner_id"] for row in every}) > 1
    assert [row for row in every if row["owner_id"] == "amara.okafor"] == own
    foreign = next(row["id"] for row in every if row["owner_id"] != "amara.okafor")
    assert get(strict_mock, f"{CREWS}/{foreign}", authorization="Bearer amaras").status == 404
    assert get(strict_mock, f"{CREWS}/{foreign}", authorization="Bearer boss").status == 200


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        (Credential("nope", "x"), "no API has the security scheme 'nope'"),
        (Credential("cc-key", ""), "the credential of the scheme 'cc-key' is empty"),
    ],
)
def test_a_credential_that_cannot_be_meant(credential: Credential, message: str) -> None:
    """An unknown scheme or an empty value is the operator's mistake, reported at start-up."""
    with pytest.raises(UsageError, match=message):
        create_app(settings=Settings(credentials=(credential,)))


DIGEST = 'Digest username="u", realm="r", nonce="n", uri="/digest", response="00"'


def describe_security(*alternatives: dict[str, list[str]]) -> dict[str, Any]:
    return {"get": {"security": list(alternatives), "responses": {"204": {"description": ""}}}}


SECURED = {
    "openapi": "3.1.0",
    "info": {"title": "Secured", "version": "1"},
    "paths": {
        "/both": {"get": {"security": [{"query": [], "cookie": []}], "responses": {"204": {"description": ""}}}},
        "/basic": {"get": {"security": [{"basic": []}], "responses": {"204": {"description": ""}}}},
        "/open": {"get": {"security": [{"basic": []}, {}], "responses": {"204": {"description": ""}}}},
        "/digest": describe_security({"digest": []}),
        "/token": describe_security({"bearer": []}, {"basic": []}),
        "/certificate": describe_security({"certificate": []}),
        "/certificate-and-key": describe_security({"certificate": [], "query": []}),
        "/connect": describe_security({"connect": []}),
        "/unknown": describe_security({"nowhere": []}),
        "/unknown-or-basic": describe_security({"nowhere": []}, {"basic": []}),
        "/unknown-and-basic": describe_security({"nowhere": [], "basic": []}),
        "/none": {"get": {"security": [], "responses": {"204": {"description": ""}}}},
    },
    "security": [{"basic": []}],
    "components": {
        "securitySchemes": {
            "query": {"type": "apiKey", "in": "query", "name": "key"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
            "basic": {"type": "http", "scheme": "basic"},
            "digest": {"type": "http", "scheme": "Digest"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "certificate": {"type": "mutualTLS"},
            "connect": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example/.well-known"},
        }
    },
}


@pytest.fixture
def secured_file(tmp_path: Path) -> Path:
    path = tmp_path / "secured.json"
    path.write_text(json.dumps(SECURED))
    return path


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/both?key=a", {"cookie": "session=b"}, 204),
        ("/both?key=a", {}, 401),
        ("/both", {"cookie": "session=b"}, 401),
        ("/both?key=a", {"cookie": "other=b; session="}, 401),
        ("/basic", {"authorization": "Basic dTpw"}, 204),
        ("/basic", {"authorization": "dTpw"}, 401),
        ("/basic", {"authorization": "Basic dXA="}, 401),
        ("/basic", {"authorization": "Basic u:p"}, 401),
        ("/digest", {"authorization": DIGEST}, 204),
        ("/digest", {"authorization": DIGEST.replace('nonce="n", ', "")}, 401),
        ("/digest", {"authorization": "Digest x"}, 401),
        ("/token", {}, 401),
        ("/token", {"authorization": "Bearer t"}, 204),
        ("/token", {"authorization": "Basic dTpw"}, 204),
        ("/certificate", {}, 204),
        ("/certificate-and-key", {}, 401),
        ("/certificate-and-key?key=a", {}, 204),
        ("/connect", {}, 204),
        ("/unknown", {}, 204),
        ("/unknown-or-basic", {}, 401),
        ("/unknown-and-basic", {"authorization": "Basic dTpw"}, 204),
        ("/unknown-and-basic", {}, 401),
        ("/open", {}, 204),
        ("/none", {}, 204),
    ],
)
def test_schemes_of_every_place(secured_file: Path, target: str, headers: dict[str, str], status: int) -> None:
    """Query, cookie and HTTP schemes; several that are needed together; none that is needed, known or a header."""
    assert get(create_app([secured_file]), target, **headers).status == status


@pytest.mark.parametrize(
    ("target", "challenge"),
    [
        ("/basic", 'Basic realm="Secured"'),
        ("/digest", r'Digest realm="Secured", nonce="[0-9a-f]{64}", qop="auth", algorithm=SHA-256'),
        ("/token", 'Bearer, Basic realm="Secured"'),
        ("/both", "APIKey"),
    ],
)
def test_challenges(secured_file: Path, target: str, challenge: str) -> None:
    """Each scheme of HTTP is announced with what its RFC demands."""
    response = get(create_app([secured_file]), target)
    assert (response.status, response.headers["content-type"]) == (401, "application/problem+json")
    assert re.fullmatch(challenge, response.headers["www-authenticate"])


def test_known_credentials_of_other_schemes(secured_file: Path) -> None:
    """A user and a password may be given as they are, and a token of OpenID Connect is asked for once one is given."""
    credentials = (Credential("basic", "ada:secret"), Credential("connect", "token"))
    mock = create_app([secured_file], Settings(credentials=credentials))
    assert get(mock, "/basic", authorization="Basic YWRhOnNlY3JldA==").status == 204
    assert get(mock, "/basic", authorization="Basic dTpw").status == 401
    assert [get(mock, "/connect", authorization=f"Bearer {token}").status for token in ("token", "t")] == [204, 401]
