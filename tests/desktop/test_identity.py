"""Signing in with Google: the real library against a server that speaks Google's wire. Whatever goes wrong is
one sentence, and nobody is let in."""

import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from desktop.identity.google import Attempt, Google, SignedIn
from desktop.identity.id_token import Identity
from shared.errors import AccountRefused, SignInFailed
from shared.settings import GoogleOAuthSection
from tests.peers.google_oauth import GooglePeer
from tests.peers.web import Fault

ANITA, BALA, GUEST = "anita@vmart.example", "bala@vmart.example", "guest@mail.example"


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GooglePeer]:
    accounts = [
        (ANITA, "Anita Rao", "vmart.example"),
        (BALA, "Bala K", "vmart.example"),
        (GUEST, "Guest", ""),
    ]
    with GooglePeer(*accounts) as google:
        certificate = tmp_path / "google.pem"
        certificate.write_bytes(google.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setenv("BROWSER_TRUSTS", str(certificate))
        yield google


def made(section: GoogleOAuthSection) -> Google:
    """With less patience than a person needs: a test that hangs says so soon."""
    return Google(section, patience_seconds=30)


def page(url: str, **more: object) -> requests.Response:
    """As the person's browser has it."""
    trusted = os.environ["BROWSER_TRUSTS"]
    return requests.get(url, verify=trusted, timeout=10, allow_redirects=False, **more)  # type: ignore[arg-type]


def answer_of(peer: GooglePeer, link: str, account: str) -> str:
    """Where the browser goes after the person has chosen."""
    asked = page(link)
    assert asked.status_code == 200, asked.text
    [to] = [part.split('"')[0] for part in asked.text.split('href="')[1:] if f">{account}<" in part]
    return page(peer.url + to.replace("&amp;", "&")).headers["Location"]


def signed_in(attempt: Attempt, browser: Callable[[], object]) -> SignedIn:
    """What the program gets while ``browser`` does something."""
    threading.Thread(target=browser, daemon=True).start()
    return attempt.wait()


def sign_in(google: Google, peer: GooglePeer, account: str = ANITA) -> SignedIn:
    attempt = google.begin()
    return signed_in(attempt, lambda: page(answer_of(peer, attempt.link, account)))


def refusal(google: Google, peer: GooglePeer, account: str = ANITA) -> str:
    with pytest.raises(SignInFailed) as failed:
        sign_in(google, peer, account)
    return failed.value.message


# -- The whole way --------------------------------------------------------------------------


def test_who_signs_in_is_known_by_name_and_address_and_can_be_renewed_and_revoked(peer: GooglePeer) -> None:
    google = made(peer.section())
    found = sign_in(google, peer)
    assert found.identity == Identity(subject="100", email=ANITA, name="Anita Rao", domain="vmart.example")
    assert google.renew(found.refresh_token) == found.identity
    assert google.revoke(found.refresh_token)
    with pytest.raises(AccountRefused, match="ended this sign-in"):
        google.renew(found.refresh_token)
    assert google.revoke(found.refresh_token), "a token that Google does not know is as good as revoked"


def test_the_link_carries_pkce_state_nonce_and_a_port_of_this_computer(peer: GooglePeer) -> None:
    attempt = made(peer.section(hosted_domain="vmart.example")).begin(email=ANITA)
    asked = {name: found[0] for name, found in parse_qs(urlsplit(attempt.link).query).items()}
    attempt.call_off("over")
    assert (asked["code_challenge_method"], asked["access_type"]) == ("S256", "offline")
    assert (asked["login_hint"], asked["hd"]) == (ANITA, "vmart.example")
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert "client_secret" not in asked


def test_two_attempts_share_nothing(peer: GooglePeer) -> None:
    google = made(peer.section())
    one, other = google.begin(), google.begin()
    first, second = (parse_qs(urlsplit(each.link).query) for each in (one, other))
    for name in ("state", "nonce", "code_challenge", "redirect_uri"):
        assert first[name] != second[name]
    found = signed_in(other, lambda: page(answer_of(peer, other.link, BALA)))
    assert found.identity.email == BALA
    one.call_off("over")


# -- What goes wrong in the browser ---------------------------------------------------------


def test_denial_is_a_sentence(peer: GooglePeer) -> None:
    assert refusal(made(peer.section()), peer, "Cancel") == "The sign-in was declined in the browser."


def test_a_tab_that_is_closed_is_waited_for_and_then_given_up(peer: GooglePeer) -> None:
    attempt = Google(peer.section(), patience_seconds=0.3).begin()
    with pytest.raises(SignInFailed, match="Nobody finished signing in within 0 seconds"):
        attempt.wait()
    with pytest.raises(requests.ConnectionError):
        gone(attempt)


def gone(attempt: Attempt, seconds: float = 60) -> None:
    """Raises ConnectionError as soon as nobody listens there any more."""
    [back] = parse_qs(urlsplit(attempt.link).query)["redirect_uri"]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        page(back)
        time.sleep(0.05)


def test_calling_it_off_ends_it_at_once(peer: GooglePeer) -> None:
    attempt = made(peer.section()).begin()
    threading.Timer(0.2, attempt.call_off, ["Called off."]).start()
    with pytest.raises(SignInFailed, match=r"Called off\."):
        attempt.wait()
    with pytest.raises(requests.ConnectionError):
        gone(attempt)


@pytest.mark.parametrize("state", ["", "state=", "state=wrong", "state={right}&state=wrong"])
def test_an_answer_with_another_state_is_refused_and_the_right_one_still_counts(
    state: str, peer: GooglePeer
) -> None:
    attempt = made(peer.section()).begin()
    asked = {name: found[0] for name, found in parse_qs(urlsplit(attempt.link).query).items()}
    forged = f"{asked['redirect_uri']}?code=stolen&{state.format(right=asked['state'])}"

    def browser() -> None:
        told = page(forged)
        assert told.status_code == 400
        assert "does not belong to the sign-in that is under way" in told.text
        page(answer_of(peer, attempt.link, ANITA))

    assert signed_in(attempt, browser).identity.email == ANITA


def test_an_answer_counts_once(peer: GooglePeer) -> None:
    google = made(peer.section())
    attempt = google.begin()
    answers: list[requests.Response] = []

    def browser() -> None:
        back = answer_of(peer, attempt.link, ANITA)
        for _ in range(2):
            try:
                answers.append(page(back))
            except requests.ConnectionError:
                break

    signed_in(attempt, browser)
    assert answers[0].status_code == 200
    assert "code=" not in answers[0].text
    assert all(again.status_code == 400 for again in answers[1:])


def test_a_code_that_was_used_already_is_a_sentence(peer: GooglePeer) -> None:
    google = made(peer.section())
    attempt = google.begin()

    def browser() -> None:
        back = answer_of(peer, attempt.link, ANITA)
        peer.server.codes.clear()  # somebody else was quicker with it
        page(back)

    with pytest.raises(SignInFailed, match="was used before, or is too old"):
        signed_in(attempt, browser)


def test_a_code_that_was_given_to_another_program_is_of_no_use(peer: GooglePeer) -> None:
    """Without the verifier of the program that asked: what PKCE is for."""
    google = made(peer.section())
    attempt, other = google.begin(), google.begin()

    def browser() -> None:
        stolen = parse_qs(urlsplit(answer_of(peer, other.link, ANITA)).query)["code"][0]
        mine = parse_qs(urlsplit(answer_of(peer, attempt.link, ANITA)).query)
        [back] = parse_qs(urlsplit(attempt.link).query)["redirect_uri"]
        peer.server.codes[stolen]["redirect_uri"] = back
        page(f"{back}?code={stolen}&state={mine['state'][0]}")

    with pytest.raises(SignInFailed, match="was used before, or is too old"):
        signed_in(attempt, browser)
    other.call_off("over")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/favicon.ico", {}),
        ("GET", "/other?state=x", {}),
        ("POST", "/?state=x", {}),
        ("GET", "/?state=x", {"Host": "evil.example"}),
        ("GET", "/?" + "&".join(f"a{number}=1" for number in range(50)), {}),
    ],
)
def test_whatever_else_comes_to_the_port_ends_nothing(
    method: str, path: str, headers: dict[str, str], peer: GooglePeer
) -> None:
    attempt = made(peer.section()).begin()

    def browser() -> None:
        back = urlsplit(parse_qs(urlsplit(attempt.link).query)["redirect_uri"][0])
        connection = http.client.HTTPConnection("127.0.0.1", back.port or 0, timeout=10)
        connection.request(method, path, headers=headers)
        assert connection.getresponse().status in (400, 404, 501)
        page(answer_of(peer, attempt.link, ANITA))

    assert signed_in(attempt, browser).identity.email == ANITA


def test_an_error_of_google_is_named_and_nothing_of_it_is_repeated_blindly(peer: GooglePeer) -> None:
    for error, named in (("admin_policy_enforced", "(admin_policy_enforced)"), ("<script>", "sign you in.")):
        attempt = made(peer.section()).begin()
        asked = parse_qs(urlsplit(attempt.link).query)
        back, state = asked["redirect_uri"][0], asked["state"][0]
        with pytest.raises(SignInFailed) as failed:
            signed_in(attempt, lambda: page(back, params={"state": state, "error": error}))  # noqa: B023
        assert named in failed.value.message
        assert "<" not in failed.value.message


# -- What is wrong with Google's answer -----------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": "https://accounts.evil.example"}, "made for another program"),
        ({"aud": "another.apps.googleusercontent.com"}, "could not be verified"),
        ({"aud": ["another"]}, "could not be verified"),
        ({"azp": "another"}, "made for another program"),
        ({"nonce": "another"}, "belongs to another sign-in"),
        ({"nonce": None}, "belongs to another sign-in"),
        ({"sub": ""}, "made for another program"),
        ({"sub": None}, "could not be verified"),
        ({"exp": None}, "could not be verified"),
        ({"exp": "soon"}, "could not be verified"),
        ({"email_verified": False}, "has not verified the e-mail address"),
        ({"email": None}, "has not verified the e-mail address"),
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_lets_nobody_in(
    claims: dict[str, object], sentence: str, peer: GooglePeer
) -> None:
    peer.server.claims = claims
    assert sentence in refusal(made(peer.section()), peer)
    assert peer.server.revoked, "what Google gave is given back"


def test_a_token_with_a_forged_signature_lets_nobody_in(peer: GooglePeer) -> None:
    peer.server.forged = True
    assert "could not be verified" in refusal(made(peer.section()), peer)


@pytest.mark.parametrize("ahead", [3600, -2 * 3600 - 301])
def test_clocks_that_do_not_agree_are_a_sentence(ahead: float, peer: GooglePeer) -> None:
    peer.server.clock_ahead_seconds = ahead
    assert "Set this one, then sign in again" in refusal(made(peer.section()), peer)


@pytest.mark.parametrize("ahead", [200, -200])
def test_clocks_that_differ_a_little_do_no_harm(ahead: float, peer: GooglePeer) -> None:
    peer.server.clock_ahead_seconds = ahead
    assert sign_in(made(peer.section()), peer).identity.email == ANITA


@pytest.mark.parametrize(
    ("account", "claims"),
    [(GUEST, {}), (ANITA, {"hd": "vmart.example.evil"}), (ANITA, {"hd": None}), (GUEST, {"email": ANITA})],
)
def test_only_the_workspace_of_the_settings_is_let_in(
    account: str, claims: dict[str, object], peer: GooglePeer
) -> None:
    """An address of the domain alone is not enough: anybody may make an account with it elsewhere."""
    google = made(peer.section(hosted_domain="VMart.example"))
    peer.server.claims = claims
    assert "Only accounts of VMart.example may sign in here" in refusal(google, peer, account)
    assert peer.server.revoked


def test_who_leaves_the_workspace_is_refused_at_the_next_renewal(peer: GooglePeer) -> None:
    google = made(peer.section(hosted_domain="vmart.example"))
    found = sign_in(google, peer)
    peer.server.accounts[ANITA]["hd"] = None
    with pytest.raises(AccountRefused):
        google.renew(found.refresh_token)


# -- What is wrong on the way ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(path="/token", body=b"<html>a proxy's page"), "could not be understood"),
        (Fault(path="/token", body=b"{}"), "could not be understood"),
        (Fault(path="/token", body=b'{"error": "server_error"}', status=500), "(server_error)"),
        (Fault(path="/certs", body=b"<html>"), "could not be verified"),
        (Fault(path="/certs", body=b"{}"), "could not be verified"),
        (Fault(path="/certs", status=503), "cannot be reached"),
    ],
)
def test_what_answers_in_googles_place_is_a_sentence(fault: Fault, sentence: str, peer: GooglePeer) -> None:
    peer.server.faults.append(fault)
    assert sentence in refusal(made(peer.section()), peer)


def test_a_wrong_client_secret_sends_to_the_administrator(peer: GooglePeer) -> None:
    assert "check google_oauth.client_id" in refusal(made(peer.section(client_secret="wrong")), peer)


def test_without_the_network_each_step_is_a_sentence(
    peer: GooglePeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "https://127.0.0.1:1/x"
    assert "cannot be reached" in refusal(made(peer.section(token_uri=nobody)), peer)
    assert "cannot be reached" in refusal(made(peer.section(certs_uri=nobody)), peer)
    google = made(peer.section(token_uri=nobody, revoke_uri=nobody))
    with pytest.raises(SignInFailed, match="cannot be reached"):
        google.renew("1//token")
    assert not google.revoke("1//token")
    (tmp_path / "nobody.pem").write_bytes(GooglePeer().certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))
    assert "does not trust the certificate" in refusal(made(peer.section()), peer)


def test_an_address_without_encryption_is_not_talked_to(peer: GooglePeer) -> None:
    google = made(peer.section(token_uri=f"http://127.0.0.1:{peer.server.port}/token"))
    assert "could not be understood" in refusal(google, peer)
    assert "/token" not in peer.server.calls


def test_nothing_is_offered_without_a_client_id() -> None:
    assert not Google(GoogleOAuthSection(required=True)).available
    assert not Google(GoogleOAuthSection(required=True)).required
