"""Boards with cards that are counted on each board: every board has a card 1, and ids that are unique beside it."""

from datetime import datetime
from itertools import count

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Service


class BoardCreate(BaseModel):
    name: str = Field(min_length=1)


class Board(BoardCreate):
    id: int


class CardCreate(BaseModel):
    title: str = Field(min_length=1)
    points: int = Field(default=1, ge=0, le=100)


class CardUpdate(BaseModel):
    title: str | None = None
    points: int | None = None


class Card(CardCreate):
    id: int
    number: int
    created_at: datetime


class RemarkCreate(BaseModel):
    text: str


class Remark(RemarkCreate):
    id: int


class Error(BaseModel):
    detail: str


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Boards")
    boards: dict[int, Board] = {}
    cards: dict[int, dict[int, Card]] = {}
    remarks: dict[int, list[Remark]] = {}
    highest: dict[int, int] = {}
    board_ids, card_ids, remark_ids = count(1), count(501), count(9_001)
    missing = {404: {"model": Error}}

    def find_board(board_id: int) -> Board:
        if board_id not in boards:
            raise HTTPException(404, "No such board")
        return boards[board_id]

    def find_card(board_id: int, number: int) -> Card:
        if number not in cards[find_board(board_id).id]:
            raise HTTPException(404, "No such card")
        return cards[board_id][number]

    @app.get("/boards")
    async def list_boards() -> list[Board]:
        """Boards, the newest first."""
        return [*reversed(boards.values())]

    @app.post("/boards", status_code=201)
    async def create_board(body: BoardCreate) -> Board:
        made = Board(id=next(board_ids), **body.model_dump())
        boards[made.id], cards[made.id], highest[made.id] = made, {}, 0
        return made

    @app.get("/boards/{board_id}", responses=missing)
    async def get_board(board_id: int) -> Board:
        return find_board(board_id)

    @app.delete("/boards/{board_id}", status_code=204, responses=missing)
    async def delete_board(board_id: int) -> None:
        del boards[find_board(board_id).id], cards[board_id]

    @app.get("/boards/{board_id}/cards", responses=missing)
    async def list_cards(board_id: int) -> list[Card]:
        """Cards of a board, the newest first."""
        return [*reversed(cards[find_board(board_id).id].values())]

    @app.post("/boards/{board_id}/cards", status_code=201, responses=missing)
    async def create_card(board_id: int, body: CardCreate) -> Card:
        highest[find_board(board_id).id] += 1
        made = Card(id=next(card_ids), number=highest[board_id], created_at=clock.now(), **body.model_dump())
        cards[board_id][made.number], remarks[made.id] = made, []
        return made

    @app.get("/boards/{board_id}/cards/{number}", responses=missing)
    async def get_card(board_id: int, number: int) -> Card:
        return find_card(board_id, number)

    @app.patch("/boards/{board_id}/cards/{number}", responses=missing)
    async def update_card(board_id: int, number: int, body: CardUpdate) -> Card:
        changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
        cards[board_id][number] = find_card(board_id, number).model_copy(update=changes)
        return cards[board_id][number]

    @app.delete("/boards/{board_id}/cards/{number}", status_code=204, responses=missing)
    async def delete_card(board_id: int, number: int) -> None:
        find_card(board_id, number)
        del cards[board_id][number]

    @app.get("/boards/{board_id}/cards/{number}/remarks", responses=missing)
    async def list_remarks(board_id: int, number: int) -> list[Remark]:
        """Remarks on a card, the newest first."""
        return [*reversed(remarks[find_card(board_id, number).id])]

    @app.post("/boards/{board_id}/cards/{number}/remarks", status_code=201, responses=missing)
    async def create_remark(board_id: int, number: int, body: RemarkCreate) -> Remark:
        made = Remark(id=next(remark_ids), **body.model_dump())
        remarks[find_card(board_id, number).id].append(made)
        return made

    return app


_CARDS = "/boards/{board_id}/cards"
SERVICE = Service(
    name="boards",
    build=build,
    collections=(
        Collection("/boards", "board_id"),
        Collection(_CARDS, "number", id="number"),
        Collection(f"{_CARDS}/{{number}}/remarks", "remark_id"),
    ),
)
