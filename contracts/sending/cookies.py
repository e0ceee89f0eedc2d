"""Cookies of a request: one header holds them all (RFC 6265, 5.4)."""

from specduet.contracts.recording import Headers


def join_cookies(headers: Headers) -> Headers:
    """Return the headers with one Cookie header at most: of cookies with one name, the last is kept."""
    pairs: dict[str, str] = {}
    for name, value in headers:
        if name.lower() == "cookie":
            pairs |= {cookie.strip().partition("=")[0]: cookie.strip() for cookie in value.split(";") if cookie.strip()}
    if sum(name.lower() == "cookie" for name, _ in headers) < 2:
        return headers
    return (*(pair for pair in headers if pair[0].lower() != "cookie"), ("Cookie", "; ".join(pairs.values())))
