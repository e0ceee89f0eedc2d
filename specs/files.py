"""Files as bytes and as text: only regular files of a bounded size, in any encoding of Unicode."""

import codecs
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from specduet.specs.bounds import FILE_BYTES
from specduet.specs.errors import UnreadableFile
from specduet.specs.problem_log import ProblemLog

# UTF-32 first: its little-endian mark begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
_ESCAPE = re.compile(
    r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HAS_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file. Raises ``UnreadableFile`` for a pipe, a device and more than the bound."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for its writer, a device may never end
            kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "a device")
            raise UnreadableFile(f"is {kind}, not a file", file=path)
        with path.open("rb") as file:
            data = file.read(FILE_BYTES.value + 1)
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {(error.strerror or str(error)).lower()}", file=path) from error
    except ValueError as error:  # a NUL in the name
        raise UnreadableFile(f"cannot be read: {error}", file=path) from error
    if len(data) > FILE_BYTES.value:
        raise UnreadableFile(f"has more than {FILE_BYTES.value:,} bytes, and is not read", file=path)
    return data


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """Give a file beside a path to write to, which takes its place in the end: a full disk costs nothing that is there.

    Whatever ``OSError`` there is, it is raised, and the file beside the path is gone.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def decode_text(data: bytes, log: ProblemLog) -> str:
    """Return the text of a file: UTF-8, or what its byte order mark says."""
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    data = data[len(mark) :]
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, errors="replace").count("\n") + 1
        log.report(f"has bytes that are not {encoding.upper()}", "each is read as U+FFFD", line)
        return data.decode(encoding, errors="replace")


def repair_surrogates(text: str) -> tuple[str, int | None]:
    r"""Return the text without half pairs such as ``\ud800``, and the line of the first.

    A half is no character: it cannot be sent or written. It becomes ``\ufffd``, of the same length.
    """
    if not _HAS_SURROGATE.search(text):
        return text, None
    halves = [match.start() for match in _ESCAPE.finditer(text) if match[0] != "\\\\" and match[1] is None]
    if not halves:
        return text, None
    repaired = _ESCAPE.sub(lambda m: m[0] if m[0] == "\\\\" or m[1] else r"\ufffd", text)
    return repaired, text.count("\n", 0, halves[0]) + 1


def join_surrogates(text: str) -> str:
    r"""Return the text with each escaped pair (``\ud83d\ude00``) as the character: JSON escapes so, YAML does not."""

    def join(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0] if match[0] == "\\\\" else r"\ufffd"
        return chr(0x10000 + ((int(match[1], 16) & 0x3FF) << 10) + (int(match[2], 16) & 0x3FF))

    return _ESCAPE.sub(join, text)
