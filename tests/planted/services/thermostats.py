"""A cloud for thermostats on Starlette, described in OpenAPI 3.0: settings, time series in batches, and commands."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.planted.services import read_planted_document
from tests.twins.service import Clock, Service

KEY = "key-of-the-account"
Value = TypeVar("Value")
Row = dict[str, Any]
DeviceModel = Literal["basic", "plus", "outdoor"]
CODES = {400: "invalid", 401: "unauthorized", 404: "notFound", 409: "conflict"}


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False)


class Settings(Camel):
    target_temperature: float = Field(ge=5, le=30, multiple_of=0.5)
    mode: Literal["heat", "cool", "off"]
    display_name: str | None = Field(default=None, max_length=30)
    child_lock: bool = False


class NewDevice(Camel):
    serial_number: str = Field(pattern="^TS[0-9]{6}$")
    model: DeviceModel
    home_id: UUID
    settings: Settings = Settings.model_validate({"targetTemperature": 20, "mode": "heat"})


class Measurement(Camel):
    measured_at: AwareDatetime
    temperature: float = Field(ge=-60, le=90)
    humidity: int | None = Field(default=None, ge=0, le=100)


class NewCommand(Camel):
    name: Literal["reboot", "identify", "calibrate"]
    delay_seconds: int = Field(default=0, ge=0, le=3600)


class Page(Camel):
    offset: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=50, ge=1, le=200)


class DeviceQuery(Page):
    home_id: UUID | None = None
    model: DeviceModel | None = None
    online: bool | None = None


class MeasurementQuery(Page):
    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = None


BATCH = TypeAdapter(Annotated[list[Measurement], Field(min_length=1, max_length=50)])


class Refused(Exception):
    """A request that is refused, with the status of the response and the fields that are wrong."""

    def __init__(self, status: int, message: str, fields: Sequence[Row] = ()) -> None:
        super().__init__(message)
        self.status, self.fields = status, fields


def make_error(status: int, message: str, fields: Sequence[Row] = ()) -> Response:
    body: Row = {"code": CODES[status], "message": message}
    return JSONResponse({**body, "fields": [*fields]} if fields else body, status)


async def show_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return make_error(error.status, str(error), error.fields)


class KeyGuard:
    """Lets only requests with the key through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_allowed = scope["type"] != "http" or dict(scope["headers"]).get(b"x-api-key") == KEY.encode()
        await (self.app if is_allowed else make_error(401, "The API key is missing or wrong"))(scope, receive, send)


def check(adapter: TypeAdapter[Value], value: Any) -> Value:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        fields = [{"name": ".".join(map(str, flaw["loc"])), "problem": flaw["msg"]} for flaw in error.errors()]
        raise Refused(400, "The request is invalid", fields) from None


async def read_body(request: Request, adapter: TypeAdapter[Value]) -> Value:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(400, "The body has to be application/json")
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON") from None
    return check(adapter, value)


def read_query(request: Request, model: type[Value]) -> Value:
    return check(TypeAdapter(model), dict(request.query_params))


def dump(model: BaseModel) -> Row:
    return model.model_dump(mode="json", by_alias=True)


def cut_page(rows: Sequence[Row], name: str, page: Page) -> Response:
    paging = {"offset": page.offset, "limit": page.limit, "total": len(rows)}
    return JSONResponse({name: [*rows[page.offset : page.offset + page.limit]], "paging": paging})


class Cloud:
    """The handlers of the cloud, and what they know."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.devices: dict[str, Row] = {}
        self.measurements: dict[str, list[Row]] = {}
        self.commands: dict[tuple[str, str], Row] = {}

    def now(self) -> str:
        return self.clock.now().isoformat()

    def find_device(self, request: Request) -> Row:
        found = self.devices.get(request.path_params["deviceId"].lower())
        if found is None:
            raise Refused(404, "No such device")
        return found

    async def get_devices(self, request: Request) -> Response:
        query = read_query(request, DeviceQuery)
        wanted = {"homeId": query.home_id and str(query.home_id), "model": query.model, "online": query.online}
        rows = [
            device
            for device in self.devices.values()
            if all(value is None or device[name] == value for name, value in wanted.items())
        ]
        return cut_page(rows, "devices", query)

    async def register_device(self, request: Request) -> Response:
        body = await read_body(request, TypeAdapter(NewDevice))
        if any(device["serialNumber"] == body.serial_number for device in self.devices.values()):
            raise Refused(409, "The serial number is registered")
        name = str(uuid4())
        is_online = body.model != "outdoor"
        self.devices[name] = {
            "deviceId": name,
            **dump(body),
            "online": is_online,
            "registeredAt": self.now(),
            "lastSeenAt": self.now() if is_online else None,
        }
        self.measurements[name] = []
        return JSONResponse(self.devices[name], 201)

    async def get_device(self, request: Request) -> Response:
        return JSONResponse(self.find_device(request))

    async def delete_device(self, request: Request) -> Response:
        name = self.find_device(request)["deviceId"]
        del self.devices[name], self.measurements[name]
        return Response(status_code=204)

    async def get_settings(self, request: Request) -> Response:
        return JSONResponse(self.find_device(request)["settings"])

    async def replace_settings(self, request: Request) -> Response:
        device = self.find_device(request)
        device["settings"] = dump(await read_body(request, TypeAdapter(Settings)))
        return JSONResponse(device["settings"])

    async def get_measurements(self, request: Request) -> Response:
        device, query = self.find_device(request), read_query(request, MeasurementQuery)
        rows = [
            row
            for row in self.measurements[device["deviceId"]]
            if (query.from_ is None or datetime.fromisoformat(row["measuredAt"]) >= query.from_)
            and (query.to is None or datetime.fromisoformat(row["measuredAt"]) < query.to)
        ]
        rows.sort(key=lambda row: datetime.fromisoformat(row["measuredAt"]))
        return cut_page(rows, "measurements", query)

    async def add_measurements(self, request: Request) -> Response:
        device = self.find_device(request)
        batch = await read_body(request, BATCH)
        self.measurements[device["deviceId"]] += map(dump, batch)
        return JSONResponse({"accepted": len(batch)}, 201)

    async def send_command(self, request: Request) -> Response:
        device, body = self.find_device(request), await read_body(request, TypeAdapter(NewCommand))
        name = str(uuid4())
        command = {"commandId": name, **dump(body), "state": "queued", "sentAt": self.now()}
        self.commands[device["deviceId"], name] = command
        return JSONResponse(command, 202)

    async def get_command(self, request: Request) -> Response:
        key = (self.find_device(request)["deviceId"], request.path_params["commandId"].lower())
        if key not in self.commands:
            raise Refused(404, "No such command")
        return JSONResponse(self.commands[key])


def build(clock: Clock) -> Starlette:
    cloud = Cloud(clock)
    device = "/devices/{deviceId}"
    routes = [
        Route("/devices", cloud.get_devices),
        Route("/devices", cloud.register_device, methods=["POST"]),
        Route(device, cloud.get_device),
        Route(device, cloud.delete_device, methods=["DELETE"]),
        Route(f"{device}/settings", cloud.get_settings),
        Route(f"{device}/settings", cloud.replace_settings, methods=["PUT"]),
        Route(f"{device}/measurements", cloud.get_measurements),
        Route(f"{device}/measurements", cloud.add_measurements, methods=["POST"]),
        Route(f"{device}/commands", cloud.send_command, methods=["POST"]),
        Route(f"{device}/commands/{{commandId}}", cloud.get_command),
    ]
    return Starlette(
        routes=[Mount("/v2", routes=routes)],
        middleware=[Middleware(KeyGuard)],
        exception_handlers={Refused: show_refusal},
    )


SERVICE = Service(
    name="thermostats",
    build=build,
    collections=(),
    base="/v2",
    document=read_planted_document("thermostats"),
    headers={"X-Api-Key": KEY},
)
