"""Bodies: bombs, sizes, depths, numbers and characters that no reader expects."""

import gzip
import itertools
import json
import random
import zlib
from functools import cache

from tests.hostile.service import ROW, Conversation, hostile

MIB = 2**20
BOMB_BYTES = 500 * MIB


@cache
def make_bomb(wbits: int, *, inner: bytes = b"[", filler: bytes = b" ") -> bytes:
    """Return 500 MiB, compressed to half a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    pieces = [packer.compress(inner)]
    pieces += [packer.compress(filler * MIB) for _ in range(BOMB_BYTES // MIB)]
    return b"".join([*pieces, packer.compress(b"]"), packer.flush()])


def make_bombs() -> None:
    """Make what takes a while, before anybody waits for it."""
    for wbits in (31, 15, -15):
        make_bomb(wbits)
    make_bomb(31, inner=b'[{"id":"', filler=b"a")
    for count in (140_000, 500_000):
        _make_rows(count)


@cache
def _make_rows(count: int) -> bytes:
    return json.dumps([{**ROW, "id": f"r-{i}"} for i in range(count)]).encode()


@hostile
def gzip_bomb(c: Conversation) -> None:
    c.respond(make_bomb(31), "Content-Encoding: gzip")


@hostile
def gzip_bomb_in_chunks(c: Conversation) -> None:
    bomb = make_bomb(31)
    pieces = (bomb[start : start + 4096] for start in range(0, len(bomb), 4096))
    c.send_chunks(pieces, "Content-Encoding: gzip")


@hostile
def gzip_bomb_as_error(c: Conversation) -> None:
    c.respond(make_bomb(31), "Content-Encoding: gzip", status="500 Internal Server Error")


@hostile
def gzip_bomb_of_texts(c: Conversation) -> None:
    c.respond(make_bomb(31, inner=b'[{"id":"', filler=b"a"), "Content-Encoding: gzip")


@hostile
def deflate_bomb(c: Conversation) -> None:
    c.respond(make_bomb(15), "Content-Encoding: deflate")


@hostile
def raw_deflate_bomb(c: Conversation) -> None:
    c.respond(make_bomb(-15), "Content-Encoding: deflate")


@hostile
def gzip_in_gzip(c: Conversation) -> None:
    c.respond(gzip.compress(make_bomb(31)), "Content-Encoding: gzip, gzip")


@hostile
def gzip_a_hundred_times(c: Conversation) -> None:
    body = c.fitting_body
    for _ in range(100):
        body = gzip.compress(body, 1)
    c.respond(body, f"Content-Encoding: {', '.join(['gzip'] * 100)}")


@hostile
def gzip_named_twice(c: Conversation) -> None:
    c.respond(gzip.compress(gzip.compress(c.fitting_body)), "Content-Encoding: gzip", "Content-Encoding: gzip")


@hostile
def gzip_cut_short(c: Conversation) -> None:
    c.respond(gzip.compress(c.fitting_body)[:-12], "Content-Encoding: gzip")


@hostile
def gzip_of_many_members(c: Conversation) -> None:
    c.respond(b"".join([gzip.compress(b"[")] + [gzip.compress(b" " * 1000)] * 1000), "Content-Encoding: gzip")


@hostile
def gzip_and_garbage(c: Conversation) -> None:
    c.respond(gzip.compress(c.fitting_body) + b"\0garbage" * 1000, "Content-Encoding: gzip")


@hostile
def gzip_that_is_none(c: Conversation) -> None:
    c.respond(None, "Content-Encoding: gzip")


@hostile
def brotli(c: Conversation) -> None:
    c.respond(bytes(range(256)) * 4, "Content-Encoding: br")


@hostile
def unknown_coding(c: Conversation) -> None:
    c.respond(None, "Content-Encoding: \x1b[31mrot13\x1b]0;x\x07")


@hostile
def hundred_mebibytes(c: Conversation) -> None:
    c.begin(f"Content-Length: {100 * MIB}")
    c.send(b"[", *[b" " * MIB] * 99, b" " * (MIB - 2), b"]")


@hostile
def sixty_mebibytes_of_rows(c: Conversation) -> None:
    c.respond(_make_rows(500_000))


@hostile
def fifteen_mebibytes_of_rows(c: Conversation) -> None:
    c.respond(_make_rows(140_000))


@hostile
def fifteen_mebibytes_in_one_text(c: Conversation) -> None:
    c.respond(json.dumps({"id": "x" * (15 * MIB)}).encode())


@hostile
def fifteen_mebibytes_of_short_lists(c: Conversation) -> None:
    c.respond(b"[" + b"[],{}," * (2 * MIB) + b"1]")


@hostile
def different_mebibytes(c: Conversation) -> None:
    c.respond(json.dumps({"id": random.Random(c.number).randbytes(2 * MIB).hex()}).encode())


@hostile
def sixteen_kibibytes_of_different_rows(c: Conversation) -> None:
    c.respond(json.dumps([{**ROW, "id": f"{c.number}-{i}", "name": "x" * 900} for i in range(300)]).encode())


@hostile
def endless_body(c: Conversation) -> None:
    c.begin()
    c.send(b"[")
    while not c.wait(0):
        c.send(b'{"id":"r"},' * 6000)


@hostile
def endless_chunks(c: Conversation) -> None:
    c.send_chunks(itertools.repeat(b'{"id":"r"},' * 6000))


@hostile
def endless_small_chunks(c: Conversation) -> None:
    c.send_chunks(itertools.repeat(b" "))


@hostile
def endless_events(c: Conversation) -> None:
    c.begin(kind="text/event-stream")
    c.drip(itertools.repeat(b'data: {"id":"r-1"}\n\n'), 0.05)


@hostile
def deep_lists(c: Conversation) -> None:
    c.respond(b"[" * 100_000 + b"]" * 100_000)


@hostile
def deep_lists_left_open(c: Conversation) -> None:
    c.respond(b"[" * 100_000)


@hostile
def deep_objects(c: Conversation) -> None:
    c.respond(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


@hostile
def rather_deep_lists(c: Conversation) -> None:
    c.respond(b"[" * 900 + b"]" * 900)


@hostile
def rather_deep_rows(c: Conversation) -> None:
    c.respond(json.dumps(ROW).encode()[:-1] + b',"more":' + b'{"a":' * 400 + b"1" + b"}" * 401)


@hostile
def hundred_levels(c: Conversation) -> None:
    c.respond(b'[{"id":"r-1","more":' + b'{"a":[' * 45 + b"1" + b"]}" * 45 + b"}]")


@hostile
def two_thousand_levels(c: Conversation) -> None:
    c.respond(b'{"a":' * 2000 + b"1" + b"}" * 2000)


@hostile
def huge_integer(c: Conversation) -> None:
    c.respond(b'[{"id":"r-1","size":' + b"9" * 100_000 + b"}]")


@hostile
def huge_exponent(c: Conversation) -> None:
    c.respond(b'[{"id":"r-1","size":1e999},{"id":"r-2","size":-1e9999},{"id":"r-3","size":1e400000000}]')


@hostile
def long_fraction(c: Conversation) -> None:
    c.respond(b'[{"id":"r-1","size":0.' + b"3" * 100_000 + b"}]")


@hostile
def integers_beyond_64_bits(c: Conversation) -> None:
    c.respond(b'[{"id":18446744073709551616,"size":-99999999999999999999999999},{"id":9223372036854775808}]')


@hostile
def not_a_number(c: Conversation) -> None:
    c.respond(b'[{"id":"r-1","size":NaN},{"id":"r-2","size":Infinity},{"id":"r-3","size":-Infinity}]')


@hostile
def lone_surrogates(c: Conversation) -> None:
    c.respond(b'[{"id":"\\ud800","name":"\\udfff x","\\ud83d":1,"state":"\\udc00"}]')


@hostile
def lone_surrogates_in_utf_8(c: Conversation) -> None:
    c.respond(b'[{"id":"\xed\xa0\x80","name":"\xed\xb0\x80"}]')


@hostile
def duplicate_keys(c: Conversation) -> None:
    c.respond(b'[{"id":"r-1","id":"r-2","id":[],"state":"open","state":7}]')


@hostile
def invalid_utf_8(c: Conversation) -> None:
    c.respond(b'[{"id":"\xff\xfe\xc0\x80","name":"\xf8\x88\x80\x80\x80"}]')


@hostile
def byte_order_mark(c: Conversation) -> None:
    c.respond(b"\xef\xbb\xbf" + c.fitting_body)


@hostile
def utf_16(c: Conversation) -> None:
    c.respond(c.fitting_body.decode().encode("utf-16"))


@hostile
def null_bytes(c: Conversation) -> None:
    c.respond(b'\0[{"id":"r\0-1"}]\0\0')


@hostile
def null_characters(c: Conversation) -> None:
    c.respond(b'[{"id":"r\\u0000-1","name":"\\u0000"}]')


@hostile
def hundred_thousand_keys(c: Conversation) -> None:
    c.respond(json.dumps([{f"k{i}": i for i in range(100_000)}]).encode())


@hostile
def long_keys(c: Conversation) -> None:
    c.respond(json.dumps([{"k" * MIB: 1, "": 2, "__proto__": {"id": 1}, "a/b~c": {}}]).encode())


TRICKS = (
    *("\x1b]52;c;cm0=\x07", "\x1b[2J\x1b[31mred", "\n::error::planted", "\r\n::add-mask::x", "a\u202eb\u2066c\u2069"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "```\n# planted\n```"),
    *("| a | b |\n|---|---|", "\u2028::error::planted", "\x9b31m", "\x85", "\u200b\ufeff", "%0A::error::planted"),
    *(
        "##[error]planted",
        "[redacted]",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "'; rm -rf / #",
        "$(touch planted)",
        "`id`",
        "]]>",
    ),
)
"""Texts that a terminal, a CI runner, a browser or a shell obeys, if it gets them as they are."""


@hostile
def tricks_as_values(c: Conversation) -> None:
    c.respond(json.dumps([{**ROW, "id": trick, "state": trick, "created_at": trick} for trick in TRICKS]).encode())


@hostile
def tricks_as_keys(c: Conversation) -> None:
    c.respond(json.dumps([{**ROW, trick: trick} for trick in TRICKS]).encode())


@hostile
def tricks_in_one_value(c: Conversation) -> None:
    text = c.choose(TRICKS)
    c.respond(json.dumps({"id": text, "state": text, "size": text, text: {text: text}}).encode())


@hostile
def tricks_as_errors(c: Conversation) -> None:
    text = c.choose(TRICKS)
    c.respond(json.dumps({"detail": text, "message": text, "error": {text: text}}).encode(), status="400 Bad Request")


@hostile
def page_of_html(c: Conversation) -> None:
    c.respond(b"<html><script>alert(1)</script>" + b"<p>" * 100_000, kind="text/html")


@hostile
def many_bytes_of_noise(c: Conversation) -> None:
    c.respond(random.Random(c.number).randbytes(MIB), kind="application/octet-stream")


@hostile
def yaml_bomb(c: Conversation) -> None:
    lines = ["openapi: 3.1.0", "a0: &a0 x", *(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]" for i in range(9))]
    c.respond("\n".join(lines).encode(), kind="application/yaml")
