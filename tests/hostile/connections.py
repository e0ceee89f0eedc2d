"""Connections: silence, drips, resets, and bytes that nobody has asked for."""

import itertools
import socket
import struct

from tests.hostile.service import Conversation, hostile


def _reset(c: Conversation) -> None:
    """Break the connection so that the other side gets an error instead of an end."""
    c.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.connection.close()


@hostile
def silence(c: Conversation) -> None:
    c.wait()


@hostile
def hang_up(c: Conversation) -> None:
    c.connection.close()


@hostile
def reset_at_once(c: Conversation) -> None:
    _reset(c)


@hostile
def reset_in_the_head(c: Conversation) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nContent-")
    _reset(c)


@hostile
def reset_in_the_body(c: Conversation) -> None:
    c.begin("Content-Length: 100")
    c.send(b"[")
    _reset(c)


@hostile
def reset_after_the_answer(c: Conversation) -> None:
    c.respond()
    _reset(c)


@hostile
def end_in_a_chunk(c: Conversation) -> None:
    c.begin("Transfer-Encoding: chunked")
    c.send(b"100\r\n[")
    c.connection.close()


@hostile
def silence_after_the_head(c: Conversation) -> None:
    c.begin("Content-Length: 100")
    c.wait()


@hostile
def dripping_status(c: Conversation) -> None:
    c.drip(bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\n" * 100)


@hostile
def dripping_headers(c: Conversation) -> None:
    c.send(b"HTTP/1.1 200 OK\r\n")
    c.drip(f"X-{i}: {i}\r\n".encode() for i in range(90))


@hostile
def dripping_body(c: Conversation) -> None:
    c.begin("Content-Length: 1000")
    c.drip(itertools.repeat(b" ", 1000))


@hostile
def dripping_chunks(c: Conversation) -> None:
    c.begin("Transfer-Encoding: chunked")
    c.drip(itertools.repeat(b"1\r\n \r\n"))


@hostile
def dripping_informational(c: Conversation) -> None:
    c.drip(itertools.repeat(b"HTTP/1.1 102 Processing\r\n\r\n"))


@hostile
def slow_but_right(c: Conversation) -> None:
    if not c.wait(0.7):
        c.respond()


@hostile
def two_answers(c: Conversation) -> None:
    c.respond()
    c.respond(b'{"id":"smuggled"}', status="500 Planted")


@hostile
def answer_and_garbage(c: Conversation) -> None:
    c.respond()
    c.send(b"\0\xff garbage \r\n\r\n" * 100)


@hostile
def answer_and_bytes_without_end(c: Conversation) -> None:
    c.respond()
    while not c.wait(0):
        c.send(b"x" * 65536)
