"""Rows that are counted within their parent."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from specduet.specs import load
from tests.mocks.raw_http import send_json
from tests.twins.services.boards import SERVICE


class BoardsClient:
    """A client of the boards' mock."""

    def __init__(self, folder: Path) -> None:
        document = folder / "boards.json"
        document.write_text(json.dumps(SERVICE.write_document()))
        self.api = load(document)
        self.app = create_app([self.api], Settings())

    def send(self, method: str, target: str, body: Any = None) -> Any:
        """Return the JSON of a response, None where it has no body."""
        response = send_json(self.app, method, target, body)
        assert response.status < 300, response
        return response.json if response.body else None


@pytest.fixture
def boards(tmp_path: Path) -> BoardsClient:
    return BoardsClient(tmp_path)


def test_each_parent_counts_its_rows(boards: BoardsClient) -> None:
    """The rows of each parent have the numbers from 1 on, and other ids of which no two are alike."""
    assert boards.api.resources["card"].behavior.id.key == "id"
    lists = [boards.send("GET", f"/boards/{board['id']}/cards") for board in boards.send("GET", "/boards")]
    assert sum(map(bool, lists)) > 2
    for rows in lists:
        assert [row["number"] for row in rows] == [*range(len(rows), 0, -1)]
    ids = [row["id"] for rows in lists for row in rows]
    assert len({*ids}) == len(ids)


def test_the_numbers_are_part_of_the_state(boards: BoardsClient) -> None:
    """A state that is put back, and a snapshot, have the rows with their numbers, and the next ones follow."""
    board = boards.send("POST", "/boards", {"name": "New"})["id"]
    for title in ("one", "two", "three"):
        boards.send("POST", f"/boards/{board}/cards", {"title": title})
    boards.send("POST", f"/boards/{board}/cards/2/remarks", {"text": "on two"})
    boards.send("POST", "/__mock__/snapshots", {"name": "three"})
    boards.send("PUT", "/__mock__/state", boards.send("GET", "/__mock__/state"))
    for _ in range(2):
        assert boards.send("POST", f"/boards/{board}/cards", {"title": "four"})["number"] == 4
        assert boards.send("GET", f"/boards/{board}/cards/2")["title"] == "two"
        assert [remark["text"] for remark in boards.send("GET", f"/boards/{board}/cards/2/remarks")] == ["on two"]
        assert boards.send("GET", f"/boards/{board}/cards/1/remarks") == []
        boards.send("POST", "/__mock__/snapshots/three/restore")
