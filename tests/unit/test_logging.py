import json
import logging as stdlib
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask import Flask

from app import logging

SECRETS = [
    "sk_live_51H8abcdef",
    "rk_test_51H8abcdef",
    "whsec_abcdef123456",
    "pi_3OqJ2K_secret_9fXyZ",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    "jo.customer@example.com",
    "4242424242424242",
    "4000 0027 6000 3184",
    "3782-822463-10005",
    "6304000000000000",
    "hunter2:correcthorse",
]
TEXTS = [*SECRETS[:-1], "mongodb://hunter2:correcthorse@db.internal/paydesk"]


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    root = stdlib.getLogger()
    handlers, level = list(root.handlers), root.level
    logging.configure("INFO")
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_unknown_fields_keep_their_name_and_lose_their_value(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("t").info("paid", payment_id="65f0c0ffee65f0c0ffee65f0", client_secret="x", body={"a": 1})
    (line,) = lines(capsys)
    assert line["payment_id"] == "65f0c0ffee65f0c0ffee65f0"
    assert line["client_secret"] == line["body"] == "[redacted]"


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_in_texts_are_redacted(capsys: pytest.CaptureFixture[str], text: str) -> None:
    structlog.get_logger("t").info(f"told {text}", error=f"because of {text}")
    stdlib.getLogger("some.library").warning("library says %s", text)
    try:
        raise RuntimeError(f"failed with {text}")
    except RuntimeError as error:
        structlog.get_logger("t").error("unexpected_error", exc_info=error)
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 3
    assert "Traceback" in written
    assert not [secret for secret in SECRETS if secret in written]


@pytest.mark.parametrize("beside", ["2026-03-31 {}", "{} 12 27 123", "7 {}"])
def test_a_card_number_among_other_digits_is_redacted(capsys: pytest.CaptureFixture[str], beside: str) -> None:
    text = beside.format("4242424242424242")
    structlog.get_logger("t").info("told", error=text)
    assert "4242" not in capsys.readouterr().err


@pytest.mark.parametrize("order", ["4242424242424241", "2026033112345", "9000-0000-0000-0002", "1" * 20])
def test_an_order_id_of_digits_is_shown_unless_its_last_digit_is_that_of_a_card(
    capsys: pytest.CaptureFixture[str], order: str
) -> None:
    structlog.get_logger("t").info("paid", order_id=order)
    (line,) = lines(capsys)
    assert line["order_id"] == order


def test_the_clients_request_id_is_used_where_it_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    app = Flask("logged")
    logging.init_app(app)
    app.add_url_rule("/payments/<name>", view_func=lambda name: name)
    client = app.test_client()
    response = client.get("/payments/secret-name?card=4242424242424242", headers={"X-Request-ID": "abc-123.456_x"})
    assert response.headers["X-Request-ID"] == "abc-123.456_x"
    for bad in ("short", "with space in it", "a" * 200, "{}{}{}{}", "é" * 10):
        made = client.get("/payments/x", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert made != bad
        assert len(made) == 17
    first = lines(capsys)[0]
    assert {name: first[name] for name in ("event", "method", "route", "status", "request_id")} == {
        "event": "request",
        "method": "GET",
        "route": "/payments/<name>",
        "status": 200,
        "request_id": "abc-123.456_x",
    }
    assert first["duration_ms"] >= 0
    assert "secret-name" not in json.dumps(first)


def test_an_exception_logs_the_place_and_not_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    """With its cause; the words of both may quote anything."""
    try:
        try:
            int("quoted-1")
        except ValueError as cause:
            raise LookupError("quoted-2") from cause
    except LookupError as error:
        structlog.get_logger("t").error("unexpected_error", exc_info=error)
        stdlib.getLogger("some.library").exception("failed")
    for line in lines(capsys):
        assert line["exception"].count("Traceback of ") == 2
        assert "Traceback of builtins.LookupError:" in line["exception"]
        assert "Traceback of builtins.ValueError:" in line["exception"]
        assert "test_logging.py" in line["exception"]
        assert "quoted" not in json.dumps(line)


@pytest.mark.parametrize(
    ("template", "arguments", "event"),
    [
        ("read %d of %s", (3, "quoted"), "read 3 of [redacted]"),
        ("took %.1f s", (1.25,), "took 1.2 s"),
        ("%(who)s left", ({"who": "quoted"},), "library_message"),
        ("quoted in the text", (), "library_message"),
        ("Rate limit storage unreachable - quoted", (), "Rate limit storage unreachable"),
    ],
)
def test_a_library_is_shown_by_its_template_and_numbers(
    capsys: pytest.CaptureFixture[str], template: str, arguments: tuple[Any, ...], event: str
) -> None:
    stdlib.getLogger("some.library").warning(template, *arguments)
    (line,) = lines(capsys)
    assert line["event"] == event
    assert (line["logger"], line["level"]) == ("some.library", "warning")
    assert "quoted" not in json.dumps(line)


def test_an_id_that_is_made_of_digits_only_is_no_card_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "4242424242424242")
    app = Flask(__name__)
    logging.init_app(app)
    answer = app.test_client().get("/")
    (line,) = lines(capsys)
    assert line["request_id"] == answer.headers["X-Request-ID"] != "[redacted]"
