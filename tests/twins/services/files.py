"""A shelf for files: uploaded as forms, described in JSON, downloaded as they were."""

from datetime import datetime
from itertools import count
from typing import Annotated

from fastapi import FastAPI, File, Form, HTTPException, Query, Response, UploadFile
from pydantic import BaseModel

from tests.twins.service import Clock, Collection, Paging, Service


class StoredFile(BaseModel):
    file_id: str
    filename: str
    content_type: str
    size: int
    description: str | None = None
    uploaded_at: datetime


class FileList(BaseModel):
    files: list[StoredFile]
    has_more: bool


class FilePatch(BaseModel):
    description: str


class Problem(BaseModel):
    detail: str


def build(clock: Clock) -> FastAPI:
    app = FastAPI(title="File shelf", version="0.3")
    files: dict[str, StoredFile] = {}
    contents: dict[str, bytes] = {}
    numbers = count(1)
    missing = {404: {"model": Problem}}

    def find_file(file_id: str) -> StoredFile:
        if file_id not in files:
            raise HTTPException(404, "File not found")
        return files[file_id]

    @app.post("/files", status_code=201)
    async def upload_file(
        file: Annotated[UploadFile, File()], description: Annotated[str | None, Form()] = None
    ) -> StoredFile:
        file_id, content = f"file-{next(numbers):04}", await file.read()
        files[file_id] = StoredFile(
            file_id=file_id,
            filename=file.filename or "",
            content_type=file.content_type or "application/octet-stream",
            size=len(content),
            description=description,
            uploaded_at=clock.now(),
        )
        contents[file_id] = content
        return files[file_id]

    @app.get("/files", description="Files, newest first. Pass the id of the last file as `after` for the next ones.")
    async def list_files(after: str | None = None, limit: Annotated[int, Query(ge=1, le=50)] = 20) -> FileList:
        found = [*reversed(files.values())]
        start = next((place + 1 for place, file in enumerate(found) if file.file_id == after), 0)
        return FileList(files=found[start : start + limit], has_more=start + limit < len(found))

    @app.get("/files/{file_id}", responses=missing)
    async def get_file(file_id: str) -> StoredFile:
        return find_file(file_id)

    @app.patch("/files/{file_id}", responses=missing)
    async def describe_file(file_id: str, body: FilePatch) -> StoredFile:
        files[file_id] = find_file(file_id).model_copy(update=body.model_dump())
        return files[file_id]

    binary = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

    @app.get("/files/{file_id}/content", response_class=Response, responses={200: binary, **missing})
    async def download_file(file_id: str) -> Response:
        return Response(contents[find_file(file_id).file_id], media_type=files[file_id].content_type)

    @app.delete("/files/{file_id}", status_code=204, responses=missing)
    async def delete_file(file_id: str) -> None:
        del files[find_file(file_id).file_id]

    return app


SERVICE = Service(
    name="files",
    build=build,
    collections=(
        Collection("/files", "file_id", id="file_id", rows="files", paging=Paging("last-id", "after", next="has_more")),
    ),
    made=frozenset(["file_id"]),
    values={
        "file": [
            {"filename": "notes.txt", "type": "text/csv", "content": "a,b"},
            {"filename": "logo.png", "type": "image/png", "content": "PNG is not shown"},
            {"filename": "empty.bin", "type": "application/octet-stream", "content": ""},
        ],
        "limit": [1, 2, 20],
    },
)
