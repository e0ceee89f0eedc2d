"""A client of the mock of office.yaml, in this process."""

import json
from pathlib import Path
from typing import Any

from specduet.mocks import Settings, create_app
from specduet.mocks.seed_data import read_seed_data
from specduet.specs import load
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

DOCUMENT = Path(__file__).with_name("office.yaml")


class OfficeClient:
    """A client of a mock that begins with some seed data: rows by resource, or the path of files."""

    def __init__(self, seed_data: Any = None, **settings: Any) -> None:
        apis = [load(DOCUMENT)]
        if isinstance(seed_data, Path):
            settings["seed_data"] = read_seed_data(seed_data, apis)
        elif seed_data is not None:
            settings["seed_data"] = {"office": seed_data}
        self.app = create_app(apis, Settings(**settings))

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> RawResponse:
        """Send a request; ``body`` is JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"content-type": "application/json", **{n.replace("_", "-").lower(): v for n, v in headers.items()}}
        pairs = [(name.encode(), value.encode()) for name, value in named.items()]
        return send_raw(self.app, RawRequest(method, target, pairs, content))

    def get(self, target: str, **headers: str) -> Any:
        """Return the JSON of a response that has to be a success."""
        response = self.send("GET", target, **headers)
        assert response.status == 200, response
        return response.json

    def create(self, target: str, body: Any, **headers: str) -> Any:
        """Return what a POST has created."""
        response = self.send("POST", target, body, **headers)
        assert response.status == 201, response
        return response.json

    def put_state(self, resources: Any) -> RawResponse:
        return self.send("PUT", "/__mock__/state", {"office": resources})

    def dump_state(self) -> Any:
        return self.get("/__mock__/state")["office"]
