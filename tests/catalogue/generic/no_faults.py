"""Changes that are no faults of some services: their documents or their habits allow them."""

NO_FAULTS: tuple[tuple[str, str], ...] = (
    ("documents.base_path", "*"),  # faults are planted at the paths of the document, without those of its servers
    ("documents.redirects", "GET /towns/*"),  # it redirects only
)
"""Pairs of a service and a pattern of the names of faults."""
