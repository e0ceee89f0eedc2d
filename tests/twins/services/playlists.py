"""Playlists of a music service: made and listed below the user, fetched elsewhere, changed without a response body."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

Row = dict[str, Any]


class MusicError(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MusicError)
    return JSONResponse({"error": {"status": error.status, "message": str(error)}}, error.status)


async def read_body(request: Request, required: Iterable[str] = ()) -> Row:
    body: Row = json.loads(await request.body())
    for name in required:
        if name not in body:
            raise MusicError(400, f"Missing required field: {name}")
    return body


def list_page(request: Request, rows: list[Row]) -> JSONResponse:
    limit, offset = int(request.query_params.get("limit", 20)), int(request.query_params.get("offset", 0))

    def link(start: int) -> str:
        return str(request.url.include_query_params(limit=limit, offset=start))

    return JSONResponse(
        {
            "href": str(request.url),
            "items": rows[offset : offset + limit],
            "limit": limit,
            "offset": offset,
            "next": link(offset + limit) if offset + limit < len(rows) else None,
            "previous": link(max(offset - limit, 0)) if offset > 0 else None,
            "total": len(rows),
        }
    )


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    playlists: dict[str, Row] = {}
    tracks: dict[str, list[Row]] = {}
    numbers, track_numbers = count(1), count(1)

    def find_playlist(request: Request) -> Row:
        if request.path_params["id"] not in playlists:
            raise MusicError(404, "Resource not found")
        return playlists[request.path_params["id"]]

    async def get_me(_request: Request) -> JSONResponse:
        return JSONResponse({"id": "me", "display_name": "Me"})

    async def get_my_playlists(request: Request) -> JSONResponse:
        return list_page(request, [*playlists.values()][::-1])

    async def create_playlist(request: Request) -> JSONResponse:
        body = await read_body(request, ["name"])
        made = {"id": f"p{next(numbers):021}", "type": "playlist", "public": True, "description": None, **body}
        playlists[made["id"]], tracks[made["id"]] = made, []
        return JSONResponse(made, 201)

    async def get_playlist(request: Request) -> JSONResponse:
        return JSONResponse(find_playlist(request))

    async def change_details(request: Request) -> Response:
        body, playlist = await read_body(request), find_playlist(request)
        playlist |= body
        return Response()

    async def follow(request: Request) -> Response:
        find_playlist(request)
        return Response()

    async def get_tracks(request: Request) -> JSONResponse:
        return list_page(request, tracks[find_playlist(request)["id"]])

    async def add_track(request: Request) -> JSONResponse:
        body = await read_body(request, ["title", "artist"])
        playlist = find_playlist(request)
        made = {"id": f"t{next(track_numbers):021}", "duration_ms": None, **body, "added_at": clock.now().isoformat()}
        tracks[playlist["id"]].append(made)
        return JSONResponse(made, 201)

    async def remove_track(request: Request) -> Response:
        known = tracks[find_playlist(request)["id"]]
        found = next((track for track in known if track["id"] == request.path_params["track"]), None)
        if found is None:
            raise MusicError(404, "Resource not found")
        known.remove(found)
        return Response()

    one = "/v1/playlists/{id}"
    return Starlette(
        routes=[
            Route("/v1/me", get_me),
            Route("/v1/me/playlists", get_my_playlists),
            Route("/v1/me/playlists", create_playlist, methods=["POST"]),
            Route(one, get_playlist),
            Route(one, change_details, methods=["PUT"]),
            Route(f"{one}/followers", follow, methods=["PUT"]),
            Route(f"{one}/tracks", get_tracks),
            Route(f"{one}/tracks", add_track, methods=["POST"]),
            Route(f"{one}/tracks/{{track}}", remove_track, methods=["DELETE"]),
        ],
        exception_handlers={MusicError: show_error},
    )


_PAGES = Paging("url", "offset", next="next")
SERVICE = Service(
    name="playlists",
    build=build,
    document=read_document("playlists"),
    collections=(
        Collection("/v1/me/playlists", "playlist_id", rows="items", paging=_PAGES, item="/v1/playlists/{playlist_id}"),
        Collection("/v1/playlists/{playlist_id}/tracks", "track_id", rows="items", paging=_PAGES),
    ),
    tokens=frozenset(["href", "next", "previous"]),
    values={"limit": [1, 2, 20], "offset": [0, 0, 1]},
    skipped=frozenset(["GET /v1/me"]),
)
