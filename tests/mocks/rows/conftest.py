"""A client of a small shop whose document states everything that operations can do with rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from specduet.specs import load
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

SHOP = Path(__file__).with_name("shop.yaml")


class RowClient:
    """A client of a mock in this process."""

    def __init__(self, path: Path, *, infer: bool = False, **settings: Any) -> None:
        """``infer`` adds what the document implies to what it states."""
        self.api = load(path, stateless=not infer)
        self.app = create_app([self.api], Settings(auth=False, **settings))

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> RawResponse:
        """Send a request; ``body`` is JSON unless it is bytes. ``_`` in the name of a header stands for ``-``."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if content and "content-type" not in named:
            named["content-type"] = "application/json"
        pairs = [(name.encode(), value.encode()) for name, value in named.items()]
        return send_raw(self.app, RawRequest(method, target, pairs, content))

    def get(self, target: str, **headers: str) -> Any:
        """Return the JSON of a response that has to be a success."""
        answer = self.send("GET", target, **headers)
        assert answer.status == 200, answer
        return answer.json


@pytest.fixture
def make_shop() -> Callable[..., RowClient]:
    """A function from settings to a client."""
    return lambda **settings: RowClient(SHOP, **settings)


@pytest.fixture
def shop(make_shop: Callable[..., RowClient]) -> RowClient:
    return make_shop()
