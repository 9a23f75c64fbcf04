import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app import logging
from app.api import auth, error_handlers
from app.domain.permissions import Scope
from config import Settings

SECRET = "a secret of the test that has thirty-two bytes"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def app_of(settings: Settings) -> Flask:
    app = Flask("guarded")
    logging.init_app(app)
    auth.init_app(app, settings)
    error_handlers.init_app(app)

    @app.get("/api/whoami")
    @auth.requires(Scope.PAYMENTS_READ)
    def whoami() -> dict[str, Any]:
        return {"subject": auth.caller().subject, "customer": auth.caller().customer}

    return app


@pytest.fixture
def client() -> FlaskClient:
    return app_of(Settings(auth_jwt_secret=SECRET)).test_client()


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": "paydesk",
        "aud": "paydesk",
        "sub": "erp",
        "exp": int(time.time()) + 60,
        "scope": "payments:write payments:read",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def signed(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid} if kid else None)


def base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def ask(client: FlaskClient, token: str) -> Any:
    return client.get("/api/whoami", headers={"Authorization": f"Bearer {token}"})


def test_a_good_token_says_who_calls(client: FlaskClient) -> None:
    assert ask(client, signed()).json == {"subject": "erp", "customer": None}
    assert ask(client, signed(customer_id="customer-7")).json == {"subject": "erp", "customer": "customer-7"}
    assert ask(client, signed(aud=["other", "paydesk"])).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", "Token x"])
def test_no_token_is_answered_with_a_challenge(client: FlaskClient, header: str | None) -> None:
    response = client.get("/api/whoami", headers={"Authorization": header} if header is not None else {})
    assert (response.status_code, response.json["error"]) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="paydesk"'


BAD_CLAIMS: list[dict[str, Any]] = [
    {"exp": int(time.time()) - 60},
    {"exp": ...},
    {"exp": "soon"},
    {"exp": []},
    {"exp": 1e400},
    {"nbf": int(time.time()) + 600},
    {"iss": "somebody"},
    {"iss": ...},
    {"aud": "another"},
    {"aud": ...},
    {"sub": ...},
    {"sub": ""},
    {"sub": "a" * 256},
    {"sub": "two\nlines"},
    {"scope": ["payments:read"]},
    {"customer_id": None},
    {"customer_id": ""},
    {"customer_id": 7},
    {"customer_id": {"$ne": "x"}},
    {"customer_id": "a.b"},
]


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=str)
def test_bad_claims_are_refused(client: FlaskClient, changes: dict[str, Any]) -> None:
    # Encoded by hand, because the library refuses to make some of these itself.
    token = jwt.PyJWS().encode(json.dumps(claims(**changes)).encode(), SECRET, "HS256")
    response = ask(client, token)
    assert (response.status_code, response.json["error"]) == (401, "unauthorized")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(claims(), "", "none"),
        jwt.encode(claims(), "another secret that has thirty-two bytes at least", "HS256"),
        jwt.encode(claims(), SECRET * 2, "HS512"),
        jwt.encode(claims(), RSA_KEY, "RS256"),
        signed()[:-4] + "AAAA",
        "not.a.token",
        "x" * 9000,
        "é.é.é",
        base64(b"[" * 5000).decode() + ".e30.x",
    ],
    ids=["alg none", "other secret", "other algorithm", "other family", "cut", "junk", "long", "accents", "nested"],
)
def test_tokens_that_we_did_not_issue_are_refused(client: FlaskClient, token: str) -> None:
    response = ask(client, token)
    assert (response.status_code, response.json["error"]) == (401, "unauthorized")


def test_a_clock_that_is_a_little_off_is_forgiven(client: FlaskClient) -> None:
    assert ask(client, signed(exp=int(time.time()) - 5)).status_code == 200


@pytest.mark.parametrize("scope", ["", "payments:write", "payments:reader", ...])
def test_a_missing_scope_is_named(client: FlaskClient, scope: Any) -> None:
    response = ask(client, signed(scope=scope))
    assert (response.status_code, response.json["error"]) == (403, "forbidden")
    assert "payments:read" in response.json["message"]
    assert 'scope="payments:read"' in response.headers["WWW-Authenticate"]


def test_without_a_configured_key_nobody_is_judged() -> None:
    response = ask(app_of(Settings()).test_client(), signed())
    assert (response.status_code, response.json["error"]) == (503, "authentication_unavailable")


class Issuer:
    """Publishes keys as an identity provider does; ``down`` makes it fail."""

    def __init__(self) -> None:
        self.keys = {"rsa-1": RSAAlgorithm.to_jwk(RSA_KEY.public_key()), "ec-1": ECAlgorithm.to_jwk(EC_KEY.public_key())}
        self.asked = 0
        self.down = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(500 if issuer.down else 200)
                self.end_headers()
                keys = [{**json.loads(key), "kid": name, "use": "sig"} for name, key in issuer.keys.items()]
                self.wfile.write(json.dumps({"keys": keys}).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    thread = Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


@pytest.fixture
def federated(issuer: Issuer) -> FlaskClient:
    return app_of(Settings(auth_jwks_url=issuer.url)).test_client()


def test_published_keys_are_fetched_once(federated: FlaskClient, issuer: Issuer) -> None:
    for _ in range(3):
        assert ask(federated, signed(RSA_KEY, "RS256", "rsa-1")).status_code == 200
        assert ask(federated, signed(EC_KEY, "ES256", "ec-1")).status_code == 200
    assert issuer.asked == 1


def test_made_up_key_names_do_not_keep_us_busy(federated: FlaskClient, issuer: Issuer) -> None:
    for number in range(5):
        assert ask(federated, signed(RSA_KEY, "RS256", f"unknown-{number}")).status_code == 401
    assert issuer.asked == 1


def test_a_public_key_is_no_shared_secret(federated: FlaskClient, issuer: Issuer) -> None:
    # By hand, because the library refuses to sign with a public key.
    head = base64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "rsa-1"}).encode())
    message = head + b"." + base64(json.dumps(claims()).encode())
    seal = base64(hmac.digest(issuer.keys["rsa-1"].encode(), message, "sha256"))
    assert ask(federated, (message + b"." + seal).decode()).status_code == 401
    assert ask(federated, signed(EC_KEY, "ES256", "rsa-1")).status_code == 401


def test_an_issuer_that_is_away_is_not_the_fault_of_the_token(federated: FlaskClient, issuer: Issuer) -> None:
    issuer.down = True
    for _ in range(3):
        response = ask(federated, signed(RSA_KEY, "RS256", "rsa-1"))
        assert (response.status_code, response.json["error"]) == (503, "authentication_unavailable")
    assert issuer.asked == 1, "while it is away it is not asked for every request"


def test_keys_that_we_have_outlive_an_outage(federated: FlaskClient, issuer: Issuer) -> None:
    token = signed(RSA_KEY, "RS256", "rsa-1")
    assert ask(federated, token).status_code == 200
    issuer.down = True
    keys = federated.application.extensions["paydesk_tokens"]._keys
    keys._fetched_at -= 600
    keys._next_look = 0
    assert ask(federated, token).status_code == 200
    keys._fetched_at -= 3600
    assert ask(federated, token).status_code == 503
