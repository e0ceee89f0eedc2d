"""The credentials of the catalogue's servers, and the guards that tell whose they are."""

from collections.abc import Mapping

from fastapi import HTTPException

from tests.catalogue.changes import CallerGuard, FakeCall, FakeCaller
from tests.catalogue.fake_world import USERS

PSKS = {
    "psk-amara-7f3a9c": FakeCaller(USERS[0]),
    "psk-jonas-b2e514": FakeCaller(USERS[1]),
    "psk-admin-0dd1e8": FakeCaller("root", admin=True),
}
"""Nx1's pre-shared keys."""
AMARA_PSK, JONAS_PSK, ADMIN_PSK = PSKS
TOKENS = {value.replace("psk-", "token-"): caller for value, caller in PSKS.items()}
"""Nx1's bearer tokens."""
AMARA_TOKEN = next(iter(TOKENS))
CLOUDCRUISE_KEY = "sk_live_catalogue_4e1d77"
SEEKRFLOW_KEY = "seekr-catalogue-91c4be"


def identify_nx1_caller(call: FakeCall) -> FakeCaller | None:
    """Return the caller by either scheme: a pre-shared key in its own header, or a bearer token."""
    scheme, _, token = (call.get_header("authorization") or "").partition(" ")
    bearer = TOKENS.get(token) if scheme.lower() == "bearer" else None
    return PSKS.get(call.get_header("authorization-psk") or "") or bearer


def identify_cloudcruise_caller(call: FakeCall) -> FakeCaller | None:
    return FakeCaller() if call.get_header("cc-key") == CLOUDCRUISE_KEY else None


def identify_seekrflow_caller(call: FakeCall) -> FakeCaller | None:
    key = call.get_header("authorization") or ""
    return FakeCaller() if key.removeprefix("Bearer ") == SEEKRFLOW_KEY else None


GUARDS: Mapping[str, CallerGuard] = {
    "nx1": identify_nx1_caller,
    "cloudcruise": identify_cloudcruise_caller,
    "seekrflow": identify_seekrflow_caller,
}


def build_401(call: FakeCall) -> HTTPException:
    challenge = {"nx1": "Bearer", "cloudcruise": "APIKey", "seekrflow": "APIKey"}[call.api]
    detail = "Invalid API key" if call.api == "cloudcruise" else "Not authenticated"
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})
