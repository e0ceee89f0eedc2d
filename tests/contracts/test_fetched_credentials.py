"""Credentials that are fetched: by a command, a login, a token request; once more where they are rejected."""

import base64
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from specduet.contracts.options import RunOptions
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.credential_keeper import CredentialKeeper
from specduet.contracts.sending.credential_sources import CommandSource, LoginSource, TokenRequestSource
from specduet.contracts.sending.target import Target
from specduet.contracts.session.fetched_credentials import build_keeper
from specduet.contracts.session.settings import resolve_settings
from specduet.specs import Api, UsageError, load

Serve = Callable[[Any], str]
PASSWORD = "opensesame"  # noqa: S105 - made up
DOCUMENT = """\
openapi: 3.1.0
info: {title: Vault, version: '1'}
security: [{login: []}]
paths:
  /items: {get: {responses: {'200': {description: ok}, '401': {description: no}}}}
  /info: {get: {security: [], responses: {'200': {description: ok}, '401': {description: no}}}}
components:
  securitySchemes:
    login:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: token, scopes: {}}, password: {tokenUrl: /token, scopes: {}}}
"""


class Vault:
    """A service whose tokens end after some requests; it takes them everywhere, also where the document names none."""

    def __init__(self, lifetime: int = 10_000, *, takes_header: bool = True) -> None:
        self.lifetime, self.takes_header = lifetime, takes_header
        self.issued = 0
        self.left: dict[str, int] = {}
        self.app = Starlette(
            routes=[
                Route("/token", self.give_token, methods=["POST"]),
                Route("/login", self.log_in, methods=["POST"]),
                *(Route(path, self.show) for path in ("/items", "/info")),
            ]
        )

    def issue(self) -> str:
        self.issued += 1
        token = f"token-{self.issued}-of-the-vault"
        self.left[token] = self.lifetime
        return token

    async def give_token(self, request: Request) -> Response:
        form = dict(pair.split("=") for pair in (await request.body()).decode().split("&"))
        basic = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
        in_header = self.takes_header and request.headers.get("authorization") == f"Basic {basic}"
        in_body = not self.takes_header and form.get("client_secret") == PASSWORD
        is_user = form["grant_type"] == "password" and form["password"] == PASSWORD
        is_right = is_user or in_header or in_body
        if not is_right:
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": self.issue(), "token_type": "bearer"})

    async def log_in(self, request: Request) -> Response:
        body = await request.json()
        if body["password"] != PASSWORD:
            return JSONResponse({}, 403)
        response = JSONResponse({"ok": True})
        response.set_cookie("session", self.issue())
        response.set_cookie("theme", "dark")
        return response

    async def show(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.cookies.get("session", "")
        if self.left.get(token, 0) <= 0:
            return JSONResponse({}, 401)
        self.left[token] -= 1
        return JSONResponse([])


@pytest.fixture
def vault_api(tmp_path: Path) -> Api:
    path = tmp_path / "vault.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return load(path)


def judge(api: Api, url: str, **given: Any) -> RunResult:
    target = Target.parse(url)
    keeper = build_keeper(resolve_settings((), {"url": url, **given}), (api,), target)
    assert keeper is not None
    keeper.start()
    return run_contract((api,), Target(url, keeper=keeper), RunOptions(generate=False))


SOURCES: dict[str, dict[str, Any]] = {
    "client credentials": {"oauth": ["client_id=me", f"client_secret={PASSWORD}"]},
    "password grant": {"oauth": ["username=me", f"password={PASSWORD}", "client_id=app"]},
    "login": {"login": f'POST /login {{"user": "me", "password": "{PASSWORD}"}}'},
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_fetched_is_sent_with_every_request(serve: Serve, vault_api: Api, name: str) -> None:
    """Also where the document names no security; a credential that ends is fetched once more, and masked."""
    vault = Vault(lifetime=40)
    result = judge(vault_api, serve(vault.app), **SOURCES[name])
    assert result.findings == ()
    assert all(entry.has_succeeded for entry in result.coverage.operations)
    assert vault.issued > 1
    ends = [e for e in result.recording.exchanges if e.credentials == "given" and e.status == 401]
    assert ends == []
    for secret in (PASSWORD, "token-1-of-the-vault", f"token-{vault.issued}-of-the-vault"):
        assert secret not in result.secrets.mask(f"it was {secret}.")
    assert "the user is me" in result.secrets.mask("the user is me")


def test_a_secret_in_the_body_is_the_second_try(serve: Serve) -> None:
    """A token endpoint that does not know the header gets the client's secret in the body."""
    source = TokenRequestSource(f"{serve(Vault(takes_header=False).app)}/token", "me", PASSWORD)
    assert source.fetch().headers == (("Authorization", "Bearer token-1-of-the-vault"),)


def test_a_credential_that_was_never_accepted_is_fetched_once(serve: Serve, vault_api: Api) -> None:
    """A service that rejects every token is not asked for one after the other."""
    vault = Vault(lifetime=0)
    result = judge(vault_api, serve(vault.app), **SOURCES["client credentials"])
    assert vault.issued == 1
    assert result.exit_code() == 2
    assert "The credential that was given is rejected" in result.inconclusive_reason


def test_a_source_that_fails_later_is_told(serve: Serve, vault_api: Api, tmp_path: Path) -> None:
    """The run goes on without a new credential, and says why."""
    vault = Vault(lifetime=3)
    url = serve(vault.app)
    token = tmp_path / "token"
    token.write_text(vault.issue(), encoding="utf-8")
    script = f"import pathlib; file = pathlib.Path({str(token)!r}); print(file.read_text()); file.unlink()"
    result = judge(vault_api, url, auth_command=f'"{sys.executable}" -c "{script}"')
    assert [note for note in result.notes if "no new one could be fetched: --auth-command ends with 1" in note]


@pytest.mark.parametrize(
    ("printed", "headers"),
    [
        ("a line\\nabc", (("Authorization", "Bearer abc"),)),
        ("bearer abc", (("Authorization", "bearer abc"),)),
        ("X-Key: abc", (("X-Key", "abc"),)),
    ],
)
def test_a_command_prints_a_token_or_a_header(printed: str, headers: Any) -> None:
    """The last line counts; a bare token is a bearer token."""
    source = CommandSource(f'"{sys.executable}" -c "print(\'{printed}\')"')
    assert source.fetch().headers == headers


@pytest.mark.parametrize(
    ("command", "sentence"),
    [("exit 3", "--auth-command ends with 3"), ("echo", "--auth-command prints no token")],
)
def test_a_command_that_gives_nothing_is_refused(command: str, sentence: str) -> None:
    """The sentence names the outcome, and not the arguments, which may be secrets."""
    with pytest.raises(UsageError) as caught:
        CommandSource(f"{command}").fetch()
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"login": "log me in"}, "--login takes 'POST /path BODY'"),
        ({"oauth": ["id=me"]}, "--oauth takes no 'id'"),
        ({"oauth": ["scope=x"]}, "--oauth needs client_id and client_secret"),
        ({"oauth": ["client_id=x", "scheme=logn"]}, "no OAuth 2 scheme is called 'logn'"),
        ({"login": "/a", "auth_command": "b"}, "--auth-command and --login exclude each other"),
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(vault_api: Api, given: dict[str, Any], sentence: str) -> None:
    """Each mistake has a sentence."""
    settings = resolve_settings((), {"url": "http://127.0.0.1:1", **given})
    with pytest.raises(UsageError, match=sentence):
        build_keeper(settings, (vault_api,), Target("http://127.0.0.1:1"))


def test_a_refused_login_ends_the_run(serve: Serve) -> None:
    """The status is named, and the password is not."""
    url = serve(Vault().app)
    for body, sentence in (('{"password": "wrong-one"}', "is refused with 403"), ("", "is refused with 5")):
        with pytest.raises(UsageError, match=sentence) as caught:
            CredentialKeeper(LoginSource("POST", f"{url}/login", body)).start()
        assert "wrong-one" not in str(caught.value)
