"""The way from one page of a list to the next."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.mocks.raw_http import RawResponse
from tests.twins.comparison import find_value
from tests.twins.service import Collection, Made


def read_links(header: str) -> dict[str, str]:
    """Return the URLs of a Link header by relation."""
    links = {}
    for part in header.split(", "):
        url, _, relation = part.partition(";")
        links[relation.split('"')[1]] = url.strip("<> ")
    return links


def choose_next_page(collection: Collection, query: Mapping[str, Any], page: RawResponse) -> dict[str, Any] | None:
    """Return the query of the page that follows, None after the last one."""
    paging = collection.paging
    assert paging is not None
    rows = find_value(page.json, collection.rows) if collection.rows else page.json
    if paging.kind == "link":
        url = read_links(page.headers["link"]).get("next") if "link" in page.headers else None
        return dict(parse_qsl(urlsplit(url).query)) if url else None
    told = find_value(page.json, paging.next) if paging.next else None
    if paging.kind == "url":
        told_query = dict(parse_qsl(urlsplit(told).query)) if told else {}
        return {**query, **{name: told_query[name] for name in (paging.parameter, paging.limit)}} if told else None
    if paging.kind == "token":
        return {**query, paging.parameter: Made(told)} if told else None
    if paging.kind == "last-id":
        return {**query, paging.parameter: Made(rows[-1][paging.field or collection.id])} if told else None
    if paging.kind == "offset":
        return {**query, paging.parameter: query.get(paging.parameter, 0) + len(rows)} if rows else None
    return {**query, paging.parameter: query.get(paging.parameter, paging.first) + 1} if rows else None
