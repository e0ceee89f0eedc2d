"""A conversation with two servers at once: the same requests, and responses that have to agree."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from specduet.mocks.app import Mock
from specduet.specs import Api
from tests.mocks.raw_http import RawResponse, send_raw_async
from tests.twins.comparison import Correspondence, compare_forms, find_value
from tests.twins.encoding import render_request
from tests.twins.paging import choose_next_page, read_links
from tests.twins.request_maker import Draft, KnownRow, RequestMaker
from tests.twins.service import Clock, Collection, Made, Service

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_PAGES = 200


class Conversation:
    """A conversation with a service and the mock of its document, both empty at first."""

    def __init__(
        self, service: Service, document: Mapping[str, Any], mock: Mock, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._service = service
        self._loop = loop
        self._mock = mock
        self._clock = Clock(EPOCH)
        self._time = EPOCH
        self._twin = service.build(self._clock)
        self._same = Correspondence(service)
        self._tags: dict[str, list[str]] = {}
        self.requests = RequestMaker(service, document)
        session = mock.sessions.default
        session.reset()
        session.clock.freeze(self._time)
        for api in mock.apis:
            world = session.get_world(api.name)
            world.replace_state({name: [] for name, resource in api.resources.items() if not resource.behavior.single})
        for method, target, body in service.setup:
            draft = Draft(method, target, body=body, media_type="application/json")
            statuses = [self._send(server, draft, convert).status for server, convert in self._servers()]
            assert statuses[0] == statuses[1] < 300, f"{draft}: {statuses}"

    def say(self, operation: str, random: Random) -> None:
        """Send a request to both servers and compare what they respond; of a list, with the pages that follow."""
        draft = self.requests.make_request(operation, random)
        self._add_tags(draft, random)
        left = self.exchange(draft)
        collection = self.requests.find_collection(draft.template)
        if left.status >= 300 or collection is None:
            return
        if draft.method == "POST":
            self._note_row(collection, draft, left)
        elif draft.method == "GET" and collection.paging is not None:
            self.follow_pages(collection, draft, left)

    def exchange(self, draft: Draft) -> RawResponse:
        """Send one request to both servers, compare the responses, and return the first."""
        if f"{draft.method} {draft.template}" not in self._service.instant:
            self._time += timedelta(seconds=self._service.step)
        self._clock.time = self._time
        self._mock.sessions.default.clock.freeze(self._time)
        left, right = (self._send(server, draft, convert) for server, convert in self._servers())
        shown = f"{draft}\n  service {left.status} {left.body[:900]!r}\n  mock    {right.status} {right.body[:900]!r}"
        assert left.status == right.status, shown
        try:
            self._compare(draft, left, right)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{shown}") from None
        return left

    def follow_pages(self, collection: Collection, draft: Draft, page: RawResponse) -> None:
        """Ask both servers for the pages that follow one, until there are no more."""
        assert collection.paging is not None
        for _ in range(_MOST_PAGES):
            query = choose_next_page(collection, draft.query, page)
            if query is None:
                return
            draft = Draft("GET", draft.template, draft.path, query, dict(self._service.headers))
            page = self.exchange(draft)
        raise AssertionError(f"{draft}: more than {_MOST_PAGES} pages")

    def _servers(self) -> list[tuple[Any, Callable[[Any], Any]]]:
        return [(self._twin, lambda value: value), (self._mock, self._same.translate)]

    def _send(self, server: Any, draft: Draft, convert: Callable[[Any], Any]) -> RawResponse:
        request = render_request(self._service.base, draft, convert)
        return self._loop.run_until_complete(send_raw_async(server, request))

    def _compare(self, draft: Draft, left: RawResponse, right: RawResponse) -> None:
        check_schema(self._mock.apis[0], draft, right)
        self._compare_headers(left, right)
        if not left.body or not right.body:
            assert left.body == right.body
        elif "json" not in left.headers["content-type"]:
            assert left.body == right.body
            kinds = [response.headers["content-type"].partition(";")[0] for response in (left, right)]
            assert kinds[0] == kinds[1], f"content-type {kinds}"
        elif left.status >= 400:
            compare_forms(left.json, right.json)
        else:
            self._same.compare(left.json, right.json)
            self._note_tag(draft, left)

    def _compare_headers(self, left: RawResponse, right: RawResponse) -> None:
        for name in ("location", "link", "etag", "content-disposition", "x-total-count"):
            assert name not in left.headers or name in right.headers, f"no {name}"
        if "etag" in left.headers:
            self._same.match(left.headers["etag"], right.headers["etag"])
        if "x-total-count" in left.headers:
            assert left.headers["x-total-count"] == right.headers["x-total-count"]
        if "location" in left.headers:
            shown = [urlsplit(response.headers["location"]).path for response in (left, right)]
            assert shown[0].count("/") == shown[1].count("/"), f"location {shown}"
        if "link" in left.headers:
            self._compare_urls(*(read_links(response.headers["link"]) for response in (left, right)))

    def _compare_urls(self, left: Mapping[str, str], right: Mapping[str, str]) -> None:
        for name in ("next", "prev"):
            assert (name in left) == (name in right), f"link {name} in one of them alone"
        for name in left.keys() & right.keys():
            shown = [dict(parse_qsl(urlsplit(links[name]).query)) for links in (left, right)]
            assert shown[0].keys() == shown[1].keys(), f"link {name}: {shown}"

    def _note_row(self, collection: Collection, draft: Draft, left: RawResponse) -> None:
        row = find_value(left.json, collection.row) if collection.row else left.json
        parents = {name: value.value for name, value in draft.path.items()}
        self.requests.known.setdefault(collection.parameter, []).append(KnownRow(row[collection.id], parents))

    def _note_tag(self, draft: Draft, left: RawResponse) -> None:
        if "etag" in left.headers:
            self._tags.setdefault(f"{draft.template} {draft.path}", []).append(left.headers["etag"])

    def _add_tags(self, draft: Draft, random: Random) -> None:
        """Add a precondition: the last version, an earlier one, or none."""
        tags = self._tags.get(f"{draft.template} {draft.path}")
        if tags and random.random() < 0.7:
            header = "if-none-match" if draft.method == "GET" else "if-match"
            draft.headers[header] = Made(tags[-1] if random.random() < 0.6 else random.choice(tags))


def check_schema(api: Api, draft: Draft, response: RawResponse) -> None:
    """Raise ``AssertionError`` where a response is not as documented."""
    operation = next(o for o in api.operations if (o.method, o.path) == (draft.method, draft.template))
    described = operation.response_for(response.status)
    content = described.content.get("application/json") if described else None
    if content is not None and "json" in response.headers.get("content-type", ""):
        errors = [*api.response_schemas.validator_at(content.pointer).iter_errors(response.json)]
        assert errors == [], f"the schema says {errors[0]}"
