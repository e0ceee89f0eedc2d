"""One run of ``specduet test`` against a hostile service: what it took, and what it left behind."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

MAX_MEMORY_MIB = 300
GRACE_S = 5.0
"""Seconds by which a run may exceed ``--max-time``."""
REPORTS = ("report.html", "report.json", "summary.md", "junit.xml", "exchanges.har", "results.sarif")

_MEASURE = """
import resource, subprocess, sys, time
started = time.monotonic()
code = subprocess.call(sys.argv[2:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    file.write(f"{code} {time.monotonic() - started} {usage.ru_maxrss / 1024}")
"""

SECRET = "hostile+s3cret/Kept=zu Ünd"  # noqa: S105 - made up
DOCUMENT = """\
openapi: 3.1.0
info: {title: Rows, version: '1'}
security: [{key: []}]
paths:
  /rows:
    get:
      operationId: list_rows
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50, default: 10}}
        - {name: state, in: query, schema: {$ref: '#/components/schemas/State'}}
      responses:
        '200':
          description: rows
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Row'}}}}
    post:
      operationId: create_row
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/NewRow'}}}
      responses:
        '201':
          description: the new row
          content: {application/json: {schema: {$ref: '#/components/schemas/Row'}}}
        '400': {description: wrong}
  /rows/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: get_row
      responses:
        '200':
          description: a row
          content: {application/json: {schema: {$ref: '#/components/schemas/Row'}}}
        '404': {description: none}
    delete:
      operationId: delete_row
      responses: {'204': {description: gone}, '404': {description: none}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas:
    State: {type: string, enum: [open, done]}
    NewRow:
      type: object
      required: [name]
      properties: {name: {type: string, minLength: 1, maxLength: 40}, size: {type: integer, minimum: 0}}
    Row:
      type: object
      required: [id, name, state, size, created_at]
      properties:
        id: {type: string}
        name: {type: string}
        state: {$ref: '#/components/schemas/State'}
        size: {type: integer}
        created_at: {type: string, format: date-time}
"""


@dataclass(frozen=True)
class Measured:
    """One run that has ended."""

    code: int
    elapsed_s: float
    memory_mib: float
    """The largest memory of any process of the run."""
    output: str
    folder: Path
    """The folder of the reports; empty or missing where the run had nothing to tell."""


def measure_start(folder: Path) -> float:
    """Return the seconds that a run takes on this machine before its own time; what comes after takes about as long."""
    return run_judge(folder, "http://127.0.0.1:9", "--dry-run").elapsed_s


def run_judge(folder: Path, url: str, *options: str, max_time_s: float = 5.0, patience_s: float = 90.0) -> Measured:
    """Judge a service by the document of this module, within ``--max-time``, and return what it took."""
    document = folder / "rows.yaml"
    document.write_text(DOCUMENT, encoding="utf-8")
    reports = folder / "reports"
    words = [sys.executable, "-I", "-m", "specduet", "test", str(document), "--url", url, "--report", str(reports)]
    words += ["--max-time", f"{max_time_s:g}", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB")}
    environment["GITHUB_ACTIONS"] = "true"
    measures = folder / "measures"
    started = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _MEASURE, str(measures), *words],
            cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
    text = (folder / "output").read_bytes().decode("utf-8", "surrogateescape")
    if not measures.exists():
        return Measured(-9, time.monotonic() - started, 0.0, text, reports)
    code, elapsed_s, memory = (float(word) for word in measures.read_text().split())
    return Measured(int(code), elapsed_s, memory, text, reports)


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
"""Characters that steer a terminal, a viewer or an editor."""


def list_faults(run: Measured, codes: Sequence[int], limit_s: float, secrets: Sequence[str] = (SECRET,)) -> list[str]:
    """Return what is wrong with a run, in sentences; empty where every promise is kept."""
    faults = [f"exit code {run.code}, not one of {codes}"] if run.code not in codes else []
    if run.elapsed_s > limit_s:
        faults.append(f"took {run.elapsed_s:.1f} s")
    if run.memory_mib > MAX_MEMORY_MIB:
        faults.append(f"took {run.memory_mib:.0f} MiB")
    if "Traceback" in run.output:
        faults.append(f"traceback: {run.output.strip().splitlines()[-1][:200]}")
    faults += _list_faults_of_text("output", run.output, secrets)
    faults += [f"output: a runner obeys {line!r}" for line in run.output.splitlines() if _is_planted(line)]
    if run.code in {0, 1, 2, 130} and run.folder.exists():
        faults += _list_faults_of_reports(run.folder, secrets)
    elif run.code in {0, 1}:
        faults.append("no reports")
    return faults


def _list_faults_of_reports(folder: Path, secrets: Sequence[str]) -> Iterator[str]:
    for name in REPORTS:
        path = folder / name
        if not path.exists():
            yield f"{name} is missing"
            continue
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        yield from _list_faults_of_text(name, text, secrets)
        try:
            _parse(name, text)
        except (ValueError, ET.ParseError) as error:
            yield f"{name} is not valid: {error}"


def _parse(name: str, text: str) -> None:
    if name.endswith(".xml"):
        ET.fromstring(text)  # noqa: S314 - the project has written it
    elif not name.endswith((".md", ".html")):
        json.loads(text)


def _list_faults_of_text(name: str, text: str, secrets: Sequence[str]) -> Iterator[str]:
    found = sorted({f"U+{ord(c):04X}" for c in _STEERING.findall(text)})
    if found:
        yield f"{name}: holds {' '.join(found)}"
    if any("\udc80" <= c <= "\udcff" for c in text):
        yield f"{name}: is not UTF-8"
    yield from (f"{name}: shows a secret" for secret in secrets if secret in text)


def _is_planted(line: str) -> bool:
    return (line.lstrip().startswith("::") and "planted" in line[:30]) or re.search(r"##(\w*)\[", line) is not None


def read_report(run: Measured) -> Any:
    return json.loads((run.folder / "report.json").read_text(encoding="utf-8"))
