"""Tokens of an identity provider that publishes its keys."""

import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from config import Settings
from tests.unit.api.http.test_auth import app_of, ask, base64, claims, signed

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """Publishes keys as an identity provider does; ``down`` makes it fail."""

    def __init__(self) -> None:
        self.keys = {
            "rsa-1": RSAAlgorithm.to_jwk(RSA_KEY.public_key()),
            "ec-1": ECAlgorithm.to_jwk(EC_KEY.public_key()),
        }
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
    thread = Thread(target=found.server.serve_forever, args=(0.01,))
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


def test_invented_key_names_do_not_trigger_fetches(federated: FlaskClient, issuer: Issuer) -> None:
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


def test_an_unreachable_issuer_does_not_invalidate_tokens(federated: FlaskClient, issuer: Issuer) -> None:
    issuer.down = True
    for _ in range(3):
        response = ask(federated, signed(RSA_KEY, "RS256", "rsa-1"))
        assert (response.status_code, response.json["error"]) == (503, "authentication_unavailable")
    assert issuer.asked == 1, "while it is away it is not asked for every request"


def test_cached_keys_outlive_an_outage(federated: FlaskClient, issuer: Issuer) -> None:
    token = signed(RSA_KEY, "RS256", "rsa-1")
    assert ask(federated, token).status_code == 200
    issuer.down = True
    keys = federated.application.extensions["paydesk_tokens"]._keys
    keys._fetched_at -= 600
    keys._next_look = 0
    assert ask(federated, token).status_code == 200
    keys._fetched_at -= 3600
    assert ask(federated, token).status_code == 503
