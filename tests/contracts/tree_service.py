"""A small FastAPI service of trees and twigs, of which each test breaks one thing, and what the clauses find in it."""

# ruff: noqa: ANN001, ANN202, ARG001 - the signatures are the service, are annotated later, and little is done with them

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, OAuth2AuthorizationCodeBearer
from pydantic import BaseModel, Field

from specduet.contracts.clauses import Subject, all_clauses
from specduet.contracts.findings import Finding, deduplicate
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.options import RunOptions
from specduet.contracts.probes.credentials import probe_credentials
from specduet.contracts.probes.refusals import probe_refusals
from specduet.contracts.recording import Recording
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.specs import Api, load

KEY, TOKEN = "key-4e1d77a0", "token-91c4be22"
KNOWN = UUID("5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10")
ROW = {"id": str(KNOWN), "name": "oak"}


class Order(StrEnum):
    asc = "asc"
    desc = "desc"


class Twig(BaseModel):
    length: int = Field(ge=1, le=9)
    note: str | None = None


class Tree(BaseModel):
    order: Order
    height: float = Field(default=1.0, gt=0)
    twigs: list[Twig] = []
    free: dict[str, Any] = {}


Guard = Callable[[Request], None]
LIMIT = Annotated[int, Query(ge=1, le=10)]
TEAM = Annotated[str | None, Header(alias="x-team")]


def guard(request: Request) -> None:
    """Either scheme lets the caller in."""
    bearer = request.headers.get("authorization", "").lower() == f"bearer {TOKEN}"
    if not (request.headers.get("x-key") == KEY or bearer):
        raise HTTPException(401, "Not authenticated")


def service(
    *,
    by: Guard = guard,
    late: Guard = lambda _: None,
    limit: Any = LIMIT,
    order: Any = Order,
    since: Any = datetime | None,
    since_default: Any = None,
    key: Any = UUID,
    tree: Any = Tree,
    team: Any = TEAM,
    refuse: Callable[[dict[str, Any]], JSONResponse] | None = None,
) -> FastAPI:
    """The service; every argument is one thing that a broken version does in another way."""
    schemes = [Depends(APIKeyHeader(name="x-key", auto_error=False))]
    schemes.append(Depends(OAuth2AuthorizationCodeBearer("/a", "/t", auto_error=False)))
    app = FastAPI(dependencies=[Depends(by), *schemes])

    def trees(request, limit=5, order=Order.desc, since=since_default, team=None):  # type: ignore[no-untyped-def]
        late(request)
        return [ROW]

    trees.__annotations__ = {"request": Request, "limit": limit, "order": order, "since": since, "team": team}
    app.get("/trees")(trees)

    def tree_of(request, key):  # type: ignore[no-untyped-def]
        late(request)
        if str(key) != str(KNOWN):
            raise HTTPException(404, "no such tree")
        return ROW

    tree_of.__annotations__ = {"request": Request, "key": key}
    app.get("/trees/{key}")(tree_of)

    def plant(request, tree):  # type: ignore[no-untyped-def]
        late(request)
        return {"id": str(KNOWN)}

    plant.__annotations__ = {"request": Request, "tree": tree}
    app.post("/trees")(plant)

    if refuse is not None:

        @app.exception_handler(RequestValidationError)
        def refused(_request: Request, error: RequestValidationError) -> JSONResponse:
            return refuse({"detail": json.loads(json.dumps(error.errors(), default=str))})

    return app


def load_api(folder: Path) -> Api:
    """Write the service's own document with an overlay's statements into a folder, and load it."""
    document = service().openapi()
    document["x-specduet"] = {
        "refusals": {"dialect": "fastapi", "status": 422, "basis": "documented", "because": "Validation Error"},
        "unauthorized": {"status": 401, "basis": "inferred", "because": "a key is asked for"},
    }
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = [{"APIKeyHeader": []}, {"OAuth2AuthorizationCodeBearer": []}]
    path = folder / "trees.json"
    path.write_text(json.dumps(document))
    return load(path)


def find(api: Api, url: str, *, credentials: bool = True) -> list[Finding]:
    """Return the findings of the families refusal and credentials, after their probes have been sent to a service."""
    given = [f"APIKeyHeader={KEY}", f"OAuth2AuthorizationCodeBearer={TOKEN}"] if credentials else []
    target = Target.parse(url, credentials=given, params=[f"key={KNOWN}"])
    recording, knowledge = Recording(), KnownValues(api, target.params)
    sender = Sender(target, api, recording, on_exchange=knowledge.observe_exchange)
    for probe in (probe_credentials, probe_refusals):
        for operation in api.operations:
            probe(sender, operation, knowledge)
    return judge(api, recording, "refusal", "credentials")


def judge(api: Api, recording: Recording, *families: str) -> list[Finding]:
    """Return what the clauses of some families find."""
    return deduplicate(
        finding
        for operation in api.operations
        for clause in all_clauses()
        if clause.family in families
        for finding in clause.check(Subject(api, operation, recording, RunOptions(), clause))
    )


def finding_codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}
