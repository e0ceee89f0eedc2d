"""Connexion is imported without its heavy companions, and works as ever for those who want them."""

import subprocess
import sys


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_mock_does_not_import_what_it_never_uses() -> None:
    """No HTTP client, no templates, no generator of cases: what start-up is won by."""
    # Connexion imports Flask, and so its templates, where it is installed: no plain install has it
    loaded = run("import sys; sys.modules['flask'] = None; import specduet.mocks.server; print(*sys.modules)").split()
    unwanted = {"httpx", "requests", "jinja2", "starlette.testclient", "hypothesis", "schemathesis", "pytest"}
    unwanted |= {
        "prance",
        "openapi_spec_validator",
        "specduet.contracts",
        "ruamel",
        "sqlalchemy",
        "rich",
        "pygments",
        "pydantic",
    }
    assert not unwanted & set(loaded)


def test_connexion_still_has_what_was_left_out() -> None:
    """A process that uses the mock and Connexion's own test client and templates finds both intact."""
    run(
        "import specduet.mocks.lazy_connexion, connexion, sys, warnings; warnings.simplefilter('ignore')\n"
        "app = connexion.AsyncApp('here')\n"
        "import jinja2, requests, starlette.testclient as real\n"
        "assert isinstance(app.test_client(), real.TestClient)\n"
        "from connexion import spec, json_schema\n"
        "assert spec.jinja2.Template is jinja2.Template\n"
        "assert json_schema.requests.get is requests.get\n"
        "assert type(sys.modules['jinja2']).__name__ == 'module'\n"
    )
