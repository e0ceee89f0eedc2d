"""Changes that are no faults of some services: their documents or their habits allow them."""

NO_FAULTS: tuple[tuple[str, str], ...] = (
    ("access.never_there", "GET /insights: *"),  # it never succeeds, nor do the next ones
    ("access.never_there", "GET /export: *"),
    ("access.never_there", "GET /admin/users: *"),
    ("access.never_there", "POST /notes/{id}/share: *"),
    ("access.read_only_replica", "P*"),
    ("access.read_only_replica", "DELETE *"),
    ("access.forbidden_writes", "P*"),
    ("access.forbidden_writes", "DELETE *"),
    ("bodies.lines", "POST *"),  # the schema does not say which texts are taken
    ("bodies.pictures_only", "* /pictures/{id}: *"),  # nor which files
    ("bodies.pictures_only", "POST *"),
    ("access.rate_limit_undocumented", "*: nothing is *"),  # 429 comes in between
    ("values.two_part_keys", "PUT *"),  # no cell is the run's own
    ("writing.checked_further", "GET /bookings: new rows *"),  # no schema says what a new row has to have
    ("documents.base_path", "*"),  # faults are planted at the paths of the document, without those of its servers
    ("documents.redirects", "GET /towns/*"),  # it redirects only
    ("reading.maps_of_rows", "GET /sensors/{name}: *"),  # the names are known as keys of a map alone
    ("writing.later_creation", "GET /jobs/{id}: *"),  # the ids are known from the answer to another creation alone
)
"""Pairs of a service and a pattern of the names of faults."""
