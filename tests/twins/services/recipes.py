"""A cookbook in the style of a Ruby framework: paths with a suffix, one object under its own name, lists of errors."""

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


class Unprocessable(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status


async def show_errors(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Unprocessable)
    return JSONResponse({"errors": [*error.args]}, error.status)


async def read_body(request: Request, root: str, required: Iterable[str] = ()) -> Row:
    body = json.loads(await request.body()).get(root)
    if body is None:
        raise Unprocessable(422, f"{root} is missing")
    missing = [f"{name} can't be blank" for name in required if name not in body]
    if missing:
        raise Unprocessable(422, *missing)
    return dict(body)


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    recipes: dict[int, Row] = {}
    steps: dict[int, list[Row]] = {}
    recipe_ids, step_ids = count(1_001), count(50_001)

    def find_recipe(request: Request) -> Row:
        identity = request.path_params["id"]
        if identity not in recipes:
            raise Unprocessable(404, "Recipe not found")
        return recipes[identity]

    def start_row(identity: int) -> Row:
        now = clock.now().isoformat()
        return {"id": identity, "created_at": now, "updated_at": now}

    async def list_recipes(request: Request) -> JSONResponse:
        query = request.query_params
        found = [r for r in recipes.values() if query.get("course", r["course"]) == r["course"]]
        found.sort(key=lambda r: r[query.get("order_by", "created_at")], reverse=query.get("order") == "desc")
        number, size = int(query.get("page[number]", 1)), int(query.get("page[size]", 20))
        pages = -(-len(found) // size)
        meta = {
            "current_page": number,
            "next_page": number + 1 if number < pages else None,
            "prev_page": number - 1 if number > 1 else None,
            "total_pages": pages,
            "total_count": len(found),
        }
        return JSONResponse({"recipes": found[(number - 1) * size : number * size], "meta": meta})

    async def create_recipe(request: Request) -> JSONResponse:
        body = await read_body(request, "recipe", ["title", "course", "minutes"])
        made = {**start_row(next(recipe_ids)), "servings": 4, "source": None, **body}
        recipes[made["id"]], steps[made["id"]] = made, []
        return JSONResponse({"recipe": made}, 201)

    async def show_recipe(request: Request) -> JSONResponse:
        return JSONResponse({"recipe": find_recipe(request)})

    async def update_recipe(request: Request) -> JSONResponse:
        body = await read_body(request, "recipe")
        recipe = find_recipe(request)
        recipe |= body | {"updated_at": clock.now().isoformat()}
        return JSONResponse({"recipe": recipe})

    async def delete_recipe(request: Request) -> Response:
        identity = find_recipe(request)["id"]
        del recipes[identity], steps[identity]
        return Response(status_code=204)

    async def list_steps(request: Request) -> JSONResponse:
        return JSONResponse({"steps": steps[find_recipe(request)["id"]]})

    async def add_step(request: Request) -> JSONResponse:
        body = await read_body(request, "step", ["text"])
        recipe = find_recipe(request)
        made = {**start_row(next(step_ids)), "recipe_id": recipe["id"], "optional": False, **body}
        del made["updated_at"]
        steps[recipe["id"]].append(made)
        return JSONResponse({"step": made}, 201)

    one, below = "/api/recipes/{id:int}.json", "/api/recipes/{id:int}/steps.json"
    return Starlette(
        routes=[
            Route("/api/recipes.json", list_recipes),
            Route("/api/recipes.json", create_recipe, methods=["POST"]),
            Route(one, show_recipe),
            Route(one, update_recipe, methods=["PUT"]),
            Route(one, delete_recipe, methods=["DELETE"]),
            Route(below, list_steps),
            Route(below, add_step, methods=["POST"]),
        ],
        exception_handlers={Unprocessable: show_errors},
    )


SERVICE = Service(
    name="recipes",
    build=build,
    document=read_document("recipes"),
    base="/api",
    collections=(
        Collection(
            "/recipes.json",
            "id",
            rows="recipes",
            row="recipe",
            paging=Paging("page", "page[number]", "page[size]"),
            item="/recipes/{id}.json",
        ),
        Collection("/recipes/{recipe_id}/steps.json", "step_id", rows="steps", row="step"),
    ),
    made=frozenset(["id", "recipe_id"]),
    same={"recipe_id": "id"},
    values={
        "minutes": [*range(5, 200_000, 3)],
        "servings": [*range(1, 50_000)],
        "page[size]": [1, 2, 20],
        "page[number]": [1, 1, 2],
    },
)
