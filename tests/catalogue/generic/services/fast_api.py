"""Services on FastAPI, whose documents are FastAPI's own."""

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import (
    BackgroundTasks,
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    UploadFile,
)
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials, OAuth2PasswordBearer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, computed_field
from pydantic.alias_generators import to_camel


class Problem(BaseModel):
    detail: str


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


def find(rows: dict[Any, Any], key: Any) -> Any:
    """Return a row. Raises a 404 where there is none."""
    if key not in rows:
        raise HTTPException(404, "there is none")
    return rows[key]


def build_closed_models() -> FastAPI:
    """Models that forbid what they do not know, and are strict about types."""
    app = FastAPI(title="Parcels, strictly")

    class Size(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        length: int = Field(gt=0, le=300)
        width: int = Field(gt=0, le=300)

    class ParcelIn(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        to: str = Field(min_length=1, max_length=50)
        size: Size
        fragile: bool = False
        notes: list[Annotated[str, Field(max_length=20)]] = Field(default=[], max_length=3)

    class Parcel(ParcelIn):
        id: int

    rows: dict[int, Parcel] = {}

    @app.get("/parcels")
    async def list_parcels(fragile: Annotated[bool | None, Query()] = None) -> list[Parcel]:
        return [p for p in rows.values() if fragile in {None, p.fragile}]

    @app.post("/parcels", status_code=201)
    async def create_parcel(body: ParcelIn) -> Parcel:
        made = Parcel(id=max(rows, default=0) + 1, **body.model_dump())
        rows[made.id] = made
        return made

    @app.get("/parcels/{parcel_id}", responses=NOT_FOUND)
    async def get_parcel(parcel_id: int) -> Parcel:
        return find(rows, parcel_id)

    @app.put("/parcels/{parcel_id}", responses=NOT_FOUND)
    async def replace_parcel(parcel_id: int, body: ParcelIn) -> Parcel:
        find(rows, parcel_id)
        rows[parcel_id] = Parcel(id=parcel_id, **body.model_dump())
        return rows[parcel_id]

    @app.delete("/parcels/{parcel_id}", status_code=204, responses=NOT_FOUND)
    async def delete_parcel(parcel_id: int) -> None:
        find(rows, parcel_id)
        del rows[parcel_id]

    return app


def build_camel_case() -> FastAPI:
    """Names in camel case, fields left out where they are not set, and one that is computed."""
    app = FastAPI(title="Flats in camel case")

    class Base(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    class FlatIn(Base):
        street_name: str = Field(min_length=1)
        monthly_rent: Decimal = Field(ge=0, max_digits=8, decimal_places=2)
        move_in: date | None = None
        floor_no: int | None = Field(default=None, ge=-2, le=40)

    class Flat(FlatIn):
        flat_id: UUID

        @computed_field
        def yearly_rent(self) -> Decimal:
            return self.monthly_rent * 12

    rows: dict[UUID, Flat] = {}

    @app.get("/flats", response_model_exclude_none=True)
    async def list_flats(
        max_rent: Annotated[Decimal | None, Query(alias="maxRent", ge=0)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> list[Flat]:
        return [f for f in rows.values() if max_rent is None or f.monthly_rent <= max_rent][:limit]

    @app.post("/flats", status_code=201, response_model_exclude_none=True)
    async def create_flat(body: FlatIn) -> Flat:
        made = Flat(flat_id=uuid4(), **body.model_dump())
        rows[made.flat_id] = made
        return made

    @app.get("/flats/{flat_id}", response_model_exclude_none=True, responses=NOT_FOUND)
    async def get_flat(flat_id: UUID) -> Flat:
        return find(rows, flat_id)

    @app.patch("/flats/{flat_id}", response_model_exclude_none=True, responses=NOT_FOUND)
    async def change_flat(flat_id: UUID, body: FlatIn) -> Flat:
        old = find(rows, flat_id)
        rows[flat_id] = old.model_copy(update=body.model_dump(exclude_unset=True))
        return rows[flat_id]

    return app


def build_passwords() -> FastAPI:
    """Passwords that are sent and not shown, with a token to get first."""
    app = FastAPI(title="Members")
    scheme = OAuth2PasswordBearer(tokenUrl="/token")

    class MemberIn(BaseModel):
        name: str = Field(pattern=r"^[a-z]{3,16}$")
        password: SecretStr = Field(min_length=6, max_length=64)

    class Member(BaseModel):
        id: int
        name: str

    rows: dict[int, tuple[Member, str]] = {}

    async def check(token: Annotated[str, Depends(scheme)]) -> str:
        if token != "open-sesame":  # noqa: S105  a token of the test
            raise HTTPException(401, "wrong token", {"WWW-Authenticate": "Bearer"})
        return token

    caller = Depends(check)
    refused: dict[int | str, dict[str, Any]] = {401: {"model": Problem}}

    @app.get("/members", dependencies=[caller], responses=refused)
    async def list_members() -> list[Member]:
        return [member for member, _ in rows.values()]

    @app.post("/members", status_code=201, dependencies=[caller], responses={409: {"model": Problem}, **refused})
    async def create_member(body: MemberIn) -> Member:
        if any(member.name == body.name for member, _ in rows.values()):
            raise HTTPException(409, "this name is taken")
        made = Member(id=max(rows, default=0) + 1, name=body.name)
        rows[made.id] = (made, body.password.get_secret_value())
        return made

    @app.get("/members/{member_id}", dependencies=[caller], responses={**NOT_FOUND, **refused})
    async def get_member(member_id: int) -> Member:
        return find(rows, member_id)[0]

    @app.delete("/members/{member_id}", status_code=204, dependencies=[caller], responses={**NOT_FOUND, **refused})
    async def delete_member(member_id: int) -> None:
        find(rows, member_id)
        del rows[member_id]

    app.state.headers = {"Authorization": "Bearer open-sesame"}
    return app


def build_uploads() -> FastAPI:
    """Files with fields beside them, several at once, and none at all."""
    app = FastAPI(title="Tracks")

    class Genre(StrEnum):
        rock = "rock"
        jazz = "jazz"

    class Track(BaseModel):
        id: int
        title: str
        genre: Genre
        size: int
        cover: bool

    rows: dict[int, Track] = {}

    @app.post("/tracks", status_code=201)
    async def create_track(
        audio: Annotated[UploadFile, File()],
        title: Annotated[str, Form(min_length=1, max_length=40)],
        genre: Annotated[Genre, Form()] = Genre.rock,
        year: Annotated[int | None, Form(ge=1900, le=2100)] = None,  # noqa: ARG001  it is checked alone
        cover: Annotated[UploadFile | None, File()] = None,
    ) -> Track:
        made = Track(
            id=max(rows, default=0) + 1, title=title, genre=genre, size=len(await audio.read()), cover=cover is not None
        )
        rows[made.id] = made
        return made

    @app.get("/tracks")
    async def list_tracks(genre: Genre | None = None) -> list[Track]:
        return [t for t in rows.values() if genre in {None, t.genre}]

    @app.get("/tracks/{track_id}", responses=NOT_FOUND)
    async def get_track(track_id: int) -> Track:
        return find(rows, track_id)

    @app.delete("/tracks/{track_id}", status_code=204, responses=NOT_FOUND)
    async def delete_track(track_id: int) -> None:
        find(rows, track_id)
        del rows[track_id]

    @app.post("/checksums")
    async def add_up(files: Annotated[list[UploadFile], File(min_length=1)]) -> list[int]:
        return [sum(await file.read()) % 256 for file in files]

    return app


def build_unions() -> FastAPI:
    """Rows of several kinds, with unions, literals and nested lists."""
    app = FastAPI(title="Shapes of FastAPI")

    class Circle(BaseModel):
        kind: Literal["circle"]
        radius: float = Field(gt=0, le=1000)

    class Polygon(BaseModel):
        kind: Literal["polygon"]
        points: list[tuple[float, float]] = Field(min_length=3, max_length=8)

    Shape = Annotated[Circle | Polygon, Field(discriminator="kind")]  # noqa: N806

    class DrawingIn(BaseModel):
        title: str = "untitled"
        shapes: list[Shape] = Field(max_length=5)
        scale: int | float | None = None
        tags: dict[str, str] = {}

    class Drawing(DrawingIn):
        id: int

    rows: dict[int, Drawing] = {}

    @app.get("/drawings")
    async def list_drawings(
        skip: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=50)] = 10
    ) -> Sequence[Drawing]:
        return list(rows.values())[skip : skip + limit]

    @app.post("/drawings", status_code=201)
    async def create_drawing(body: DrawingIn) -> Drawing:
        made = Drawing(id=max(rows, default=0) + 1, **body.model_dump())
        rows[made.id] = made
        return made

    @app.get("/drawings/{drawing_id}", responses=NOT_FOUND)
    async def get_drawing(drawing_id: int) -> Drawing:
        return find(rows, drawing_id)

    return app


def build_own_errors() -> FastAPI:
    """Errors of a shape of its own, told in the document, with redirects to paths with a slash."""
    from fastapi.exceptions import RequestValidationError

    class Failure(BaseModel):
        code: str
        messages: list[str]

    refused: dict[int | str, dict[str, Any]] = {422: {"model": Failure}, 404: {"model": Failure}}
    app = FastAPI(title="Pens", responses=refused)

    @app.exception_handler(RequestValidationError)
    async def show_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"code": "invalid", "messages": [str(e["msg"]) for e in error.errors()]}, 422)

    @app.exception_handler(HTTPException)
    async def show_refused(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"code": "refused", "messages": [str(error.detail)]}, error.status_code)

    class PenIn(BaseModel):
        colour: Literal["red", "blue"]
        width: Annotated[float, Field(ge=0.1, le=5)] = 1.0

    class Pen(PenIn):
        id: UUID

    rows: dict[UUID, Pen] = {}

    @app.get("/pens/")
    async def list_pens() -> dict[str, list[Pen]]:
        return {"pens": list(rows.values())}

    @app.post("/pens/", status_code=201)
    async def create_pen(body: PenIn) -> Pen:
        made = Pen(id=uuid4(), **body.model_dump())
        rows[made.id] = made
        return made

    @app.get("/pens/{pen_id}/")
    async def get_pen(pen_id: UUID) -> Pen:
        return find(rows, pen_id)

    @app.delete("/pens/{pen_id}/", status_code=204)
    async def delete_pen(pen_id: UUID) -> None:
        find(rows, pen_id)
        del rows[pen_id]

    return app


def build_headers_and_cookies() -> FastAPI:
    """What requests say in headers and cookies, and a list in the query."""
    app = FastAPI(title="Baskets")

    class Basket(BaseModel):
        currency: str
        session: str | None
        items: list[int]

    @app.get("/basket")
    async def show_basket(
        x_currency: Annotated[Literal["EUR", "USD"], Header()],
        item: Annotated[list[int], Query(max_length=5)] = [],  # noqa: B006
        session: Annotated[str | None, Cookie()] = None,
        x_trace: Annotated[UUID | None, Header()] = None,  # noqa: ARG001  it is checked alone
    ) -> Basket:
        return Basket(currency=x_currency, session=session, items=item)

    class Quote(BaseModel):
        amount: int
        at: AwareDatetime
        valid_for: timedelta

    @app.get("/quotes/{symbol}")
    async def get_quote(
        symbol: Annotated[str, Field(pattern="^[A-Z]{1,5}$")],
        on: date | None = None,  # noqa: ARG001  it is checked alone
    ) -> Quote:
        return Quote(amount=len(symbol), at=datetime.now(UTC), valid_for=timedelta(minutes=5))

    return app


def build_jobs_behind() -> FastAPI:
    """Work goes on in the background after a 202; results are streamed as lines of text."""
    app = FastAPI(title="Exports")

    class State(StrEnum):
        pending = "pending"
        finished = "finished"

    class ExportIn(BaseModel):
        rows: int = Field(ge=1, le=20)

    class Export(BaseModel):
        id: UUID
        state: State
        rows: int
        created_at: datetime
        finished_at: datetime | None = None

    exports: dict[UUID, Export] = {}

    def finish(key: UUID) -> None:
        exports[key] = exports[key].model_copy(update={"state": State.finished, "finished_at": datetime.now(UTC)})

    @app.post("/exports", status_code=202)
    async def create_export(body: ExportIn, tasks: BackgroundTasks) -> Export:
        made = Export(id=uuid4(), state=State.pending, rows=body.rows, created_at=datetime.now(UTC))
        exports[made.id] = made
        tasks.add_task(finish, made.id)
        return made

    @app.get("/exports")
    async def list_exports(state: State | None = None) -> list[Export]:
        return [e for e in exports.values() if state in {None, e.state}]

    @app.get("/exports/{export_id}", responses=NOT_FOUND)
    async def get_export(export_id: UUID) -> Export:
        return find(exports, export_id)

    @app.get(
        "/exports/{export_id}/file",
        responses={
            **NOT_FOUND,
            200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
            409: {"model": Problem},
        },
        response_class=StreamingResponse,
    )
    async def get_file(export_id: UUID) -> StreamingResponse:
        export = find(exports, export_id)
        if export.state != State.finished:
            raise HTTPException(409, "it is not finished")
        return StreamingResponse((f"{n}\n" for n in range(export.rows)), media_type="text/csv")

    return app


def build_short_links() -> FastAPI:
    """Short links that redirect elsewhere, made by their creators or by chance."""
    app = FastAPI(title="Short links")
    basic = HTTPBasic()

    class LinkIn(BaseModel):
        target: str = Field(pattern=r"^https?://[a-z0-9.-]+(/[A-Za-z0-9./_-]*)?$", max_length=200)
        slug: str | None = Field(default=None, pattern="^[a-z0-9]{4,12}$")

    class Link(BaseModel):
        slug: str
        target: str
        clicks: int

    links: dict[str, Link] = {}

    def check(given: Annotated[HTTPBasicCredentials, Depends(basic)]) -> None:
        if (given.username, given.password) != ("ada", "secret"):
            raise HTTPException(401, "who are you?", {"WWW-Authenticate": "Basic"})

    caller = Depends(check)

    @app.get("/links", dependencies=[caller])
    async def list_links() -> list[Link]:
        return list(links.values())

    @app.post("/links", status_code=201, dependencies=[caller], responses={409: {"model": Problem}})
    async def create_link(body: LinkIn) -> Link:
        slug = body.slug or secrets.token_hex(4)
        if slug in links:
            raise HTTPException(409, "taken")
        links[slug] = Link(slug=slug, target=body.target, clicks=0)
        return links[slug]

    @app.get("/links/{slug}", dependencies=[caller], responses=NOT_FOUND)
    async def get_link(slug: str) -> Link:
        return find(links, slug)

    @app.delete("/links/{slug}", status_code=204, dependencies=[caller], responses=NOT_FOUND)
    async def delete_link(slug: str) -> None:
        find(links, slug)
        del links[slug]

    @app.get("/go/{slug}", status_code=307, response_class=RedirectResponse, responses=NOT_FOUND)
    async def follow(slug: str) -> str:
        link = find(links, slug)
        link.clicks += 1
        return str(link.target)

    app.state.headers = {"Authorization": "Basic YWRhOnNlY3JldA=="}
    return app
