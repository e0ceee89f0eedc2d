"""Addresses of files lead to the mock, which serves them as long as they say."""

from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from tests.mocks.raw_http import RawResponse, send_json

DOCUMENT = """
openapi: 3.1.0
info: {title: Galleries, version: '1'}
paths:
  /pictures:
    get:
      operationId: listPictures
      responses:
        '200':
          description: Pictures
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Picture'}}}}
  /pictures/{id}:
    get:
      operationId: getPicture
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        '200':
          description: The picture
          content: {application/json: {schema: {$ref: '#/components/schemas/Picture'}}}
components:
  schemas:
    Picture:
      type: object
      required: [id, copies, pages]
      properties:
        id: {type: integer}
        copies:
          type: array
          minItems: 1
          items:
            type: object
            required: [url, valid_until]
            properties:
              url:
                type: string
                format: uri
                x-specduet: {file: image/png, expires: valid_until, lifetime: 10m, basis: assumed}
              valid_until: {type: string, format: date-time}
        pages:
          type: string
          x-specduet: {file: text/csv, basis: assumed}
"""


class GalleryClient:
    """A client of the mock of the galleries."""

    def __init__(self, path: Path) -> None:
        path.write_text(DOCUMENT, encoding="utf-8")
        self.app = create_app(path, Settings())

    def send(self, method: str, target: str, body: Any = None) -> RawResponse:
        return send_json(self.app, method, target, body, [(b"host", b"127.0.0.1:1234")])

    def fetch(self, url: str) -> RawResponse:
        return self.send("GET", url.removeprefix("http://127.0.0.1:1234"))


@pytest.fixture
def client(tmp_path: Path) -> GalleryClient:
    return GalleryClient(tmp_path / "galleries.yaml")


def test_a_signed_address_leads_to_a_file(client: GalleryClient) -> None:
    """Every address in a list is served, with the stated media type, and is signed anew by each response."""
    first = client.send("GET", "/pictures").json[0]
    picture = client.fetch(first["copies"][0]["url"])
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert picture.body.startswith(b"\x89PNG")
    assert client.fetch(first["pages"]).headers["content-type"].startswith("text/csv")
    again = client.send("GET", f"/pictures/{first['id']}").json
    assert again["copies"][0]["url"].partition("?")[0] == first["copies"][0]["url"].partition("?")[0]
    assert client.send("GET", "/pictures").headers["content-length"]


def test_an_address_ends_when_it_says(client: GalleryClient) -> None:
    """The time beside an address is that at which it ends, by the clock of the mock."""
    client.send("POST", "/__mock__/clock/freeze")
    copy = client.send("GET", "/pictures").json[0]["copies"][0]
    client.send("POST", "/__mock__/clock/advance", {"seconds": 590})
    assert client.fetch(copy["url"]).status == 200
    now = client.send("POST", "/__mock__/clock/advance", {"seconds": 20}).json["now"]
    assert client.fetch(copy["url"]).status == 403
    assert copy["valid_until"] < now
    assert client.fetch(client.send("GET", "/pictures").json[0]["copies"][0]["url"]).status == 200


@pytest.mark.parametrize("change", ["?", "?expires=99999999999&signature=0", "x", "&expires=1", "&signature=%C3%A9"])
def test_a_changed_address_leads_nowhere(client: GalleryClient, change: str) -> None:
    """An address that was not given is refused, whatever it looks like."""
    url = client.send("GET", "/pictures").json[0]["pages"]
    changed = url.partition("?")[0] + change if change.startswith("?") else url + change
    assert client.fetch(changed).status == 403
    assert client.fetch("/__files__/nothing").status == 403
