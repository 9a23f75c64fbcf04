import json
import time
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient

from app import extensions, logging
from app.api.http import auth, error_handlers
from app.domain.permissions import Scope
from config import Settings

SECRET = "a secret of the test that has thirty-two bytes"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def app_of(settings: Settings) -> Flask:
    app = Flask("guarded")
    logging.init_app(app)
    extensions.bind_settings(app, settings)
    # Requests are counted in memory: these tests do no I/O.
    extensions.bind_limiter(app, replace(settings, redis_url="memory://"))
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
        "exp": int(time.time()) + 3600,
        "scope": "payments:write payments:read",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def signed(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid} if kid else None)


def base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def ask(client: FlaskClient, token: str) -> Any:
    return client.get("/api/whoami", headers={"Authorization": f"Bearer {token}"})


def test_a_good_token_identifies_the_caller(client: FlaskClient) -> None:
    assert ask(client, signed()).json == {"subject": "erp", "customer": None}
    assert ask(client, signed(customer_id="customer-7")).json == {"subject": "erp", "customer": "customer-7"}
    assert ask(client, signed(aud=["other", "paydesk"])).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", "Token x"])
def test_a_missing_token_is_answered_with_a_challenge(client: FlaskClient, header: str | None) -> None:
    response = client.get("/api/whoami", headers={"Authorization": header} if header is not None else {})
    assert (response.status_code, response.json["error"]) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="paydesk"'


BAD_CLAIMS: list[dict[str, Any]] = [
    {"exp": 1_700_000_000},
    {"exp": ...},
    {"exp": "soon"},
    {"exp": []},
    {"exp": 1e400},
    {"nbf": 4_102_444_800},
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
def test_tokens_of_others_are_refused(client: FlaskClient, token: str) -> None:
    response = ask(client, token)
    assert (response.status_code, response.json["error"]) == (401, "unauthorized")


def test_a_small_clock_skew_is_tolerated(client: FlaskClient) -> None:
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
