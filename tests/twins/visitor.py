"""A visit to everything that a mock shows of itself: each list to its end, and each row of it."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from specduet.mocks.app import Mock
from tests.mocks.raw_http import RawResponse, send_raw_async
from tests.twins.comparison import find_value
from tests.twins.conversation import check_schema
from tests.twins.encoding import render_request
from tests.twins.paging import choose_next_page
from tests.twins.request_maker import Draft, KnownRow, RequestMaker
from tests.twins.service import Collection, Service

_MOST_PAGES = 60
_PARAMETER = re.compile(r"\{([^{}]+)\}")
Place = Mapping[str, Any]
"""The path parameters of a list."""


class Visitor:
    """A visitor of one mock. Every response has to be as documented."""

    def __init__(
        self, service: Service, document: Mapping[str, Any], mock: Mock, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._service = service
        self._document = document
        self._mock = mock
        self._loop = loop
        self.requests = RequestMaker(service, document)

    def send(self, draft: Draft) -> RawResponse:
        """Return the response to a request, which has to be as documented."""
        draft.headers = {**self._service.headers, **draft.headers}
        request = render_request(self._service.base, draft, lambda value: value)
        response = self._loop.run_until_complete(send_raw_async(self._mock, request))
        try:
            check_schema(self._mock.apis[0], draft, response)
        except AssertionError as error:
            raise AssertionError(f"{draft} {response.status} {response.body[:500]!r}: {error}") from None
        return response

    def has_operation(self, method: str, template: str) -> bool:
        """Tell whether the document has an operation."""
        return method.lower() in self._document["paths"].get(template, {})

    def list_places(self, collection: Collection) -> Iterator[dict[str, Any]]:
        """Yield the path parameters of each list of a collection: of one list for each row of its parent."""
        names = _PARAMETER.findall(collection.path)
        if not names:
            yield {}
            return
        parent = self.find_collection(names[-1])
        for place in self.list_places(parent):
            for row in self.list_rows(parent, place):
                yield {**place, names[-1]: row[parent.id]}

    def find_collection(self, parameter: str) -> Collection:
        """Return the collection whose rows a path parameter names."""
        name = self._service.same.get(parameter, parameter)
        return next(c for c in self._service.collections if c.parameter == name)

    def list_rows(self, collection: Collection, place: Place, query: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the rows of all pages of a list."""
        rows: list[Any] = []
        draft = Draft("GET", collection.path, dict(place), {**collection.query, **(query or {})})
        for _ in range(_MOST_PAGES):
            page = self.send(draft)
            assert page.status == 200, f"{draft}: {page.status}"
            rows += find_value(page.json, collection.rows) if collection.rows else page.json
            following = choose_next_page(collection, draft.query, page) if collection.paging else None
            if following is None:
                return rows
            draft = Draft("GET", collection.path, dict(place), following)
        raise AssertionError(f"{draft}: more than {_MOST_PAGES} pages")

    def fetch_row(self, collection: Collection, place: Place, identity: Any) -> Any:
        """Return a row as its own path shows it."""
        name = _PARAMETER.findall(collection.item_path)[-1]
        response = self.send(Draft("GET", collection.item_path, {**place, name: identity}))
        assert response.status == 200, f"{collection.item_path} {place} {identity}: {response.status}"
        return find_value(response.json, collection.row)

    def ask_for_unknown(self) -> Iterator[tuple[Draft, int]]:
        """Yield a request, and the status of its response, for an unknown id in each place of each path.

        The ids before it exist, and the request is valid.
        """
        for collection in self._service.collections:
            place = next(self.list_places(collection), None)
            if place is not None:
                rows = self.list_rows(collection, place)
                self.requests.known[collection.parameter] = [KnownRow(row[collection.id], place) for row in rows]
        for operation in [o for o in self.requests.operations if o not in self._service.upserts]:
            template = operation.split(" ", 1)[1]
            for name in _PARAMETER.findall(template):
                draft = self.requests.make_valid_request(operation, Random(0))
                draft.path[name] = self.requests.make_unknown(draft.method, template, name)
                yield draft, self.send(draft).status
