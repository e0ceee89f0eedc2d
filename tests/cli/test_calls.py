"""Services where every operation is a POST with a verb in its path: nothing is said of a correct one."""

from collections.abc import Callable
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from specduet.contracts.session.session import ContractSession
from specduet.contracts.session.settings import resolve_settings


class Note(BaseModel):
    id: str
    title: str
    folder_id: str | None = None


class NewNote(BaseModel):
    title: str
    folder_id: str | None = None


class NoteQuery(BaseModel):
    limit: int = Field(default=10, ge=1, le=100)
    cursor: str | None = None
    folder_id: str | None = None


class NotePage(BaseModel):
    notes: list[Note]
    next_cursor: str | None = None


class Named(BaseModel):
    note_id: str


class Renamed(Named):
    title: str


class Shown(BaseModel):
    ok: bool = True
    note: Note


class Done(BaseModel):
    ok: bool = True


class Refusal(BaseModel):
    detail: Any


def build_notes() -> FastAPI:
    """A correct service, which refuses an unknown id as an invalid request."""
    app = FastAPI(title="Notes", responses={400: {"model": Refusal}, 422: {"model": Refusal}})
    notes: dict[str, Note] = {}
    numbers = count(1)

    def find_note(number: str) -> Note:
        if number not in notes:
            raise HTTPException(400, "There is no such note")
        return notes[number]

    @app.post("/notes.list")
    async def list_notes(query: NoteQuery) -> NotePage:
        found = [note for note in notes.values() if query.folder_id in {None, note.folder_id}]
        ids = [note.id for note in found]
        if query.cursor is not None and query.cursor not in ids:
            raise HTTPException(400, "There is no such page")
        start = ids.index(query.cursor) + 1 if query.cursor is not None else 0
        shown = found[start : start + query.limit]
        has_more = start + query.limit < len(found)
        return NotePage(notes=shown, next_cursor=shown[-1].id if has_more else None)

    @app.post("/notes.create")
    async def create_note(note: NewNote) -> Shown:
        number = f"N{next(numbers)}"
        notes[number] = Note(id=number, **note.model_dump())
        return Shown(note=notes[number])

    @app.post("/notes.info")
    async def show_note(named: Named) -> Shown:
        return Shown(note=find_note(named.note_id))

    @app.post("/notes.rename")
    async def rename_note(renamed: Renamed) -> Shown:
        find_note(renamed.note_id).title = renamed.title
        return Shown(note=find_note(renamed.note_id))

    @app.post("/notes.delete")
    async def delete_note(named: Named) -> Done:
        del notes[find_note(named.note_id).id]
        return Done()

    return app


@pytest.mark.parametrize("options", [{}, {"mock": True}], ids=["service", "mock"])
def test_a_correct_service_of_calls_has_no_finding(
    serve: Callable[[Any], str], tmp_path: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids and tokens in bodies that nothing has are refused as invalid requests, and that is no finding."""
    monkeypatch.chdir(tmp_path)
    url = serve(build_notes())
    target = options or {"url": url}
    shown = StringIO()
    session = ContractSession(resolve_settings([f"{url}/openapi.json"], {"max_requests": 600, **target}), shown)
    session.run_suite()
    assert session.finish_run(session.served_items()) == 0, shown.getvalue()
    assert "no findings" in shown.getvalue()
