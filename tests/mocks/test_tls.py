"""HTTPS: with a certificate that is made at the start, or with the operator's own."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

COMMAND = [sys.executable, "-I", "-m", "specduet", "mock", "nx1", "--no-auth", "--port", "0"]


@contextmanager
def run_mock(*options: str) -> Iterator[list[str]]:
    """Yield the lines of the banner of a running mock."""
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while "control API" not in lines[-1]:
            lines.append(process.stdout.readline())
        if "--tls" in options:
            lines.append(process.stdout.readline())
        try:
            yield lines
        finally:
            process.terminate()


def fetch_first_run(url: str, authority: str) -> dict[str, object]:
    response = httpx.get(f"{url}/api/crew-runs?limit=1", verify=ssl.create_default_context(cafile=authority))
    runs: list[dict[str, object]] = response.json()
    return runs[0]


def test_a_new_certificate_is_trusted_by_whoever_is_told() -> None:
    """The banner names the file; every address in it is https; the file is gone with the mock."""
    with run_mock("--tls") as lines:
        url = lines[0].rpartition(" ")[2].strip()
        authority = lines[-1].partition("trust ")[2].partition(":")[0]
        assert url.startswith("https://127.0.0.1:")
        assert f"    GET {url}/api/crew-runs\n" in lines
        assert fetch_first_run(url, authority)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(url)
    assert not Path(authority).exists()


def test_your_own_certificate_is_used(tmp_path: Path) -> None:
    """``--tls-cert`` and ``--tls-key`` are served as they are, and nothing is said about trust."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with run_mock(f"--tls-cert={tmp_path}/own.pem", f"--tls-key={tmp_path}/own.pem") as lines:
        assert fetch_first_run(lines[0].rpartition(" ")[2].strip(), str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--tls-cert={file}"], "given together"),
        (["--tls-cert={file}", "--tls-key={file}"], "are no certificate with its key"),
    ],
)
def test_a_bad_certificate_is_refused_in_a_sentence(tmp_path: Path, options: list[str], sentence: str) -> None:
    """Exit code 2, and no traceback."""
    file = tmp_path / "own.pem"
    file.write_text("nothing")
    command = [*COMMAND, *(option.format(file=file) for option in options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
