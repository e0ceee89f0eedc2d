"""Credentials: alternatives, schemes, known callers, and the error responses."""

import json
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


SECURED = {
    "openapi": "3.1.0",
    "info": {"title": "Secured", "version": "1"},
    "paths": {
        "/both": {"get": {"security": [{"query": [], "cookie": []}], "responses": {"204": {"description": ""}}}},
        "/basic": {"get": {"security": [{"basic": []}], "responses": {"204": {"description": ""}}}},
        "/open": {"get": {"security": [{"basic": []}, {}], "responses": {"204": {"description": ""}}}},
        "/none": {"get": {"security": [], "responses": {"204": {"description": ""}}}},
    },
    "security": [{"basic": []}],
    "components": {
        "securitySchemes": {
            "query": {"type": "apiKey", "in": "query", "name": "key"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
            "basic": {"type": "http", "scheme": "basic"},
        }
    },
}


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/both?key=a", {"cookie": "session=b"}, 204),
        ("/both?key=a", {}, 401),
        ("/both", {"cookie": "session=b"}, 401),
        ("/both?key=a", {"cookie": "other=b; session="}, 401),
        ("/basic", {"authorization": "Basic dTpw"}, 204),
        ("/basic", {"authorization": "dTpw"}, 401),
        ("/open", {}, 204),
        ("/none", {}, 204),
    ],
)
def test_schemes_of_every_place(tmp_path: Path, target: str, headers: dict[str, str], status: int) -> None:
    """Query, cookie and HTTP schemes; several that are needed together; none that is needed."""
    path = tmp_path / "secured.json"
    path.write_text(json.dumps(SECURED))
    response = get(create_app([path]), target, **headers)
    assert response.status == status
    if status == 401 and target.startswith("/basic"):
        assert response.headers["www-authenticate"] == "Basic"
        assert response.headers["content-type"] == "application/problem+json"
