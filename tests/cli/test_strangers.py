"""Services of other people, with nothing but their documents: how they are found, and what is said of them."""

import itertools
import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Mount, Route

from specduet.contracts.session.session import ContractSession
from specduet.contracts.session.settings import resolve_settings
from specduet.specs import SpecduetError, SpecError, UsageError

Serve = Callable[[Any], str]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)


def run(*names: str, **given: Any) -> tuple[ContractSession, str]:
    """Return a finished run, a short one, and what it prints."""
    shown = StringIO()
    session = ContractSession(resolve_settings(names, {"max_requests": 150, **given}), shown)
    session.run_suite()
    session.finish_run(session.served_items())
    return session, shown.getvalue()


def judge(*names: str, **given: Any) -> tuple[int, str]:
    """Return the exit code of a short run, and what it prints."""
    session, text = run(*names, **given)
    assert session.report is not None
    return session.report.exit_code, text


def build_shop(**settings: Any) -> FastAPI:
    """A correct service with two operations."""
    app = FastAPI(title="Shop", **settings)

    @app.get("/articles")
    def list_articles() -> list[str]:
        return ["pen", "ink"]

    @app.get("/health")
    def show_health() -> dict[str, bool]:
        return {"ok": True}

    return app


def test_a_service_tells_its_document(serve: Serve) -> None:
    """Without a document, the one that the service offers is used, and the plan says which."""
    url = serve(build_shop())
    code, text = judge(url=url)
    assert code == 0, text
    assert f"document  {url}/openapi.json\n          lines are those of its indented copy /" in text
    assert "\nshop      GET 2 operations\n" in text
    assert "no findings; " in text


def test_the_document_may_be_below_a_prefix(serve: Serve) -> None:
    """A document at an unusual place below the address is found, and its operations below the same prefix."""
    url = serve(Starlette(routes=[Mount("/api", build_shop(root_path_in_servers=False))]))
    code, text = judge(url=url)
    assert code == 0, text
    assert f"document  {url}/api/openapi.json" in text
    assert f"note: The operations are below {url}/api: below {url} they are not found." in " ".join(text.split())


def test_a_page_may_name_the_document(serve: Serve) -> None:
    """An address that nobody could guess is found on the page that shows the document."""
    url = serve(build_shop(openapi_url="/internal/openapi-of-the-shop"))
    code, text = judge(url=url)
    assert code == 0, text
    assert f"document  {url}/internal/openapi-of-the-shop\n" in text


def test_the_url_of_a_document_is_enough(serve: Serve) -> None:
    """The service is at the host of its document; a redirect there is followed, and lines of the document are known."""
    shop = build_shop(openapi_url="/v3/api-docs")
    shop.router.routes.insert(0, Route("/documents/latest", lambda _: RedirectResponse("/v3/api-docs")))
    url = serve(shop)
    code, text = judge(f"{url}/documents/latest")
    assert code == 0, text
    assert text.startswith(f"target    {url}\ndocument  {url}/documents/latest\n")


def test_a_finding_names_the_url_of_its_document(serve: Serve) -> None:
    """The place of a finding is a line of what the service offers, not of a file in a cache folder."""
    shop = build_shop()

    @shop.get("/broken")
    def break_down() -> None:
        raise HTTPException(500)

    url = serve(shop)
    _, text = judge(url=url)
    findings = text.partition("error SD701")[2]
    assert re.search(rf"document +{re.escape(url)}/openapi\.json:\d+\s+/paths/~1broken/get", findings)
    assert "/specduet/documents/" not in findings


def test_a_document_about_another_host_needs_an_address(serve: Serve) -> None:
    """What is to be tested is never guessed: a document may be kept on one host and be about another."""
    url = serve(build_shop(servers=[{"url": "https://shop.example.com/v1"}]))
    with pytest.raises(UsageError, match=r"says that its service is at https://shop.example.com/v1") as caught:
        judge(f"{url}/openapi.json")
    assert caught.value.remedy == f"Give --url https://shop.example.com, or --url {url}."
    assert judge(f"{url}/openapi.json", url=url)[0] == 0


def test_the_mock_of_a_document_needs_no_address(tmp_path: Path) -> None:
    """Whatever host a document is about, its mock is tested where it was started."""
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(build_shop(servers=[{"url": "https://shop.example.com"}]).openapi()))
    code, text = judge(str(path), mock=True)
    assert code == 0, text


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/none.json", "/none.json: cannot be fetched: the response is a 404"),
        ("/page.json", "/page.json: is no OpenAPI"),
        ("/other.json", "/other.json: is no OpenAPI"),
    ],
)
def test_what_is_no_document_is_refused(serve: Serve, path: str, sentence: str) -> None:
    """A page, other JSON and nothing at all end the run with a sentence that names the URL."""
    url = serve(
        Starlette(
            routes=[
                Route("/page.json", lambda _: PlainTextResponse("<html>openapi: 3.1.0</html>")),
                Route("/other.json", lambda _: JSONResponse({"info": {"openapi": "3.1.0"}})),
            ]
        )
    )
    with pytest.raises(SpecError) as caught:
        judge(f"{url}{path}", url=url)
    assert str(caught.value).startswith(url + sentence)
    assert caught.value.exit_code == 2


def test_a_service_without_a_document_is_told_so(serve: Serve) -> None:
    """The run ends with 2, and with what was tried."""
    with pytest.raises(SpecduetError, match="serves none of the APIs") as caught:
        judge(url=serve(Starlette()))
    assert caught.value.exit_code == 2
    assert "It offers no document at a usual address such as /openapi.json" in caught.value.remedy


def build_members(*, is_open: bool, is_declared: bool = True) -> FastAPI:
    """A service that asks for a token, or would have to."""
    app = FastAPI(title="Members")
    bearer = HTTPBearer(auto_error=False)

    def require_token(request: Request, _: Annotated[Any, Security(bearer)]) -> None:
        check(request)

    def check(request: Request) -> None:
        if not is_open and request.headers.get("authorization") != "Bearer right":
            raise HTTPException(401)

    for name in ("members", "guests", "rooms"):
        app.get(f"/{name}", dependencies=[Depends(require_token if is_declared else check)])(lambda: ["a", "b"])
    return app


def test_a_forgotten_security_needs_no_more_than_a_header(serve: Serve) -> None:
    """The document names no security, and the operator's header goes along nevertheless."""
    url = serve(build_members(is_open=False, is_declared=False))
    code, text = judge(url=url, headers=["Authorization: Bearer right"])
    assert (code, "no findings" in text) == (0, True), text


@pytest.mark.parametrize("given", [{}, {"headers": ["Authorization: Bearer right"]}])
def test_a_service_without_authentication_is_told_once(serve: Serve, given: dict[str, Any]) -> None:
    """One finding names every operation that answers without a credential, whether one is given or not."""
    session, text = run(url=serve(build_members(is_open=True)), max_requests=300, **given)
    assert session.report is not None
    (finding,) = session.report.findings
    assert (finding.code, session.report.exit_code) == ("SD401", 1), text
    assert finding.operations == ("GET /guests", "GET /members", "GET /rooms")


def test_a_service_that_is_meant_to_be_open_has_no_finding(serve: Serve) -> None:
    """With ``--no-auth`` no credential is sent, and none is missed."""
    url = serve(build_members(is_open=True))
    code, text = judge(url=url, no_auth=True)
    assert (code, "no findings" in text) == (0, True), text


@pytest.mark.parametrize(("max_requests", "probes"), [(300, 7), (60, 4)])
def test_credentials_are_probed_briefly(serve: Serve, max_requests: int, probes: int) -> None:
    """One missing and one wrong credential an operation, and few in a small run."""
    given = {"headers": ["Authorization: Bearer right"], "max_requests": max_requests}
    session, text = run(url=serve(build_members(is_open=False)), **given)
    assert session.outcome is not None
    assert session.outcome.findings == (), text
    sent = [e for e in session.outcome.recording.exchanges if e.request.method != "TRACE"]  # asks for no credential
    assert len([e for e in sent if e.credentials in {"none", "wrong"}]) == probes


@pytest.mark.parametrize("given", [{"auth": ["HTTPBearer=x"]}, {"auth_command": "x"}, {"oauth": ["client_id=x"]}])
def test_no_credential_is_given_and_not_sent(given: dict[str, Any]) -> None:
    """``--no-auth`` beside a credential is refused."""
    with pytest.raises(UsageError, match="exclude each other"):
        judge(url="http://127.0.0.1:1", no_auth=True, **given)


def build_stubborn() -> FastAPI:
    """A service in which only one operation answers 2xx."""
    app = build_shop()

    class Order(BaseModel):
        supplier: str

    @app.post("/orders")
    def place_order(_order: Order) -> None:
        raise HTTPException(422, [{"loc": ["body", "supplier"], "msg": "unknown supplier", "type": "value"}])

    @app.get("/invoices/{invoice_id}")
    def show_invoice(invoice_id: str) -> None:
        raise HTTPException(404, "no such invoice" if invoice_id else "")

    @app.get("/ledger")
    def show_ledger() -> None:
        raise HTTPException(403, "only for accountants")

    return app


def test_what_never_succeeds_is_a_table(serve: Serve) -> None:
    """Each operation without a 2xx has its reason, from the body of the refusal, and what to give."""
    _, text = run(url=serve(build_stubborn()), max_requests=400)
    table = text.partition("never answered 2xx, 3 of 5 operations:\n")[2]
    lines = itertools.takewhile(lambda line: line.startswith("  "), table.splitlines())
    assert list(lines) == [
        "  422: body/supplier: unknown supplier; give an example of a body that the service takes, in the",
        "  document",
        "      POST /orders",
        "  404: no such invoice; give --param invoice_id=…, or rows to begin with",
        "      GET /invoices/{invoice_id}",
        "  403: only for accountants; give a credential that may do this: -H or --auth",
        "      GET /ledger",
    ]


def build_closed(status: int) -> FastAPI:
    """A service that refuses everything, in words that no document has."""
    app = build_shop()

    @app.middleware("http")
    async def refuse(request: Request, proceed: Callable[..., Any]) -> Any:
        if request.url.path == "/openapi.json":
            return await proceed(request)
        return PlainTextResponse("no", status)

    return app


@pytest.mark.parametrize("status", [400, 401, 403, 405, 422, 503])
def test_a_service_that_refuses_everything_proves_nothing(serve: Serve, status: int) -> None:
    """Exit 2 with the reason, and no finding."""
    code, text = judge(url=serve(build_closed(status)), headers=["Authorization: Bearer old"])
    assert code == 2, text
    assert "note: No response was 2xx, so the run proves nothing." in text
    assert "no findings; " in text


def test_a_service_that_breaks_on_everything_is_told_so(serve: Serve) -> None:
    """A 500 is a fault, whatever else is unknown."""
    code, text = judge(url=serve(build_closed(500)))
    assert code == 1, text
    assert "error SD701 no-server-error" in text
