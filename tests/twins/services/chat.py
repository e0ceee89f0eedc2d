"""Conversations and messages: newest first, older ones before a time, edited and withdrawn."""

from datetime import datetime
from itertools import count
from typing import Annotated, Literal

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from tests.twins.service import Clock, Collection, Paging, Service


class ConversationCreate(BaseModel):
    topic: str
    participants: list[str] = Field(min_length=1)
    visibility: Literal["private", "public"] = "private"


class Conversation(ConversationCreate):
    conversation_id: str
    created_at: datetime
    archived: bool = False


class MessageCreate(BaseModel):
    author: str
    text: str = Field(min_length=1)
    reply_to: str | None = None


class MessageEdit(BaseModel):
    text: str = Field(min_length=1)


class ChatMessage(MessageCreate):
    message_id: str
    conversation_id: str
    sent_at: datetime
    edited_at: datetime | None = None


class MessagePage(BaseModel):
    messages: list[ChatMessage]
    has_more: bool


class ErrorBody(BaseModel):
    code: str
    message: str


class ErrorResponse(BaseModel):
    error: ErrorBody


class Missing(Exception):
    """An id that no row has."""


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Chat")
    conversations: dict[str, Conversation] = {}
    messages: dict[str, ChatMessage] = {}
    conversation_ids, message_ids = count(1), count(1)
    missing = {404: {"model": ErrorResponse}}

    @app.exception_handler(Missing)
    async def show_missing(_request: object, error: Missing) -> JSONResponse:
        return JSONResponse({"error": {"code": "not_found", "message": str(error)}}, 404)

    def find_conversation(identity: str) -> Conversation:
        if identity not in conversations:
            raise Missing("No such conversation")
        return conversations[identity]

    def find_message(conversation: str, identity: str) -> ChatMessage:
        find_conversation(conversation)
        if identity not in messages or messages[identity].conversation_id != conversation:
            raise Missing("No such message")
        return messages[identity]

    @app.get("/conversations")
    async def list_conversations(
        visibility: Literal["private", "public"] | None = None,
        participant: str | None = None,
    ) -> list[Conversation]:
        """Conversations, most recent first."""
        return [
            found
            for found in reversed(conversations.values())
            if visibility in {None, found.visibility} and (participant is None or participant in found.participants)
        ]

    @app.post("/conversations", status_code=201)
    async def start_conversation(body: ConversationCreate) -> Conversation:
        identity = f"conv_{next(conversation_ids):05}"
        conversations[identity] = Conversation(conversation_id=identity, created_at=clock.now(), **body.model_dump())
        return conversations[identity]

    @app.get("/conversations/{conversation_id}", responses=missing)
    async def get_conversation(conversation_id: str) -> Conversation:
        return find_conversation(conversation_id)

    @app.delete("/conversations/{conversation_id}", status_code=204, responses=missing)
    async def delete_conversation(conversation_id: str) -> None:
        del conversations[find_conversation(conversation_id).conversation_id]
        for message in [m for m in messages.values() if m.conversation_id == conversation_id]:
            del messages[message.message_id]

    @app.get("/conversations/{conversation_id}/messages", responses=missing)
    async def list_messages(
        conversation_id: str,
        before: Annotated[AwareDatetime | None, Query(description="Only messages sent before this time")] = None,
        author: str | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> MessagePage:
        """Messages of a conversation, newest first."""
        find_conversation(conversation_id)
        found = [
            message
            for message in reversed(messages.values())
            if message.conversation_id == conversation_id
            and (before is None or message.sent_at < before)
            and author in {None, message.author}
        ]
        return MessagePage(messages=found[:limit], has_more=len(found) > limit)

    @app.post("/conversations/{conversation_id}/messages", status_code=201, responses=missing)
    async def send_message(conversation_id: str, body: MessageCreate) -> ChatMessage:
        find_conversation(conversation_id)
        made = ChatMessage(
            message_id=f"msg_{next(message_ids):07}",
            conversation_id=conversation_id,
            sent_at=clock.now(),
            **body.model_dump(),
        )
        messages[made.message_id] = made
        return made

    @app.patch("/conversations/{conversation_id}/messages/{message_id}", responses=missing)
    async def edit_message(conversation_id: str, message_id: str, body: MessageEdit) -> ChatMessage:
        found = find_message(conversation_id, message_id)
        messages[message_id] = found.model_copy(update={**body.model_dump(), "edited_at": clock.now()})
        return messages[message_id]

    @app.delete("/conversations/{conversation_id}/messages/{message_id}", status_code=204, responses=missing)
    async def withdraw_message(conversation_id: str, message_id: str) -> None:
        del messages[find_message(conversation_id, message_id).message_id]

    return app


SERVICE = Service(
    name="chat",
    build=build,
    collections=(
        Collection("/conversations", "conversation_id", id="conversation_id"),
        Collection(
            "/conversations/{conversation_id}/messages",
            "message_id",
            id="message_id",
            rows="messages",
            paging=Paging("last-id", "before", next="has_more", field="sent_at"),
        ),
    ),
    made=frozenset(["conversation_id", "message_id", "reply_to"]),
    references={"reply_to": "message_id"},
    values={
        "participants": [["ann"], ["ann", "bob"], ["cyd"]],
        "participant": ["ann", "bob"],
        "author": ["ann", "bob"],
        "limit": [1, 2, 50],
    },
)
