"""Feature flags under keys that the client chooses: PUT creates or replaces, a merge patch changes, a header counts."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Paging, Service


class FlagBody(BaseModel):
    description: str = ""
    enabled: bool = False
    rollout: int = Field(default=100, ge=0, le=100)
    owner: str | None = None


class FlagPatch(BaseModel):
    description: str = ""
    enabled: bool = False
    rollout: int = Field(default=100, ge=0, le=100)
    owner: str | None = None


class Flag(FlagBody):
    key: str
    created_at: datetime
    updated_at: datetime


class Message(BaseModel):
    message: str


_COUNTED = {"X-Total-Count": {"schema": {"type": "integer"}, "description": "Number of flags on all pages"}}


def build(clock: Clock) -> FastAPI:
    app = FastAPI(title="Feature flags")
    flags: dict[str, Flag] = {}
    missing = {404: {"description": "There is no such flag"}}

    def find_flag(key: str) -> Flag:
        if key not in flags:
            raise HTTPException(404, "There is no such flag")
        return flags[key]

    @app.get("/flags", responses={200: {"headers": _COUNTED}})
    async def list_flags(
        response: Response,
        enabled: bool | None = None,  # noqa: FBT001  a query parameter
        page: Annotated[int, Query(alias="_page", ge=1)] = 1,
        limit: Annotated[int, Query(alias="_limit", ge=1, le=100)] = 10,
        sort: Annotated[Literal["key", "created_at"], Query(alias="_sort")] = "key",
        order: Annotated[Literal["asc", "desc"], Query(alias="_order")] = "asc",
    ) -> list[Flag]:
        found = [flag for flag in flags.values() if enabled in {None, flag.enabled}]
        found.sort(key=lambda flag: getattr(flag, sort), reverse=order == "desc")
        response.headers["x-total-count"] = str(len(found))
        return found[(page - 1) * limit : page * limit]

    @app.get("/flags/{key}", responses=missing)
    async def get_flag(key: str) -> Flag:
        return find_flag(key)

    @app.put("/flags/{key}", responses={201: {"model": Flag, "description": "Created"}})
    async def put_flag(key: str, body: FlagBody, response: Response) -> Flag:
        """Create the flag, or replace it if it exists."""
        known = flags.get(key)
        response.status_code = 200 if known else 201
        created = known.created_at if known else clock.now()
        flags[key] = Flag(key=key, created_at=created, updated_at=clock.now(), **body.model_dump())
        return flags[key]

    @app.patch("/flags/{key}", responses=missing)
    async def patch_flag(key: str, body: Annotated[FlagPatch, Body(media_type="application/merge-patch+json")]) -> Flag:
        changes: dict[str, Any] = body.model_dump(exclude_unset=True)
        flags[key] = find_flag(key).model_copy(update={**changes, "updated_at": clock.now()})
        return flags[key]

    @app.delete("/flags/{key}", status_code=204, responses=missing)
    async def delete_flag(key: str) -> None:
        find_flag(key)
        del flags[key]

    return app


SERVICE = Service(
    name="flags",
    build=build,
    collections=(Collection("/flags", "key", id="key", paging=Paging("page", "_page", "_limit")),),
    upserts=frozenset(["PUT /flags/{key}"]),
    names={"key": ["dark-mode", "beta", "checkout", "search"]},
    values={"_limit": [1, 2, 10], "_page": [1, 1, 2], "rollout": [*range(101)]},
)
