"""Methods and paths of operations, as the line of a request has them."""

import re

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The names of operations in a path item (OAS 3.1, 4.8.9)."""


def split_suffix(path: str) -> tuple[str, str]:
    """Return the path that is sent, and what stands behind it: ``/runs?a={b}#c`` gives ``/runs`` and ``?a={b}#c``."""
    for match in re.finditer(r"\{[^{}]*\}|[?#]", path):  # a parameter's name may hold either
        if match[0] in {"?", "#"}:
            return path[: match.start()] or "/", path[match.start() :]
    return path, ""
