"""Settings: options first, then specduet.toml, then defaults; what cannot be meant is refused with its line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.session.option_table import OPTIONS, to_arguments
from specduet.contracts.session.settings import RunSettings, resolve_settings
from specduet.specs import SpecduetError, SpecError, UsageError

URL = {"url": "http://127.0.0.1:1"}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)


def from_file(text: str, given: Mapping[str, Any] | None = None, *apis: str) -> RunSettings:
    Path("specduet.toml").write_text(text, encoding="utf-8")
    return resolve_settings(apis, given or {})


def test_defaults() -> None:
    """A URL alone is enough; the rest has the documented defaults."""
    settings = resolve_settings((), URL)
    assert (settings.profile, settings.seed, settings.fail_on, settings.mock) == ("smoke", 1, "error", False)
    assert (settings.headers, settings.auth, settings.params, settings.accepted) == ((), (), {}, ())


def test_every_setting_can_stand_in_the_file() -> None:
    """Each option has a key of its own name; paths are seen from the file's folder."""
    folder = Path("sub")
    folder.mkdir()
    Path(folder, "values.yaml").write_text("run_id: [a, b]\n", encoding="utf-8")
    Path(folder, "known.yaml").write_text("accepted: []\n", encoding="utf-8")
    file = folder / "specduet.toml"
    file.write_text(
        """
        apis = ["orders"]
        url = "http://127.0.0.1:1/"
        profile = "deep"
        seed = 7
        fail-on = "warning"
        report = "out"
        max-time = 5
        max-requests = 9
        max-response-time = 0.5
        allow-writes = true
        rate-limit = 2.5
        insecure = true
        dry-run = true
        baseline = "known.yaml"
        params-file = "values.yaml"
        headers = {X-Team = "blue"}
        auth = {key = "k"}
        params = {thread_id = ["t1", "t2"], limit = 3}
        """,
        encoding="utf-8",
    )
    settings = resolve_settings((), {}, file)
    assert (settings.apis, settings.url, settings.profile, settings.seed) == (
        ("orders",),
        "http://127.0.0.1:1",
        "deep",
        7,
    )
    assert (settings.fail_on, settings.report, settings.baseline) == ("warning", folder / "out", folder / "known.yaml")
    assert (settings.max_time, settings.max_requests, settings.max_response_time) == (5, 9, 0.5)
    assert (settings.allow_writes, settings.rate_limit, settings.insecure, settings.dry_run) == ("own", 2.5, True, True)
    assert (settings.headers, settings.auth) == ((("X-Team", "blue"),), (("key", "k"),))
    assert settings.params == {"run_id": ("a", "b"), "thread_id": ("t1", "t2"), "limit": ("3",)}


def test_options_win_over_the_file() -> None:
    """An option replaces the file's setting; of pairs, name by name."""
    settings = from_file(
        'url = "http://file"\nseed = 2\n[auth]\nkey = "file"\nother = "o"\n[params]\nid = "file"\n',
        {"url": "http://option", "seed": 3, "auth": ["key=a", "key=b"], "params": ["id=1", "id=2"]},
    )
    assert (settings.url, settings.seed) == ("http://option", 3)
    assert settings.auth == (("key", "a"), ("key", "b"), ("other", "o"))
    assert settings.params == {"id": ("1", "2")}


def test_an_api_has_its_own_address_and_credential() -> None:
    """The table of an API holds for it alone: its credential carries its name."""
    text = """
    auth = {key = "general"}
    [api.orders]
    url = "http://orders"
    auth = {key = "own"}
    [api.parcels]
    url = "http://parcels"
    auth = {key = "others"}
    """
    settings = from_file(text, {}, "orders")
    assert settings.url == "http://orders"
    assert settings.auth == (("orders:key", "own"), ("key", "general"))
    with pytest.raises(UsageError, match="different URLs"):
        from_file(text, {}, "orders", "parcels")


def test_credentials_of_another_address_stay_at_home() -> None:
    """A credential that the file keeps for one API's address is not sent to a different one."""
    text = '[api.orders]\nurl = "http://orders"\nauth = {key = "own"}\n'
    assert from_file(text, URL).auth == ()


def test_a_mock_gets_nothing_of_a_real_service() -> None:
    """With --mock, addresses, credentials and ids of the file are left aside: they belong to the real service."""
    text = 'url = "http://real"\nfail-on = "warning"\nauth = {key = "real"}\nparams = {id = "real"}\n'
    settings = from_file(text, {"mock": True, "params": ["id=mine"]})
    assert (settings.url, settings.mock, settings.auth) == ("", True, ())
    assert settings.params == {"id": ("mine",)}
    assert settings.fail_on == "warning"


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """${NAME} is replaced; a name that the environment does not have is an error that names it."""
    monkeypatch.setenv("ORDERS_KEY", "from outside")
    assert from_file('url = "http://x"\n[auth]\nkey = "a ${ORDERS_KEY} b"').auth == (("key", "a from outside b"),)
    with pytest.raises(SpecError, match="no variable ORDERS_TOKEN"):
        from_file('url = "http://x"\n[auth]\nkey = "${ORDERS_TOKEN}"')


def test_deep_looks_elsewhere_every_time() -> None:
    """smoke has a fixed seed; deep takes a new one, unless one is given."""
    assert len({resolve_settings((), {**URL, "profile": "deep"}).seed for _ in range(8)}) > 1
    assert resolve_settings((), {**URL, "profile": "deep", "seed": 5}).seed == 5


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('url = "http://x"\nfail_on = "error"\n', 2, "unknown key 'fail_on'; did you mean 'fail-on'?"),
        ('api = "orders"\n', 1, "'api' is a table of tables; did you mean 'apis'?"),
        ('url = "http://x"\n\nseed = "1"\n', 3, "'seed' is a whole number"),
        ('profile = "quick"\n', 1, "'profile' is one of smoke, deep"),
        ("seed = true\n", 1, "'seed' is a whole number"),
        ("headers = []\n", 1, "'headers' is a table"),
        ('apis = "orders"\n', 1, "'apis' is a list"),
        ("[api.orders]\nseed = 1\n", 2, "unknown key 'seed' of an API"),
        ('url = "http://x\n', 1, "does not parse as TOML"),
        ('[[accepted]]\ncode = "SD201"\n', None, "needs 'operation'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(text: str, line: int | None, message: str) -> None:
    """A key or value that cannot be meant is an error, with the file and, where there is one, the line."""
    with pytest.raises(SpecError) as caught:
        from_file(text, URL)
    assert message in str(caught.value)
    assert caught.value.line == line
    assert caught.value.file == Path("specduet.toml")


def test_a_baseline_that_is_there_is_used() -> None:
    """The file that ``--update-baseline`` writes by default is read by default."""
    assert resolve_settings((), URL).baseline is None
    Path("specduet-baseline.yaml").write_text("accepted: []\n", encoding="utf-8")
    assert resolve_settings((), URL).baseline == Path("specduet-baseline.yaml")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "what is to be tested?"),
        ({**URL, "mock": True}, "exclude each other"),
        ({**URL, "params": ["thread_id"]}, "--param takes NAME=VALUE"),
        ({**URL, "auth": ["=x"]}, "--auth takes SCHEME=VALUE"),
        ({**URL, "headers": ["Authorization Bearer"]}, "--header takes 'NAME: VALUE'"),
        ({**URL, "max_time": 0.0}, "--max-time must be greater than 0"),
        ({**URL, "max_requests": -1}, "--max-requests must be greater than 0"),
        ({**URL, "baseline": Path("missing.yaml")}, "cannot be read"),
        ({**URL, "params_file": Path("missing.yaml")}, "cannot be read"),
    ],
)
def test_wrong_options_are_refused(given: dict[str, Any], message: str) -> None:
    """An option that cannot be meant is an operator error with a sentence."""
    with pytest.raises(SpecduetError, match=message):
        resolve_settings((), given)


def test_a_refused_credential_is_not_shown() -> None:
    """A mistyped credential is refused without quoting what may be a secret."""
    with pytest.raises(UsageError) as caught:
        resolve_settings((), {**URL, "auth": ["tops3cret"]})
    assert "tops3cret" not in str(caught.value)


def test_a_named_file_has_to_be_there() -> None:
    """--config names a file that exists; without it, a missing specduet.toml is no mistake."""
    with pytest.raises(SpecError, match="cannot be read"):
        resolve_settings((), URL, Path("missing.toml"))


def test_options_survive_the_way_to_pytest() -> None:
    """What click gives becomes the same arguments again, in the table's order."""
    given = {
        "url": "http://x",
        "mock": False,
        "params": ("a=1", "a=2"),
        "seed": 0,
        "dry_run": True,
        "report": Path("r"),
    }
    words = "--url=http://x --param=a=1 --param=a=2 --seed=0 --report=r --dry-run"
    assert to_arguments(given) == words.split()
    assert len({flag for option in OPTIONS for flag in option.flags}) == sum(len(option.flags) for option in OPTIONS)
