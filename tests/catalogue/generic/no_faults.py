"""Changes that are no faults of some services: their documents or their habits allow them."""

NO_FAULTS: tuple[tuple[str, str], ...] = (
    ("documents.base_path", "*"),  # faults are planted at the paths of the document, without those of its servers
    ("documents.redirects", "GET /towns/*"),  # it redirects only
    ("reading.maps_of_rows", "GET /sensors/{name}: *"),  # the names are known as keys of a map alone
    ("writing.later_creation", "GET /jobs/{id}: *"),  # the ids are known from the answer to another creation alone
)
"""Pairs of a service and a pattern of the names of faults."""
