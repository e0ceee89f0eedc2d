"""The five documented operations, by the short names that the catalogue calls them by."""

NX1_LIST, NX1_GET, NX1_START = "nx1.list", "nx1.get", "nx1.start"
CLOUDCRUISE_LIST = "cloudcruise.list"
SEEKRFLOW_LIST = "seekrflow.list"

ROUTES = {
    NX1_LIST: ("GET", "/api/crew-runs"),
    NX1_GET: ("GET", "/api/crew-runs/{run_id}"),
    NX1_START: ("POST", "/api/crews/run"),
    CLOUDCRUISE_LIST: ("GET", "/runs"),
    SEEKRFLOW_LIST: ("GET", "/v1/threads/{thread_id}/runs"),
}
OPERATION_LABELS = {op: f"{method} {path}" for op, (method, path) in ROUTES.items()}
"""The names that the judge's findings have for operations."""

APIS = ("nx1", "cloudcruise", "seekrflow")
NX1_READS = (NX1_LIST, NX1_GET)
NX1_OPS = (*NX1_READS, NX1_START)
LIST_OPS = (NX1_LIST, CLOUDCRUISE_LIST, SEEKRFLOW_LIST)
API_OPS = {"nx1": NX1_OPS, "cloudcruise": (CLOUDCRUISE_LIST,), "seekrflow": (SEEKRFLOW_LIST,)}


def get_api(op: str) -> str:
    """Return the name of an operation's API: ``nx1`` for ``nx1.list``."""
    return op.partition(".")[0]


def to_dashed(op: str) -> str:
    """Return an operation as variants' names have it: ``nx1-list`` for ``nx1.list``."""
    return op.replace(".", "-")
