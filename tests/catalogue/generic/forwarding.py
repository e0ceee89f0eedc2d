"""An application that hands every request on to a server."""

from urllib.parse import quote

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

_OWN_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "date", "server"})


def forward_to(url: str) -> ASGIApp:
    """Return the application in front of a server."""
    clients: list[httpx.AsyncClient] = []

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if not clients:  # in the loop in which it is used
            clients.append(httpx.AsyncClient(timeout=30, trust_env=False))
        path = scope.get("raw_path") or scope["path"].encode()
        text = quote(path.decode("latin-1"), safe="/%:@!$&'()*+,;=~-._", encoding="latin-1")
        query = scope["query_string"].decode("latin-1")
        headers = [(name, value) for name, value in scope["headers"] if name not in {b"accept-encoding", b"connection"}]
        request = clients[0].build_request(
            scope["method"], f"{url}{text}" + (f"?{query}" if query else ""), headers=headers, content=body
        )
        response = await clients[0].send(request)
        kept = [(n.lower(), v) for n, v in response.headers.raw if n.decode("latin-1").lower() not in _OWN_HEADERS]
        await send({"type": "http.response.start", "status": response.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": response.content})

    return forward
