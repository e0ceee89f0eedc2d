"""FastAPI application written from the vendors' pages, as the vendors may have written theirs.

Its responses to invalid requests are those that the mock has to give, to the letter. Its responses to valid requests
are nothing but the values of their parameters, so that a test can see how FastAPI read them.
"""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from fastapi.security import APIKeyHeader, OAuth2AuthorizationCodeBearer
from pydantic import BaseModel, Field

_psk = APIKeyHeader(name="Authorization-PSK", scheme_name="APIKeyHeader", auto_error=False)
_bearer = OAuth2AuthorizationCodeBearer(authorizationUrl="/authorize", tokenUrl="/token", auto_error=False)
_key = APIKeyHeader(name="Authorization", scheme_name="RawKey")


async def require_credential(
    token: Annotated[str | None, Depends(_bearer)], psk: Annotated[str | None, Depends(_psk)]
) -> str:
    """One of the two schemes, as the page of the crew runs lists them."""
    if not (token or psk):
        raise HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})
    return token or psk or ""


class CrewType(StrEnum):
    ask = "ask"
    classification = "classification"
    data_engineering = "data_engineering"
    data_suggestion = "data_suggestion"
    semantic_model = "semantic_model"


class CrewRunRequest(BaseModel):
    """Simple mode: run a preset crew type with a task input."""

    crew_type: CrewType
    task_input: dict[str, Any] = Field(default_factory=dict)


class AgentConfig(BaseModel):
    id: str | None = None
    role: str
    goal: str
    backstory: str
    verbose: bool = False
    allow_delegation: bool = False
    tools: list[str] = Field(default_factory=list)
    tool_categories: list[str] = Field(default_factory=list)
    use_default_mcps: bool = True


class TaskConfig(BaseModel):
    description: str
    agent_index: int = 0
    expected_output: str = ""
    tools: list[str] = Field(default_factory=list)


class CrewConfig(BaseModel):
    id: str | None = None
    agents: list[AgentConfig]
    tasks: list[TaskConfig]
    verbose: bool = False
    process: str = "sequential"


class CrewRunCustomRequest(BaseModel):
    crew_config: CrewConfig
    task_input: dict[str, Any] = Field(default_factory=dict)


class OrderEnum(StrEnum):
    asc = "asc"
    desc = "desc"


class ModelSettings(BaseModel):
    temperature: float = Field(default=1, ge=0, le=2)
    top_p: float = Field(default=1, ge=0, le=1)
    max_tokens: int | None = None


class RunRequest(BaseModel):
    agent_id: str = "default_agent"
    model_settings: ModelSettings | None = None
    response_format: str | dict[str, Any] = "auto"
    metadata: dict[str, str] | None = None


app = FastAPI(title="Reference", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/api/crew-runs", dependencies=[Depends(require_credential)])
async def list_runs(limit: int = 100) -> dict[str, Any]:
    return {"limit": str(limit)}


@app.get("/api/crew-runs/{run_id}", dependencies=[Depends(require_credential)])
async def get_run(run_id: UUID) -> dict[str, Any]:
    return {"run_id": str(run_id)}


@app.post("/api/crews/run", dependencies=[Depends(require_credential)])
async def run_preset_crew(
    request: CrewRunRequest, x_correlation_id: Annotated[str | None, Header()] = None
) -> dict[str, Any]:
    return {"crew_type": request.crew_type.value, "x-correlation-id": x_correlation_id}


@app.get("/v1/threads/{thread_id}/runs", dependencies=[Depends(_key)])
async def list_thread_runs(
    thread_id: str,
    limit: Annotated[int, Query(ge=0)] = 20,
    order: OrderEnum = OrderEnum.desc,
    offset: Annotated[int, Query(ge=0)] = 0,
    x_team_id: Annotated[str | None, Header()] = None,
) -> dict[str, Any]:
    return {
        "thread_id": thread_id,
        "limit": str(limit),
        "order": order.value,
        "offset": str(offset),
        "x-team-id": x_team_id,
    }


# Two operations that the same vendors document elsewhere: deeper bodies than those of the bundled documents.
@app.post("/api/crews/run/custom", dependencies=[Depends(require_credential)])
async def run_custom_crew(
    request: CrewRunCustomRequest, x_correlation_id: Annotated[str | None, Header()] = None
) -> dict[str, Any]:
    return {"agents": len(request.crew_config.agents), "x-correlation-id": x_correlation_id}


@app.post("/v1/threads/{thread_id}/runs", dependencies=[Depends(_key)])
async def run_agent(
    thread_id: str, request: RunRequest, x_team_id: Annotated[str | None, Header()] = None
) -> dict[str, Any]:
    return {"thread_id": thread_id, "agent_id": request.agent_id, "x-team-id": x_team_id}
