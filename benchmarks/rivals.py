"""What the mock is measured against: a bare ASGI application that sends constant bytes, and FastAPI with constants.

``python -m benchmarks.rivals bare|counting|fastapi`` reads the answer to give as JSON from standard input, prints its
port, and serves under uvicorn as the mock does.
"""

import json
import socket
import sys
from datetime import datetime
from typing import Annotated, Any

import uvicorn


def bare(answer: dict[str, Any]) -> Any:
    """The least that can be done under uvicorn: the same two messages for every request."""
    headers = [(name.encode(), value.encode()) for name, value in answer["headers"]]
    start = {"type": "http.response.start", "status": answer["status"], "headers": headers}
    body = {"type": "http.response.body", "body": answer["body"].encode()}

    async def application(scope: dict[str, Any], _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send(start)
            await send(body)

    return application


def counting(answer: dict[str, Any]) -> Any:
    """The same bytes for every request, and how many there were at ``/__count__``."""
    application, seen = bare(answer), [0]

    async def count_requests(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/__count__":
            await bare({"status": 200, "headers": [], "body": str(seen[0])})(scope, receive, send)
            return
        seen[0] += scope["type"] == "http"
        await application(scope, receive, send)

    return count_requests


def fastapi(answer: dict[str, Any]) -> Any:
    """The same addresses with typed parameters and body, and a constant for an answer."""
    from fastapi import FastAPI, Header
    from pydantic import BaseModel

    class Start(BaseModel):
        crew_type: str
        task_input: dict[str, Any]

    application = FastAPI()
    constant = json.loads(answer["body"])

    @application.get("/api/crew-runs")
    async def runs(authorization_psk: Annotated[str, Header()], limit: int = 100) -> Any:
        del authorization_psk, limit
        return constant

    @application.get("/runs")
    async def recent(cc_key: Annotated[str, Header()], start_time: datetime | None = None, limit: int = 1000) -> Any:
        del cc_key, start_time, limit
        return constant

    @application.post("/api/crews/run")
    async def start(authorization_psk: Annotated[str, Header()], body: Start) -> Any:
        del authorization_psk, body
        return constant

    return application


def main() -> None:
    application = {"bare": bare, "counting": counting, "fastapi": fastapi}[sys.argv[1]](json.load(sys.stdin))
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(application, ws="none", access_log=False, log_config=None, server_header=False)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
