"""Servers that keep the contract in ways of their own: on none of them may a judge find anything."""

from tests.catalogue.unusual import data, requests, responses, rows, started_runs
from tests.catalogue.variant import Variant

UNUSUAL_SERVERS: tuple[Variant, ...] = (
    *data.UNUSUAL_SERVERS,
    *rows.UNUSUAL_SERVERS,
    *responses.UNUSUAL_SERVERS,
    *requests.UNUSUAL_SERVERS,
    *started_runs.UNUSUAL_SERVERS,
)
