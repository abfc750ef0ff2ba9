"""An OpenID Connect provider in threads of the test, which lies, hangs and forges on request."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from runtime.clock import Clock, SystemClock
from runtime.process.login import LoginSettings

BOARD = "wardstream-board"
WALL = "wardstream-wall"
AUDIENCE = "wardstream-api"
SECRET = "a secret of the board"


@cache
def spare_key(kind: str, kid: str) -> Key:
    """A key pair that is made once for all tests."""
    if kind == "RSA":
        return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


class Issuer:
    """A provider with one user, who approves at once.

    Args:
        clock: Its clock.

    Attributes:
        url: The issuer.
        user: Claims of the user; changed by tests.
        signing: The key that signs.
        published: The keys that it publishes.
        calls: Requests by path.
        fault: Status to answer everything with; 0 for none.
        gate: Cleared: no answer leaves before it is set again.
        revoked: Refresh tokens that were revoked.
        approved: Whether somebody has approved the device.
        expires_in_s: Lifetime of access tokens, s.
        lies: Claims that the next proofs of a login carry instead of the right ones.
        hidden: Endpoints that the discovery document leaves out.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.user: dict[str, Any] = {
            "sub": "u-1",
            "name": "Ann Ward",
            "sid": "login-1",
            "wardstream_roles": ["coordinator:ward-3"],
        }
        self.signing: Key = spare_key("EC", "first")
        self.published: list[Key] = [self.signing]
        self.calls: Counter[str] = Counter()
        self.fault = 0
        self.gate = threading.Event()
        self.gate.set()
        self.revoked: list[str] = []
        self.approved = False
        self.expires_in_s = 300.0
        self.lies: dict[str, Any] = {}
        self.hidden: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()
        self._dead = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                issuer._answer(self, "")

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                issuer._answer(self, self.rfile.read(length).decode())

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realms/ward"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def stop(self) -> None:
        """Die: connections end, and are refused from now on."""
        self._dead = True
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **more: Any) -> LoginSettings:
        """Settings of a board that trusts it."""
        return LoginSettings.model_validate({"issuer": self.url, "client_secret": SECRET, **more})

    def rotate(self) -> None:
        """Sign by a new key, and publish only that."""
        self.signing = spare_key("EC", f"rotated-{secrets.token_hex(4)}")
        self.published = [self.signing]

    @property
    def refresh_tokens(self) -> int:
        """How many refresh tokens are good."""
        return len(self._refresh)

    def end_login(self) -> None:
        """Accept no refresh token any more."""
        with self._lock:
            self._refresh.clear()

    def signed(
        self,
        claims: Mapping[str, Any],
        *,
        key: Key | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """A token with these claims; None leaves out what would be there."""
        key = key or self.signing
        algorithm = "RS256" if key.key_type == "RSA" else "ES256"
        full = {"alg": algorithm, "kid": key.kid, **(header or {})}
        kept = {name: value for name, value in claims.items() if value is not None}
        left = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(left, kept, key, algorithms=[full["alg"]])

    def unsigned(self, claims: Mapping[str, Any]) -> str:
        """A token with `alg: none`."""
        return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."

    def signed_by_public_key(self, claims: Mapping[str, Any]) -> str:
        """A token whose HMAC has the published key as its secret."""
        assert isinstance(self.signing, ECKey)
        head = _part({"alg": "HS256", "typ": "JWT", "kid": self.signing.kid})
        text = f"{head}.{_part(claims)}"
        tag = hmac.digest(self.signing.as_pem(private=False), text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"

    def access_claims(self, **changed: Any) -> dict[str, Any]:
        """Claims of a good access token, with some changed."""
        now_s = self.clock.now_us() // 1_000_000
        return {
            "iss": self.url,
            "aud": AUDIENCE,
            "azp": "wardstream-machine",
            "iat": now_s,
            "exp": now_s + self.expires_in_s,
            **{name: value for name, value in self.user.items() if name != "sid"},
            **changed,
        }

    def id_claims(self, **changed: Any) -> dict[str, Any]:
        """Claims of a good proof of a login, with some changed."""
        return {**self.access_claims(), "aud": BOARD, "azp": BOARD, **self.user, **changed}

    def logout_claims(self, **changed: Any) -> dict[str, Any]:
        """Claims of a good notice that the login has ended, with some changed."""
        now_s = self.clock.now_us() // 1_000_000
        return {
            "iss": self.url,
            "aud": BOARD,
            "iat": now_s,
            "exp": now_s + 120,
            "jti": secrets.token_hex(8),
            "sid": self.user["sid"],
            "sub": self.user["sub"],
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changed,
        }

    def approve(self, url: str) -> str:
        """Log the user in at a login URL, as the provider's page would; returns where it leads."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.url}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def _answer(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        if self._dead:
            handler.close_connection = True
            return
        path = urlsplit(handler.path).path.removeprefix("/realms/ward")
        self.calls[path] += 1
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if path == "/authorize" and not self.fault:
            self._redirect(handler, self.approve(handler.path))
            return
        status, answer = (200, {"logged_out": True}) if path == "/end" else self._route(path, form)
        self.gate.wait(60)  # after the work: a refresh token is used up by now
        if self.fault:
            status, answer = self.fault, {"error": "server_error"}
        text = json.dumps(answer).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
        except OSError:
            handler.close_connection = True

    def _redirect(self, handler: BaseHTTPRequestHandler, url: str) -> None:
        """What a browser meets in place of the provider's form: the way back."""
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _route(self, path: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        if self.fault:
            return self.fault, {}
        if path == "/.well-known/openid-configuration":
            return 200, self._metadata()
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
        if path == "/revoke":
            self.revoked.append(form["token"])
            with self._lock:
                self._refresh.pop(form["token"], None)
            return 200, {}
        if path == "/device":
            return 200, {
                "device_code": "device-1",
                "user_code": "WXYZ-1234",
                "verification_uri": f"{self.url}/enter",
                "expires_in": 600,
                "interval": 1,
            }
        return self._tokens(form)

    def _tokens(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        grant = form.get("grant_type", "")
        if grant == "authorization_code":
            with self._lock:
                asked = self._codes.pop(form["code"], None)
            verifier = form.get("code_verifier", "")
            if form.get("client_secret") != SECRET:
                return 401, {"error": "invalid_client"}
            if asked is None or asked["code_challenge"] != _challenge(verifier):
                return 400, {"error": "invalid_grant"}
            return 200, self._granted({"nonce": asked["nonce"]})
        if grant == "refresh_token":
            with self._lock:
                client = self._refresh.pop(form["refresh_token"], None)  # each is good once
            return (
                (400, {"error": "invalid_grant"})
                if client is None
                else (200, self._granted(client))
            )
        if not self.approved:
            return 400, {"error": "authorization_pending"}
        return 200, self._granted({"aud": WALL, "azp": WALL})

    def _granted(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._refresh[token] = {n: v for n, v in claims.items() if n != "nonce"}
        return {
            "access_token": self.signed(self.access_claims()),
            "id_token": self.signed(self.id_claims(**{**claims, **self.lies})),
            "refresh_token": token,
            "expires_in": self.expires_in_s,
            "token_type": "Bearer",
        }

    def _metadata(self) -> Mapping[str, Any]:
        paths = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "end_session_endpoint": "end",
            "revocation_endpoint": "revoke",
            "device_authorization_endpoint": "device",
        }
        return {
            "issuer": self.url,
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **{
                name: f"{self.url}/{path}"
                for name, path in paths.items()
                if name not in self.hidden
            },
        }


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _challenge(verifier: str) -> str:
    return (
        base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    )


def tampered(token: str, **claims: Any) -> str:
    """A token with other claims under the same signature."""
    header, body, signature = token.split(".")
    found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{header}.{_part({**found, **claims})}.{signature}"


__all__: Sequence[str] = ("AUDIENCE", "BOARD", "SECRET", "WALL", "Issuer", "spare_key", "tampered")
