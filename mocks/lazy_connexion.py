"""Connexion, imported without the libraries that a mock never uses of it.

Half of the start-up went into libraries that serve Connexion's other purposes: its test client, the Swagger UI,
templates in documents, references over HTTP. While Connexion is imported, stand-ins take their places in
``sys.modules``. A stand-in imports the real library as soon as something of it is used. Afterwards none is left in
``sys.modules``, so that other code imports the real libraries.

speed: 0.24 s instead of 0.41 s of processor time until the mock is ready (make bench ARGS='--only tricks', 2026-11-28).
"""

import importlib
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

DEFERRED_IMPORTS: Mapping[str, tuple[str, ...]] = {
    "httpx": (),
    "jinja2": (),
    "requests": (),
    "starlette.templating": ("Jinja2Templates",),
    "starlette.testclient": ("TestClient",),
}
"""Modules to defer, and the names that Connexion imports from them: called later, or used in annotations."""


class _DeferredModule(types.ModuleType):
    """A stand-in for a module, which is imported at the first access to one of its attributes."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks whether this is a package
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _deferred_imports() -> Iterator[None]:
    """Put stand-ins into ``sys.modules`` for the deferred modules that are not imported yet."""
    absent = {name: names for name, names in DEFERRED_IMPORTS.items() if name not in sys.modules}
    for module, names in absent.items():
        stand_in = _DeferredModule(module)
        stand_in.__dict__.update({name: _defer_callable(module, name) for name in names})
        sys.modules[module] = stand_in
    try:
        yield
    finally:
        for module in absent:
            if isinstance(sys.modules.get(module), _DeferredModule):
                del sys.modules[module]


def _defer_callable(module: str, name: str) -> Callable[..., Any]:
    """Return a function that imports a class or function when it is called, and calls it."""

    def import_and_call(*arguments: Any, **options: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments, **options)

    return import_and_call


with _deferred_imports(), warnings.catch_warnings():
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
