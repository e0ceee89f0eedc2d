"""The mock server: an ASGI application made from OpenAPI documents and their overlays."""

from typing import TYPE_CHECKING, Any

from specduet.mocks.settings import CallerIdentity, Credential, Settings

if TYPE_CHECKING:
    from specduet.mocks.app import create_app

__all__ = ["CallerIdentity", "Credential", "Settings", "create_app"]


def __getattr__(name: str) -> Any:
    # Connexion takes a while to import, and a program that only wants the settings need not wait for it
    if name == "create_app":
        from specduet.mocks.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
