"""Whole runs against hostile services: exit code, time, memory and reports are right, and show no secret."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.hostile import bodies
from tests.hostile.answers import ANSWERS
from tests.hostile.measuring import GRACE_S, SECRET, Measured, list_faults, measure_start, read_report, run_judge
from tests.hostile.service import Answer, Conversation, HostileService, serve

PATIENCE_S = 60.0
"""Seconds beyond the time of a run: the machine may be busy with other tests."""
SLOW = re.compile(
    "bomb|mebibytes|gzip-in-gzip|endless|drip|silence|never|flood|hundred-thousand|long-line|long-chunk|slow|wait"
)
DECODERS: tuple[Callable[[str], str], ...] = (
    unquote,
    html.unescape,
    lambda text: re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text),
    lambda text: re.sub(r"(?i)(?:[0-9a-f]{2}[: -]?){12,}", _decode_hex, text),
    lambda text: "\n".join(_decode_base64(text)),
)


def _decode_hex(found: re.Match[str]) -> str:
    digits = re.sub("[^0-9a-fA-F]", "", found[0])
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")


def _decode_base64(text: str) -> Iterator[str]:
    for word in set(re.findall(r"[\w+/-]{16,}", text, re.ASCII)):
        for skipped in range(4):
            data = word[skipped:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(data[: len(data) // 4 * 4]).decode("utf-8", "replace")


def list_leaks(run: Measured) -> list[str]:
    """Return where the middle of the secret can be read, by whatever decoding."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in run.folder.iterdir()} | {"output": run.output}
    middle = SECRET[4:16]
    return [f"{name} {n}" for name, text in texts.items() for n, f in enumerate(DECODERS) if middle in f(f(text))]


@pytest.fixture(scope="module")
def start_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    return measure_start(tmp_path_factory.mktemp("start"))


def test_a_run_survives_every_kind_of_answer(tmp_path: Path, start_s: float) -> None:
    """One request in three gets another kind of hostile answer: the reports are valid, complete and neutral."""
    kinds = [ANSWERS[name] for name in sorted(ANSWERS) if not SLOW.search(name)]
    service = HostileService(
        lambda c: kinds[c.number // 3 % len(kinds)] if c.number > 6 and c.number % 3 == 0 else None
    )
    try:
        run = run_judge(tmp_path, service.url, "--auth", f"key={SECRET}", max_time_s=8, patience_s=120)
    finally:
        service.close()
    assert list_faults(run, (1,), 8 + GRACE_S + start_s + PATIENCE_S) == []
    assert not [note for note in read_report(run)["notes"] if "broke off" in note]
    assert list_leaks(run) == []


def echo_everywhere(c: Conversation) -> None:
    names = [name for name in ANSWERS if name.startswith("echo-")]
    ANSWERS[c.choose(names)](c)


def unpack_all(c: Conversation) -> None:
    c.respond(bodies.make_bomb(31), "Content-Encoding: gzip", status="200 OK" if c.number % 2 else "500 Oh")


@pytest.mark.parametrize(
    ("answer", "codes"), [(echo_everywhere, (1,)), (unpack_all, (0, 1, 2, 3)), (ANSWERS["silence"], (3,))]
)
def test_a_run_keeps_its_promises(tmp_path: Path, start_s: float, answer: Answer, codes: tuple[int, ...]) -> None:
    """A service that repeats the key, one that sends bombs, and one that says nothing."""
    bodies.make_bomb(31)
    with serve(answer) as service:
        run = run_judge(tmp_path, service.url, "--auth", f"key={SECRET}", max_time_s=3, patience_s=120)
    assert list_faults(run, codes, 3 + GRACE_S + start_s + PATIENCE_S) == []
    if answer is echo_everywhere:
        assert list_leaks(run) == []
        assert json.loads((run.folder / "exchanges.har").read_text(encoding="utf-8"))["log"]["entries"]
