"""A blog: posts with slugs, which are drafts until they are published, comments, and pages by cursor."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Paging, Service

_SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


class PostBody(BaseModel):
    title: str = Field(min_length=1)
    body: str
    tags: list[str] = []


class PostCreate(PostBody):
    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")


class PostPatch(BaseModel):
    title: str | None = Field(default=None, min_length=1)
    body: str | None = None
    tags: list[str] | None = None


class Post(PostCreate):
    status: Literal["draft", "published"] = "draft"
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = None


class PostPage(BaseModel):
    items: list[Post]
    next_cursor: str | None = None


class CommentCreate(BaseModel):
    author: str
    text: str


class Comment(CommentCreate):
    id: UUID
    post_slug: str
    created_at: datetime


class CommentPage(BaseModel):
    items: list[Comment]
    next_cursor: str | None = None


class Error(BaseModel):
    detail: str


def read_cursor(cursor: str | None) -> int:
    try:
        return int(base64.b64decode(cursor)) if cursor else 0
    except (binascii.Error, ValueError):
        raise HTTPException(400, "Bad cursor") from None


def write_cursor(position: int, size: int) -> str | None:
    return base64.b64encode(str(position).encode()).decode() if position < size else None


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Blog API")
    posts: dict[str, Post] = {}
    comments: dict[UUID, Comment] = {}
    not_found = {404: {"model": Error}}
    Limit = Annotated[int, Query(ge=1, le=100)]  # noqa: N806  a type

    def find_post(slug: str) -> Post:
        if slug not in posts:
            raise HTTPException(404, "No such post")
        return posts[slug]

    @app.get("/posts", summary="List posts, newest first")
    async def list_posts(
        status: Literal["draft", "published"] | None = None,
        tag: str | None = None,
        q: Annotated[str | None, Query(description="Text to search for")] = None,
        cursor: str | None = None,
        limit: Limit = 10,
    ) -> PostPage:
        found = [
            post
            for post in reversed(posts.values())
            if status in {None, post.status}
            and (tag is None or tag in post.tags)
            and (q is None or q.lower() in f"{post.title} {post.body}".lower())
        ]
        start = read_cursor(cursor)
        return PostPage(items=found[start : start + limit], next_cursor=write_cursor(start + limit, len(found)))

    @app.post("/posts", status_code=201, responses={409: {"model": Error}})
    async def create_post(body: PostCreate) -> Post:
        if body.slug in posts:
            raise HTTPException(409, "The slug is taken")
        posts[body.slug] = Post(created_at=clock.now(), updated_at=clock.now(), **body.model_dump())
        return posts[body.slug]

    @app.get("/posts/{slug}", responses=not_found)
    async def get_post(slug: str) -> Post:
        return find_post(slug)

    @app.put("/posts/{slug}", responses=not_found)
    async def replace_post(slug: str, body: PostBody) -> Post:
        posts[slug] = find_post(slug).model_copy(update={**body.model_dump(), "updated_at": clock.now()})
        return posts[slug]

    @app.patch("/posts/{slug}", responses=not_found)
    async def update_post(slug: str, body: PostPatch) -> Post:
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        posts[slug] = find_post(slug).model_copy(update={**changes, "updated_at": clock.now()})
        return posts[slug]

    @app.post("/posts/{slug}/publish", responses={**not_found, 409: {"model": Error}})
    async def publish_post(slug: str) -> Post:
        if find_post(slug).status == "published":
            raise HTTPException(409, "It is published already")
        changes = {"status": "published", "published_at": clock.now(), "updated_at": clock.now()}
        posts[slug] = posts[slug].model_copy(update=changes)
        return posts[slug]

    @app.delete("/posts/{slug}", status_code=204, responses=not_found)
    async def delete_post(slug: str) -> None:
        find_post(slug)
        del posts[slug]
        for comment in [comment for comment in comments.values() if comment.post_slug == slug]:
            del comments[comment.id]

    @app.get("/posts/{slug}/comments", responses=not_found, summary="List comments, newest first")
    async def list_comments(slug: str, cursor: str | None = None, limit: Limit = 10) -> CommentPage:
        find_post(slug)
        found = [comment for comment in reversed(comments.values()) if comment.post_slug == slug]
        start = read_cursor(cursor)
        return CommentPage(items=found[start : start + limit], next_cursor=write_cursor(start + limit, len(found)))

    @app.post("/posts/{slug}/comments", status_code=201, responses=not_found)
    async def add_comment(slug: str, body: CommentCreate) -> Comment:
        find_post(slug)
        identity = uuid5(_SPACE, clock.now().isoformat())
        comments[identity] = Comment(id=identity, post_slug=slug, created_at=clock.now(), **body.model_dump())
        return comments[identity]

    @app.delete("/posts/{slug}/comments/{comment_id}", status_code=204, responses=not_found)
    async def delete_comment(slug: str, comment_id: UUID) -> None:
        find_post(slug)
        if comment_id not in comments or comments[comment_id].post_slug != slug:
            raise HTTPException(404, "No such comment")
        del comments[comment_id]

    return app


SERVICE = Service(
    name="blog",
    build=build,
    collections=(
        Collection("/posts", "slug", id="slug", rows="items", paging=Paging("token", "cursor", next="next_cursor")),
        Collection(
            "/posts/{slug}/comments", "comment_id", rows="items", paging=Paging("token", "cursor", next="next_cursor")
        ),
    ),
    tokens=frozenset(["next_cursor"]),
    values={
        "slug": [f"post-{number}" for number in range(12)],
        "tags": [[], ["news"], ["news", "python"], ["misc"]],
        "tag": ["news", "python"],
        "q": ["alpha", "GAMMA", "zzz"],
        "limit": [1, 2, 3, 10],
    },
)
