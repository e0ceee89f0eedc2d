"""Connexion, imported without what a mock never uses of it.

Half of the start-up went into libraries that serve Connexion's other purposes: its test client, the Swagger UI,
templates in documents, references over HTTP. While Connexion is imported, stand-ins take their place, which import the
real library as soon as something of it is used; afterwards nothing is left of them for anybody else to see.
"""

import importlib
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# Each module, and the names that Connexion takes out of it as it is imported: only called later, or annotations.
LATER: Mapping[str, tuple[str, ...]] = {
    "httpx": (),
    "jinja2": (),
    "requests": (),
    "starlette.templating": ("Jinja2Templates",),
    "starlette.testclient": ("TestClient",),
}


class _Later(types.ModuleType):
    """A module that is imported when something of it is looked at."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks whether this is a package
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _stand_ins() -> Iterator[None]:
    absent = {name: names for name, names in LATER.items() if name not in sys.modules}
    for module, names in absent.items():
        stand_in = _Later(module)
        stand_in.__dict__.update({name: _maker(module, name) for name in names})
        sys.modules[module] = stand_in
    try:
        yield
    finally:
        for module in absent:
            if isinstance(sys.modules.get(module), _Later):
                del sys.modules[module]


def _maker(module: str, name: str) -> Callable[..., Any]:
    def make(*arguments: Any, **options: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments, **options)

    return make


with _stand_ins(), warnings.catch_warnings():
    # Connexion imports what its makers deprecate: jsonschema's old resolver.
    warnings.simplefilter("ignore", DeprecationWarning)
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
    from connexion.middleware.exceptions import ExceptionMiddleware
    from connexion.middleware.lifespan import LifespanMiddleware
    from connexion.middleware.routing import RoutingMiddleware
    from connexion.resolver import Resolver

__all__ = [
    "ConnexionMiddleware",
    "ExceptionMiddleware",
    "LifespanMiddleware",
    "Resolver",
    "RoutedAPI",
    "RoutedMiddleware",
    "RoutingMiddleware",
]
