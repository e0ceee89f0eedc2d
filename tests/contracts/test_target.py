"""The target: what was typed becomes a base URL, credentials, headers and parameters."""

import pytest

from specduet.contracts.sending.target import Target, choose_security
from specduet.specs import Api, UsageError


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com/v2/", "https://api.example.com/v2"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_base_url_may_have_a_path_prefix(typed: str, base: str) -> None:
    """The URL is taken as it is, without its last slash."""
    assert base == Target.parse(typed).url


@pytest.mark.parametrize(
    "typed",
    ["", "runs", "ftp://example.com", "http://", "http://x:port", "http://x?a=1", "http://x#top", "http://[::1"],
)
def test_what_is_no_base_url_is_an_operator_error(typed: str) -> None:
    """A wrong URL raises ``UsageError`` before anything is sent."""
    with pytest.raises(UsageError, match=r"is no (base )?URL"):
        Target.parse(typed)


@pytest.mark.parametrize("text", ["thread_id", "=x", ""])
def test_a_pair_needs_a_name_and_a_value(text: str) -> None:
    """``--param`` and ``--auth`` take NAME=VALUE, and the error says so."""
    with pytest.raises(UsageError, match="NAME=VALUE"):
        Target.parse("http://x", params=[text])


@pytest.mark.parametrize("text", ["no colon", ": value", "X Y: a"])
def test_a_header_needs_a_name_and_a_colon(text: str) -> None:
    """``-H`` takes one header, and its name is a token (RFC 9110, 5.1)."""
    with pytest.raises(UsageError, match="Name: value"):
        Target.parse("http://x", headers=[text])


@pytest.mark.parametrize("value", ["hunter\r\nX-Injected: 1", "hunter\n", "hunter\x00"])
def test_a_secret_with_a_line_break_is_rejected_and_not_shown(value: str) -> None:
    """No header is injected, and the error names the option only."""
    for options in ({"headers": [f"cc-key: {value}x"]}, {"credentials": [f"cc-key={value}x"]}):
        with pytest.raises(UsageError, match="control character") as caught:
            Target.parse("http://x", **options)  # type: ignore[arg-type]
        assert "hunter" not in str(caught.value)


def test_an_error_does_not_repeat_the_secret() -> None:
    """A text that may hold a credential is not quoted in an error."""
    for options in ({"headers": ["hunter22222"]}, {"credentials": ["hunter22222"]}):
        with pytest.raises(UsageError) as caught:
            Target.parse("http://x", **options)  # type: ignore[arg-type]
        assert "hunter22222" not in str(caught.value)


def test_repeated_params_are_kept_in_order() -> None:
    """``--param thread_id=a --param thread_id=b`` gives two threads."""
    assert Target.parse("http://x", params=["thread_id=a", "thread_id=b"]).params == {"thread_id": ("a", "b")}


def test_a_header_that_is_a_schemes_is_its_credential(nx1: Api, cloudcruise: Api, seekrflow: Api) -> None:
    """``-H`` with a scheme's header is recognised, per API, and is no extra header there."""
    target = Target.parse("http://x", headers=["Authorization: Bearer abc", "cc-key: k", "X-Trace: 1"])
    assert target.list_callers(nx1) == [{"OAuth2AuthorizationCodeBearer": "abc"}]
    assert target.list_callers(cloudcruise) == [{"cc-key": "k"}]
    assert target.list_callers(seekrflow) == [{"APIKeyHeader": "Bearer abc"}]
    assert target.extra_headers(nx1) == (("cc-key", "k"), ("X-Trace", "1"))


def test_a_header_without_the_schemes_prefix_is_no_credential(nx1: Api) -> None:
    """A bearer token is one only behind ``Bearer``; anything else goes along as it is."""
    target = Target.parse("http://x", headers=["Authorization: abc"])
    assert target.list_callers(nx1) == []
    assert target.extra_headers(nx1) == (("Authorization", "abc"),)


def test_credentials_by_scheme_name_may_name_the_api(nx1: Api, seekrflow: Api) -> None:
    """Two APIs call different schemes ``APIKeyHeader``: ``api:scheme`` tells them apart."""
    target = Target.parse("http://x", credentials=["nx1:APIKeyHeader=one", "APIKeyHeader=two"])
    assert target.list_callers(nx1) == [{"APIKeyHeader": "one"}]
    assert target.list_callers(seekrflow) == [{"APIKeyHeader": "two"}]


def test_several_credentials_are_several_callers(cloudcruise: Api) -> None:
    """The first caller is the one that requests are sent as."""
    target = Target.parse("http://x", credentials=["cc-key=a", "cc-key=b"])
    assert target.list_callers(cloudcruise) == [{"cc-key": "a"}, {"cc-key": "b"}]


def test_a_user_in_the_url_is_basic_authentication_and_leaves_the_url() -> None:
    """A password in the URL is sent as RFC 7617 says, and stands in the URL no more."""
    target = Target.parse("http://amara:s3cret%21@127.0.0.1:1/x")
    assert target.url == "http://127.0.0.1:1/x"
    assert target.headers == (("Authorization", "Basic YW1hcmE6czNjcmV0IQ=="),)
    assert "s3cret" not in target.collect_secrets().mask("the password is s3cret!")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://localhost", True),
        ("http://mock.localhost", True),
        ("http://[::1]", True),
        ("http://0.0.0.0:1", True),
        ("http://10.0.0.1", False),
        ("https://localhost.example.com", False),
        ("https://127.0.0.1.example.com", False),
    ],
)
def test_loopback_is_this_machine_alone(url: str, *, expected: bool) -> None:
    """A host that is not surely this machine is not loopback."""
    assert expected is Target.parse(url).loopback


def test_off_loopback_only_safe_methods_are_allowed(nx1: Api) -> None:
    """A POST to somebody else's service needs ``--allow-writes``."""
    away, home = Target.parse("https://example.com"), Target.parse("http://127.0.0.1")
    post = nx1.operation("run_preset_crew_api_crews_run_post")
    assert not away.can_send(post)
    assert away.can_send(nx1.operation("list_runs_api_crew_runs_get"))
    assert home.can_send(post)
    assert Target.parse("https://example.com", allow_writes=True).can_send(post)


def test_the_first_alternative_that_is_satisfied_is_chosen(nx1: Api) -> None:
    """Security requirements are alternatives; one that lacks a credential is not taken."""
    operation = nx1.operations[0]
    assert choose_security(operation, {"APIKeyHeader": "x"}) == ("APIKeyHeader",)
    assert choose_security(operation, {}) is None
