"""Faults of paging at Nx1, which has a limit and neither a cursor nor an offset."""

from functools import partial

from tests.catalogue.fake_world import LARGE_SIZE
from tests.catalogue.faults.paging_steps import change_limit, probe_count, set_default_limit
from tests.catalogue.list_steps import keep_all
from tests.catalogue.operations import NX1_LIST
from tests.catalogue.variant import Variant, fault

_fault = partial(fault, family="paging", clauses="SD5")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-list-limit-ignored",
        NX1_LIST,
        "limit is ignored",
        probe_count(3, limit=3),
        steps={"limit": keep_all},
    ),
    _fault(
        "nx1-list-limit-one-more",
        NX1_LIST,
        "one row more than limit is sent",
        probe_count(3, limit=3),
        steps={"limit": change_limit(lambda limit: limit + 1)},
    ),
    _fault(
        "nx1-list-limit-one-less",
        NX1_LIST,
        "one row less than limit is sent",
        probe_count(3, limit=3),
        steps={"limit": change_limit(lambda limit: limit - 1)},
    ),
    _fault(
        "nx1-list-limit-capped",
        NX1_LIST,
        "never more than 50 rows are sent",
        lambda c: len(c.get_rows()) == 50,
        steps={"limit": change_limit(lambda limit: min(limit, 50))},
    ),
    _fault(
        "nx1-list-limit-default-20",
        NX1_LIST,
        "20 rows are sent without a limit",
        lambda c: len(c.get().rows) == 20,
        steps={"limit": set_default_limit(20)},
    ),
    _fault(
        "nx1-list-limit-default-none",
        NX1_LIST,
        "all rows are sent without a limit",
        lambda c: len(c.get().rows) > 100,
        steps={"limit": set_default_limit(10_000)},
        size=LARGE_SIZE,
    ),
    _fault(
        "nx1-list-limit-zero-all",
        NX1_LIST,
        "limit=0 sends all rows",
        probe_count(0, limit=0),
        steps={"limit": change_limit(lambda limit: limit or 10_000)},
    ),
)
