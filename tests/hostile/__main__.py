"""Judge every hostile service and print a table: ``python -m tests.hostile [NAME …] [--every N]``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.hostile import bodies
from tests.hostile.answers import ANSWERS
from tests.hostile.measuring import GRACE_S, SECRET, list_faults, measure_start, run_judge
from tests.hostile.service import serve

MAX_TIME_S = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="kinds of answers, all by default")
    parser.add_argument("--every", type=int, nargs="*", default=[1, 4], help="hostile is one request in so many")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        limit_s = MAX_TIME_S + GRACE_S + 2 * measure_start(Path(folder))
    print(f"limit {limit_s:.1f} s")
    bodies.make_bombs()
    for every in arguments.every:
        for name in arguments.names or ANSWERS:
            with tempfile.TemporaryDirectory() as folder, serve(ANSWERS[name], every=every) as service:
                run = run_judge(Path(folder), service.url, "--auth", f"key={SECRET}", max_time_s=MAX_TIME_S)
                faults = list_faults(run, (0, 1, 2, 3), limit_s)
                failed += bool(faults)
                print(f"{name:36} 1/{every} exit {run.code} {run.elapsed_s:5.1f} s {run.memory_mib:4.0f} MiB "
                      f"{service.count:5} requests  {'; '.join(faults)}", flush=True)  # fmt: skip
                if run.code in {2, 3, 4} and faults:
                    print(
                        "    "
                        + run.output.strip()[-1500:]
                        .replace("\n", "\n    ")
                        .encode("ascii", "backslashreplace")
                        .decode()
                    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
