"""The places that start-up is measured in: an environment with the mock's own dependencies alone, and Prism's."""

import json
import re
import shutil
import subprocess
import sys

from benchmarks.servers import HOME

SCRATCH = HOME / "build" / "bench"
# Prism's newest release asks for it (its package.json, `engines`).
NODE = (24, 18)


def lean_python() -> str:
    """The interpreter of an environment that holds this project and its base dependencies; made once, then updated."""
    folder = SCRATCH / "lean"
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        constraints = ["--constraint", "constraints.txt"] if (HOME / "constraints.txt").exists() else []
        subprocess.run([*pip, *constraints, "."], cwd=HOME, check=True)
    subprocess.run([*pip, "--no-deps", "--force-reinstall", "."], cwd=HOME, check=True)
    return str(python)


def prism() -> list[str] | None:
    """The command that Prism starts with, or None where Node or npm is missing."""
    folder = SCRATCH / "prism"
    script = folder / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    npm = shutil.which("npm")
    if not script.exists() and npm is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True}))
        # npm has Node itself, for machines whose own is older
        packages = ["@stoplight/prism-cli", *(() if _node() else ("node@24",))]
        done = subprocess.run([npm, "install", "--silent", *packages], cwd=folder, check=False)
        if done.returncode:
            return None
    own = folder / "node_modules" / "node" / "bin" / "node"
    node = _node() or (str(own) if own.exists() else None)
    return [node, str(script)] if node and script.exists() else None


def _node() -> str | None:
    node = shutil.which("node")
    if node is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return node if found and (int(found[1]), int(found[2])) >= NODE else None
