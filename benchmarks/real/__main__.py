"""Install, start and judge real services, and hold their findings against those that were read.

``python -m benchmarks.real [NAME…] [--max-time SECONDS] [-- OPTIONS OF specduet test]``
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.real.reading import Verdicts, load_readings, sort_findings
from benchmarks.real.real_service import RealService
from benchmarks.real.running import MissingProgram, Place, install_service, list_headers, start_service
from benchmarks.real.services import SERVICES


def save_document(place: Place, headers: list[str]) -> Path:
    """Write the document that the service has of itself into its folder."""
    request = urllib.request.Request(
        place.url + place.service.document, headers=dict(header.split(": ", 1) for header in headers)
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        data = response.read()
    path = place.home / ("openapi.json" if data.lstrip().startswith(b"{") else "openapi.yaml")
    path.write_bytes(data)
    return path


def judge_service(service: RealService, options: list[str]) -> tuple[dict[str, Any], float]:
    """Return the report of one run against a freshly started service, and its seconds."""
    with start_service(service) as place:
        headers = list_headers(place)
        document = save_document(place, headers)
        command = [sys.executable, "-m", "specduet", "test", str(document), "--url", place.url]
        command += [word for header in headers for word in ("-H", header)]
        command += ["--report", str(place.home / "report"), "--name", service.name, *options]
        start = time.monotonic()
        with (place.home / "output.txt").open("w", encoding="utf-8") as output:
            subprocess.run(command, cwd=place.home, stdout=output, stderr=output, check=False)
        report = json.loads((place.home / "report" / "report.json").read_text(encoding="utf-8"))
        return report, time.monotonic() - start


def print_verdicts(name: str, report: dict[str, Any], seconds: float, verdicts: Verdicts) -> None:
    total = sum(map(len, (verdicts.true, verdicts.false, verdicts.unread)))
    counts = f"{len(verdicts.true)} true, {len(verdicts.false)} false, {len(verdicts.unread)} not read"
    print(f"{name:10} {report['requests']['sent']:7,} requests {seconds:5.0f} s  {total:3} findings: {counts}")
    for word, findings in (("false", verdicts.false), ("not read", verdicts.unread)):
        for finding in findings:
            print(f"  {word}: {finding['severity']} {finding['code']} {finding['operation']}: {finding['message']}")


def main() -> int:
    """Judge the services that are named, by default all that can be started; 1 where one is false or not read."""
    parser = argparse.ArgumentParser(description="Judge real services.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(service.name for service in SERVICES))
    parser.add_argument("--max-time", default="120", help="of specduet test")
    arguments, options = parser.parse_known_args()
    unknown = set(arguments.names) - {service.name for service in SERVICES}
    if unknown:
        parser.error(f"there is no service {', '.join(sorted(unknown))}")
    is_read = True
    for service in SERVICES:
        if arguments.names and service.name not in arguments.names:
            continue
        try:
            install_service(service)
        except MissingProgram as error:
            print(f"{service.name:10} left out: {error}")
            continue
        report, seconds = judge_service(service, ["--max-time", arguments.max_time, *options])
        verdicts = sort_findings(report["findings"], load_readings(service.name))
        print_verdicts(service.name, report, seconds, verdicts)
        is_read = is_read and not verdicts.false and not verdicts.unread
    return 0 if is_read else 1


if __name__ == "__main__":
    sys.exit(main())
