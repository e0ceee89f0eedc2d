"""An issue tracker in the style of a code host: Link headers, labels, a search over everything."""

import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

Row = dict[str, Any]


class Refused(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return JSONResponse({"message": str(error)}, error.status)


async def read_body(request: Request, required: Iterable[str] = ()) -> Row:
    body: Row = json.loads(await request.body())
    for name in required:
        if name not in body:
            raise Refused(422, f"{name} is missing")
    return body


def cut_page(request: Request, rows: list[Row]) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of the page that a request asks for, and the Link header to the others."""
    query = request.query_params
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    last = max(-(-len(rows) // size), 1)
    targets = {}
    if number > 1:
        targets |= {"prev": number - 1, "first": 1}
    if number < last:
        targets |= {"next": number + 1, "last": last}
    links = [f'<{request.url.include_query_params(page=page)}>; rel="{name}"' for name, page in targets.items()]
    return rows[(number - 1) * size : number * size], {"link": ", ".join(links)} if links else {}


def is_wanted(issue: Row, query: Mapping[str, str]) -> bool:
    state, labels = query.get("state", "open"), [*filter(None, query.get("labels", "").split(","))]
    return state in {"all", issue["state"]} and all(label in issue["labels"] for label in labels)


def build(clock: Clock) -> Starlette:  # noqa: C901, PLR0915  one function an operation
    projects: dict[str, Row] = {}
    issues: dict[str, dict[int, Row]] = {}
    comments: dict[tuple[str, int], list[Row]] = {}
    numbers, comment_ids = count(1_001), count(70_001)

    def show_now() -> str:
        return clock.now().isoformat()

    def find_issues(request: Request) -> dict[int, Row]:
        if request.path_params["key"] not in projects:
            raise Refused(404, "Not Found")
        return issues[request.path_params["key"]]

    def find_issue(request: Request) -> Row:
        found = find_issues(request).get(request.path_params["number"])
        if found is None:
            raise Refused(404, "Not Found")
        return found

    async def list_projects(request: Request) -> JSONResponse:
        return JSONResponse(*_with_headers(cut_page(request, [*projects.values()][::-1])))

    async def create_project(request: Request) -> JSONResponse:
        body = await read_body(request, ["key", "name"])
        if body["key"] in projects:
            raise Refused(409, "Key is taken")
        projects[body["key"]] = {**body, "created_at": show_now()}
        issues[body["key"]] = {}
        return JSONResponse(projects[body["key"]], 201)

    async def get_project(request: Request) -> JSONResponse:
        find_issues(request)
        return JSONResponse(projects[request.path_params["key"]])

    async def delete_project(request: Request) -> Response:
        find_issues(request)
        del issues[request.path_params["key"]], projects[request.path_params["key"]]
        for place in [place for place in comments if place[0] == request.path_params["key"]]:
            del comments[place]
        return Response(status_code=204)

    async def list_issues(request: Request) -> JSONResponse:
        query = request.query_params
        found = [issue for issue in find_issues(request).values() if is_wanted(issue, query)]
        key = f"{query.get('sort', 'created')}_at"
        found.sort(key=lambda issue: issue[key], reverse=query.get("direction", "desc") == "desc")
        return JSONResponse(*_with_headers(cut_page(request, found)))

    async def create_issue(request: Request) -> JSONResponse:
        body = await read_body(request, ["title"])
        known = find_issues(request)
        made = {"number": next(numbers), "body": None, "state": "open", "labels": [], **body}
        known[made["number"]] = made | {"created_at": show_now(), "updated_at": show_now(), "closed_at": None}
        location = {"location": f"{request.url.path}/{made['number']}"}
        return JSONResponse(known[made["number"]], 201, location)

    async def get_issue(request: Request) -> JSONResponse:
        return JSONResponse(find_issue(request))

    async def update_issue(request: Request) -> JSONResponse:
        body = await read_body(request)
        issue = find_issue(request)
        if "state" in body and body["state"] != issue["state"]:
            issue["closed_at"] = show_now() if body["state"] == "closed" else None
        issue |= body | {"updated_at": show_now()}
        return JSONResponse(issue)

    async def list_comments(request: Request) -> JSONResponse:
        issue = find_issue(request)
        return JSONResponse(comments.get((request.path_params["key"], issue["number"]), []))

    async def create_comment(request: Request) -> JSONResponse:
        body = await read_body(request, ["body"])
        issue = find_issue(request)
        made = {"id": next(comment_ids), **body, "created_at": show_now()}
        comments.setdefault((request.path_params["key"], issue["number"]), []).append(made)
        return JSONResponse(made, 201)

    async def search_issues(request: Request) -> JSONResponse:
        if "q" not in request.query_params:
            raise Refused(422, "q is missing")
        text = request.query_params["q"].lower()
        every = sorted((i for known in issues.values() for i in known.values()), key=lambda i: str(i["created_at"]))
        found = [issue for issue in every[::-1] if text in f"{issue['title']} {issue['body'] or ''}".lower()]
        return JSONResponse({"total_count": len(found), "items": cut_page(request, found)[0]})

    one, issue = "/projects/{key}", "/projects/{key}/issues/{number:int}"
    return Starlette(
        routes=[
            Route("/projects", list_projects),
            Route("/projects", create_project, methods=["POST"]),
            Route(one, get_project),
            Route(one, delete_project, methods=["DELETE"]),
            Route(f"{one}/issues", list_issues),
            Route(f"{one}/issues", create_issue, methods=["POST"]),
            Route(issue, get_issue),
            Route(issue, update_issue, methods=["PATCH"]),
            Route(f"{issue}/comments", list_comments),
            Route(f"{issue}/comments", create_comment, methods=["POST"]),
            Route("/search/issues", search_issues),
        ],
        exception_handlers={Refused: show_error},
    )


def _with_headers(page: tuple[list[Row], dict[str, str]]) -> tuple[list[Row], int, dict[str, str]]:
    return page[0], 200, page[1]


SERVICE = Service(
    name="issue-tracker",
    build=build,
    document=read_document("issue_tracker"),
    collections=(
        Collection("/projects", "key", id="key", paging=Paging("link", "page", "per_page")),
        Collection("/projects/{key}/issues", "issue_number", id="number", paging=Paging("link", "page", "per_page")),
        Collection("/projects/{key}/issues/{issue_number}/comments", "comment_id"),
        Collection(
            "/search/issues",
            "issue_number",
            id="number",
            rows="items",
            paging=Paging("page", "page", "per_page"),
            query={"q": "a"},
        ),
    ),
    made=frozenset(["id", "number"]),
    values={
        "key": ["api", "web", "docs", "infra", "legal"],
        "labels": [["bug"], ["bug", "ui"], [], ["docs"]],
        "query labels": ["bug", "ui", "bug,ui"],
        "per_page": [1, 2, 3, 30],
        "page": [1, 1, 2],
        "q": ["alpha", "GAMMA", "zzz"],
    },
)
