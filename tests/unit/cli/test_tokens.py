from __future__ import annotations

import time

import jwt
import pytest
from click.testing import Result
from flask import Flask

from app import cli
from config import Settings

SECRET = "a secret of more than thirty-two bytes"


def run(*arguments: str, **values: str) -> Result:
    """Run ``flask tokens issue`` on an app with these settings."""
    app = Flask("commands")
    app.extensions["paydesk_settings"] = Settings(**{"auth_jwt_secret": SECRET} | values)  # type: ignore[arg-type]
    cli.register(app)
    return app.test_cli_runner().invoke(args=["tokens", "issue", *arguments])


def test_the_token_is_alone_on_standard_output_and_carries_the_claims() -> None:
    result = run("--subject", "erp", "--scope", "payments:write payments:refund", "--expires", "30m")
    assert result.exit_code == 0
    token = result.stdout.strip()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="paydesk", issuer="paydesk")
    assert claims["sub"] == "erp"
    assert claims["scope"] == "payments:write payments:refund"
    assert claims["exp"] - claims["iat"] == 30 * 60
    assert abs(claims["iat"] - time.time()) < 5
    assert claims["jti"]
    assert "customer_id" not in claims


def test_a_token_can_be_bound_to_a_customer_and_lasts_an_hour() -> None:
    result = run("--subject", "shop", "--scope", "payments:read", "--customer-id", "customer-7")
    claims = jwt.decode(result.stdout.strip(), SECRET, algorithms=["HS256"], audience="paydesk")
    assert claims["customer_id"] == "customer-7"
    assert claims["exp"] - claims["iat"] == 3600


def test_issuer_and_audience_come_from_the_settings() -> None:
    values = {"auth_jwt_issuer": "https://issuer", "auth_jwt_audience": "payments"}
    result = run("--subject", "erp", "--scope", "metrics:read", **values)
    assert jwt.decode(result.stdout.strip(), SECRET, algorithms=["HS256"], audience="payments", issuer="https://issuer")


@pytest.mark.parametrize("scope", ["payments:delete", "payments:read payments:delete", "", "PAYMENTS:READ"])
def test_unknown_scopes_are_refused_and_the_known_ones_named(scope: str) -> None:
    result = run("--subject", "erp", "--scope", scope)
    assert result.exit_code == 2
    assert "payments:refund" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [("--subject", ""), ("--subject", "naïve"), ("--subject", "erp", "--customer-id", "a b"), ("--subject", "x" * 256)],
)
def test_a_token_that_the_api_would_refuse_is_not_issued(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--scope", "payments:read")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_without_a_secret_the_message_says_what_to_set() -> None:
    result = run("--subject", "erp", "--scope", "payments:read", auth_jwt_secret="")
    assert result.exit_code == 1
    assert "AUTH_JWT_SECRET is not set" in result.stderr


def test_with_a_key_set_elsewhere_the_message_says_who_issues() -> None:
    values = {"auth_jwt_secret": "", "auth_jwks_url": "https://id.example/jwks"}
    result = run("--subject", "erp", "--scope", "payments:read", **values)
    assert result.exit_code == 1
    assert "AUTH_JWKS_URL" in result.stderr
    assert "Traceback" not in result.output
