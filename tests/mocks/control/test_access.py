"""Who may use the control plane, and who may not."""

from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

RESET = "/__mock__/reset"
TOKEN = "t0ken"  # noqa: S105 - made up


@pytest.fixture(scope="module")
def mock() -> Any:
    return create_app("nx1", Settings(auth=False))


@pytest.fixture(scope="module")
def guarded_mock() -> Any:
    return create_app("nx1", Settings(auth=False, control_token=TOKEN))


def call(app: Any, method: str, path: str, **headers: str) -> RawResponse:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return send_raw(app, RawRequest(method, path, pairs))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost:8000"},
        {"host": "mock.localhost:8000"},
        {"host": "mock:8000"},
        {"host": "192.168.1.7:8000"},
        {"host": "[::1]:8000"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1:3000"},
        {"host": "192.168.1.7:8000", "origin": "http://192.168.1.7:8000"},
    ],
)
def test_programs_and_pages_of_this_machine_may(mock: Any, headers: dict[str, str]) -> None:
    """Under an address, a local name or a name without a dot, from no page or from one of a loopback origin."""
    assert call(mock, "POST", RESET, **headers).status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", RESET), ("GET", "/__mock__/requests"), ("GET", "/__mock__/no")])
def test_pages_of_the_web_may_not(mock: Any, method: str, path: str, headers: dict[str, str]) -> None:
    """A foreign origin or name gets 403 and no CORS header, whatever it asks for."""
    response = call(mock, method, path, **headers)
    assert response.status == 403
    assert "control API" in response.json["detail"]
    assert not any(name.startswith("access-control") for name in response.headers)


def test_a_preflight_of_the_web_is_refused(mock: Any) -> None:
    """A browser does not send a DELETE after that; one of a page on this machine goes on."""
    asked = {"access_control_request_method": "DELETE"}
    assert call(mock, "OPTIONS", "/__mock__/faults", origin="http://evil.example", **asked).status == 403
    assert call(mock, "OPTIONS", "/__mock__/faults", origin="http://localhost:3000", **asked).status == 204


def test_the_apis_are_open_to_every_page(mock: Any) -> None:
    """Only the control plane looks at where a request comes from."""
    response = call(mock, "GET", "/api/crew-runs", host="evil.example", origin="http://evil.example")
    assert (response.status, response.headers["access-control-allow-origin"]) == (200, "http://evil.example")


def test_the_token_decides_where_there_is_one(guarded_mock: Any) -> None:
    """With the token any name and origin will do, without it none."""
    assert call(guarded_mock, "POST", RESET).status == 403
    assert call(guarded_mock, "POST", RESET, x_mock_token="wrong").status == 403  # noqa: S106 - made up
    assert call(guarded_mock, "POST", RESET, x_mock_token=TOKEN).status == 204
    assert call(guarded_mock, "POST", RESET, x_mock_token=TOKEN, host="mock.example").status == 204
    asked = {"origin": "http://app.example", "access_control_request_method": "POST"}
    assert call(guarded_mock, "OPTIONS", RESET, **asked).status == 204


def test_credentials_show_only_with_the_token(mock: Any, guarded_mock: Any) -> None:
    """The journal masks what other clients sent, unless a token says who may read it."""
    for app, shown in ((mock, "***"), (guarded_mock, "k3y")):
        call(app, "GET", "/api/crew-runs", authorization_psk="k3y")
        requests = call(app, "GET", "/__mock__/requests", x_mock_token=TOKEN).json["requests"]
        assert requests[-1]["headers"]["authorization-psk"] == shown
