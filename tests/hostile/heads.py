"""Heads: status lines, headers, lengths, redirects and waits that break rules, or keep them absurdly."""

import itertools

from tests.hostile.bodies import MIB, TRICKS
from tests.hostile.service import Conversation, hostile


def _raw(c: Conversation, head: str | bytes, body: bytes | None = None) -> None:
    """Send a head as it is, and a body."""
    data = head if isinstance(head, bytes) else head.encode("utf-8", "surrogateescape")
    c.send(data, b"\r\n\r\n", c.fitting_body if body is None else body)


@hostile
def http_0_9(c: Conversation) -> None:
    c.send(c.fitting_body)
    c.connection.close()


@hostile
def another_protocol(c: Conversation) -> None:
    c.send(b"SSH-2.0-OpenSSH_9.6\r\n")
    c.wait()


@hostile
def http_2_preface(c: Conversation) -> None:
    c.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    c.connection.close()


@hostile
def tls_alert(c: Conversation) -> None:
    c.send(b"\x15\x03\x03\x00\x02\x02\x46")
    c.connection.close()


@hostile
def status_that_is_no_number(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 abc OK\r\nContent-Length: 2", b"[]")


@hostile
def status_of_many_digits(c: Conversation) -> None:
    _raw(c, f"HTTP/1.1 {'2' * 5000} OK\r\nContent-Length: 2", b"[]")


@hostile
def status_0(c: Conversation) -> None:
    c.respond(status="0 None")


@hostile
def status_999(c: Conversation) -> None:
    c.respond(status="999 Odd")


@hostile
def status_1000(c: Conversation) -> None:
    c.respond(status="1000 Odd")


@hostile
def negative_status(c: Conversation) -> None:
    c.respond(status="-200 OK")


@hostile
def http_9(c: Conversation) -> None:
    _raw(c, "HTTP/9.9 200 OK\r\nContent-Length: 2", b"[]")


@hostile
def no_reason(c: Conversation) -> None:
    c.respond(status="200")


@hostile
def tricky_reason(c: Conversation) -> None:
    c.respond(status="500 \x1b]0;planted\x07\x1b[31m ::error::planted <script>")


@hostile
def long_reason(c: Conversation) -> None:
    c.respond(status=f"200 {'x' * MIB}")


@hostile
def long_line_of_status(c: Conversation) -> None:
    c.send(b"HTTP/1.1 200 " + b"x" * (20 * MIB))
    c.wait()


@hostile
def informational_flood(c: Conversation) -> None:
    c.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000)
    c.respond()


@hostile
def endless_informational(c: Conversation) -> None:
    while True:
        c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000)


@hostile
def switching_protocols(c: Conversation) -> None:
    c.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    c.wait()


@hostile
def ten_mebibytes_of_header(c: Conversation) -> None:
    c.respond(None, f"X-Long: {'x' * 10 * MIB}")


@hostile
def hundred_thousand_headers(c: Conversation) -> None:
    c.respond(None, *(f"X-{i}: {i}" for i in range(100_000)))


@hostile
def endless_headers(c: Conversation) -> None:
    c.send(b"HTTP/1.1 200 OK\r\n")
    for i in itertools.count():
        c.send(f"X-{i}: {i}\r\n".encode())


@hostile
def thousands_of_cookies(c: Conversation) -> None:
    c.respond(None, *(f"Set-Cookie: c{i}={i}; Path=/; Expires=Mon, 01 Jan 9999 00:00:00 GMT" for i in range(90)))


@hostile
def odd_cookies(c: Conversation) -> None:
    c.respond(None, "Set-Cookie: =", "Set-Cookie: a=\x1b[31m; Max-Age=-99999999999999999999", "Set-Cookie: \xff;;;=;=")


@hostile
def header_without_colon(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\nContent-Type: application/json", b"[]")


@hostile
def header_with_null(c: Conversation) -> None:
    c.respond(None, "X-Null: a\0b", "X\0Y: 1")


@hostile
def folded_header(c: Conversation) -> None:
    c.respond(None, "X-Folded: a\r\n b\r\n\tc")


@hostile
def lonely_line_feeds(c: Conversation) -> None:
    c.send(b"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n[]")


@hostile
def tricks_in_content_type(c: Conversation) -> None:
    trick = c.choose(TRICKS).replace("\n", "").replace("\r", "")
    c.respond(None, kind=f"app/{trick}")


@hostile
def escapes_in_content_type(c: Conversation) -> None:
    c.respond(None, kind="app/\x1b]0;planted\x07\x1b[31m")


@hostile
def tricks_in_headers(c: Conversation) -> None:
    tricks = [trick.replace("\n", "").replace("\r", "") for trick in TRICKS]
    c.respond(None, *(f"X-Trick-{i}: {trick}" for i, trick in enumerate(tricks)), f"Location: {''.join(tricks)}")


@hostile
def tricks_in_names_of_headers(c: Conversation) -> None:
    c.respond(None, *(f"X-{trick}: 1" for trick in ("\x1b[31m", "<b>", "a b", "\u202e", "\x7f")))


@hostile
def two_content_types(c: Conversation) -> None:
    c.respond(None, "Content-Type: text/html; charset=utf-7", "content-type:")


@hostile
def unknown_charset(c: Conversation) -> None:
    c.respond(None, kind="application/json; charset=x-\x1b[31mplanted; boundary=" + "x" * 100_000)


@hostile
def length_too_long(c: Conversation) -> None:
    c.respond(None, length=10_000)
    c.connection.close()


@hostile
def length_too_short(c: Conversation) -> None:
    c.respond(None, length=5)


@hostile
def length_never_reached(c: Conversation) -> None:
    c.respond(None, length=10_000_000_000)
    c.wait()


@hostile
def negative_length(c: Conversation) -> None:
    c.respond(None, length=-5)


@hostile
def length_of_5000_digits(c: Conversation) -> None:
    c.respond(b"[]", length="9" * 5000)
    c.connection.close()


@hostile
def odd_length(c: Conversation) -> None:
    c.respond(b"[]", length=c.choose(("1e3", "+5", "0x10", "5, 5", "5;", "\u0665", "\u00b2", "")))
    c.connection.close()


@hostile
def two_lengths(c: Conversation) -> None:
    c.respond(None, "Content-Length: 1")


@hostile
def length_and_chunks(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", b"2\r\n[]\r\n0\r\n\r\n")


@hostile
def unknown_transfer_encoding(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", b"2\r\n[]\r\n0\r\n\r\n")


@hostile
def negative_chunk(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"-5\r\n[]\r\n0\r\n\r\n")


@hostile
def huge_chunk(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"ffffffffffffffff\r\n[]")
    c.wait()


@hostile
def chunk_of_many_digits(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"f" * 60_000 + b"\r\n[]\r\n0\r\n\r\n")


@hostile
def chunk_that_is_none(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"zz\r\n[]\r\n0\r\n\r\n")


@hostile
def long_chunk_extension(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"2;" + b"x" * 10 * MIB + b"\r\n[]\r\n0\r\n\r\n")


@hostile
def endless_trailers(c: Conversation) -> None:
    _raw(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"2\r\n[]\r\n0\r\n")
    while True:
        c.send(b"X-Trailer: 1\r\n" * 1000)


@hostile
def body_where_none_may_be(c: Conversation) -> None:
    c.respond(None, status=c.choose(("204 No Content", "304 Not Modified", "205 Reset Content")))


@hostile
def redirect_in_a_circle(c: Conversation) -> None:
    c.respond(b"", f"Location: {c.target}", status="302 Found")


@hostile
def redirect_ever_further(c: Conversation) -> None:
    c.respond(b"", f"Location: {c.target}/x", status="307 Temporary Redirect")


@hostile
def redirect_elsewhere(c: Conversation) -> None:
    places = ("http://169.254.169.254/", "file:///etc/passwd", "javascript:alert(1)", "//evil.example", "\x1b[31m", "")
    c.respond(b"", f"Location: {c.choose(places)}", status="301 Moved Permanently")


@hostile
def redirect_far(c: Conversation) -> None:
    c.respond(b"", f"Location: http://[{'x' * 50_000}", status="308 Permanent Redirect")


@hostile
def creation_elsewhere(c: Conversation) -> None:
    places = ("http://[::1", "/" + "a/" * 20_000, "\x1b]0;x\x07", "http://evil.example/rows/1", "../../..", "rows/\0")
    c.respond(None, f"Location: {c.choose(places)}", status="201 Created")


WAITS = (
    *("1000000000", "-5", "Mon, 01 Jan 9999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT", "9" * 5000, "1e9", "NaN"),
    *("Mon, 01 Jan 2024 00:00:00 +9999999999999999", "soon", "", "\u0661\u0662", "\u00b2", "1.5", "inf", "\x1b[31m"),
    *("Mon, 01 Jan 99999 00:00:00 GMT", "Mon, 99 Jan 2024 99:99:99 GMT", "Mon, 01 Jan 0001 00:00:00 +2359"),
)
"""What ``Retry-After`` may say."""


@hostile
def come_back_later(c: Conversation) -> None:
    c.respond(b"{}", f"Retry-After: {c.choose(WAITS)}", status="429 Too Many Requests")


@hostile
def closed_until_later(c: Conversation) -> None:
    c.respond(b"{}", f"Retry-After: {c.choose(WAITS)}", status="503 Service Unavailable")


@hostile
def come_back_in_a_second(c: Conversation) -> None:
    c.respond(b"{}", "Retry-After: 1", status="429 Too Many Requests")


@hostile
def odd_facts_of_pages(c: Conversation) -> None:
    c.respond(
        None,
        'Link: <http://[>; rel="next", <\x1b[31m>; rel=next, ' + "<,;" * 10_000,
        f"X-Total-Count: {'9' * 5000}",
        "ETag: \x1b",
        "Last-Modified: Mon, 01 Jan 2024 00:00:00 +9999999999999999",
        "Date: \u0661",
        "WWW-Authenticate: " + 'Basic realm="\\' * 1000,
        "Content-Range: items 0-9/" + "9" * 5000,
    )
