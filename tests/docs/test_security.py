"""Every promise of docs/security.md names a test that there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| promise")]


def test_every_promise_names_a_test() -> None:
    """A row without a test promises nothing."""
    assert len(ROWS) > 20
    assert [row for row in ROWS if not re.search(r"`tests/[\w/]+\.py", row)] == []


def test_every_test_exists() -> None:
    """The file is there, and has a function of that name."""
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)
    assert len(named) > 30
    missing = [f"{path}::{name}" for path, name in named if not _has_test(ROOT / path, name)]
    assert missing == []


def _has_test(path: Path, name: str) -> bool:
    return path.is_file() and (not name or f"def {name}(" in path.read_text(encoding="utf-8"))
