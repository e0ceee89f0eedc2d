"""Rooms, their devices, and the readings of these: three levels, and readings of a time range."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, FastAPI, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tests.twins.service import Clock, Collection, Paging, Service

_SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


class CamelModel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class RoomIn(CamelModel):
    name: str
    floor: int = 0


class Room(RoomIn):
    id: UUID


class DeviceIn(CamelModel):
    serial_number: str
    kind: Literal["thermometer", "hygrometer", "door"]


class Device(DeviceIn):
    id: UUID
    room_id: UUID
    installed_at: datetime


class ReadingIn(CamelModel):
    value: float
    recorded_at: AwareDatetime


class Reading(ReadingIn):
    id: UUID
    device_id: UUID


class ReadingPage(CamelModel):
    data: list[Reading]
    total_count: int
    next_offset: int | None = None


class Message(BaseModel):
    detail: str


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Building sensors")
    router = APIRouter(prefix="/api/v1", responses={404: {"model": Message}})
    rooms: dict[UUID, Room] = {}
    devices: dict[UUID, Device] = {}
    readings: dict[UUID, Reading] = {}

    def make_id() -> UUID:
        return uuid5(_SPACE, clock.now().isoformat())

    def find_device(room_id: UUID, device_id: UUID) -> Device:
        if room_id not in rooms:
            raise HTTPException(404, "Room not found")
        if device_id not in devices or devices[device_id].room_id != room_id:
            raise HTTPException(404, "Device not found")
        return devices[device_id]

    @router.get("/rooms")
    async def list_rooms() -> list[Room]:
        return [*reversed(rooms.values())]

    @router.post("/rooms", status_code=201)
    async def create_room(body: RoomIn) -> Room:
        made = Room(id=make_id(), **body.model_dump())
        rooms[made.id] = made
        return made

    @router.get("/rooms/{roomId}")
    async def get_room(roomId: UUID) -> Room:  # noqa: N803  as the path spells it
        if roomId not in rooms:
            raise HTTPException(404, "Room not found")
        return rooms[roomId]

    @router.get("/rooms/{roomId}/devices", description="Devices of a room; those installed last come first.")
    async def list_devices(roomId: UUID, kind: str | None = None) -> list[Device]:  # noqa: N803
        await get_room(roomId)
        return [d for d in reversed(devices.values()) if d.room_id == roomId and kind in {None, d.kind}]

    @router.post("/rooms/{roomId}/devices", status_code=201)
    async def create_device(roomId: UUID, body: DeviceIn) -> Device:  # noqa: N803
        await get_room(roomId)
        made = Device(id=make_id(), room_id=roomId, installed_at=clock.now(), **body.model_dump())
        devices[made.id] = made
        return made

    @router.get("/rooms/{roomId}/devices/{deviceId}")
    async def get_device(roomId: UUID, deviceId: UUID) -> Device:  # noqa: N803
        return find_device(roomId, deviceId)

    @router.delete("/rooms/{roomId}/devices/{deviceId}", status_code=204)
    async def delete_device(roomId: UUID, deviceId: UUID) -> None:  # noqa: N803
        del devices[find_device(roomId, deviceId).id]

    @router.get("/rooms/{roomId}/devices/{deviceId}/readings", summary="Readings of a device, newest first")
    async def list_readings(
        roomId: UUID,  # noqa: N803
        deviceId: UUID,  # noqa: N803
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> ReadingPage:
        find_device(roomId, deviceId)
        found = [
            reading
            for reading in readings.values()
            if reading.device_id == deviceId
            and (since is None or reading.recorded_at >= since)
            and (until is None or reading.recorded_at <= until)
        ]
        found.sort(key=lambda reading: reading.recorded_at, reverse=True)
        end = offset + limit
        following = end if end < len(found) else None
        return ReadingPage(data=found[offset:end], total_count=len(found), next_offset=following)

    @router.post("/rooms/{roomId}/devices/{deviceId}/readings", status_code=201)
    async def add_reading(roomId: UUID, deviceId: UUID, body: ReadingIn) -> Reading:  # noqa: N803
        find_device(roomId, deviceId)
        made = Reading(id=make_id(), device_id=deviceId, **body.model_dump())
        readings[made.id] = made
        return made

    app.include_router(router)
    return app


_ROOMS = "/api/v1/rooms"
SERVICE = Service(
    name="sensors",
    build=build,
    collections=(
        Collection(_ROOMS, "roomId"),
        Collection(f"{_ROOMS}/{{roomId}}/devices", "deviceId"),
        Collection(
            f"{_ROOMS}/{{roomId}}/devices/{{deviceId}}/readings",
            "readingId",
            rows="data",
            paging=Paging("offset", "offset", next="nextOffset"),
        ),
    ),
    made=frozenset(["id", "roomId", "deviceId"]),
    values={
        "recordedAt": [f"2026-01-{day:02}T{hour:02}:{7 * day}:00Z" for day in range(1, 8) for hour in range(24)]
        + [f"2026-01-{day:02}T{hour:02}:{3 * day}:00Z" for day in range(8, 20) for hour in range(24)],
        "since": ["2026-01-05T00:00:00Z", "2026-01-10T00:00:00Z"],
        "until": ["2026-01-12T00:00:00Z"],
        "limit": [1, 2, 100],
        "offset": [0, 0, 1],
        "kind": ["thermometer", "hygrometer", "door"],
    },
)
