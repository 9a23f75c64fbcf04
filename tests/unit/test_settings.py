"""Valid settings are accepted; invalid ones are refused without quoting the value."""

from __future__ import annotations

import pytest

from config import Settings, SettingsError

CANARY = "canary7canary8"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "verbose"),
        ("LOG_LEVEL", "20"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "257"),
        ("STRIPE_TIMEOUT", "0"),
        ("STRIPE_TIMEOUT", "61"),
        ("STRIPE_TIMEOUT", "2.5"),
        ("DASHBOARD_TIMEZONE", "Berlin"),
        ("MONGODB_URI", "localhost:27017/paydesk"),
        ("MONGODB_URI", "mongodb://"),
        ("MONGODB_URI", "mongodb://localhost:99999/paydesk"),
        ("MONGODB_URI", "mongodb://localhost/paydesk?replicaset"),
        ("MONGODB_URI", "mongodb://localhost/paydesk?replica_set=rs0"),
        ("MONGODB_URI", "mongodb://localhost/paydesk?authMechanism=SCRAM-SHA-256"),
        ("MONGODB_URI", "mongodb://localhost/paydesk?tls=true&tlsCAFile=/nowhere/ca.pem"),
        ("MONGODB_URI", "mongodb+srv://user:p@ss@cluster.example.com/paydesk"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "memory://"),
        ("REDIS_URL", "redis:///0"),
        ("REDIS_URL", "redis://localhost:port/0"),
        ("REDIS_URL", "redis://[::1/0"),
        ("STRIPE_PAYMENT_METHODS", ","),
        ("STRIPE_PAYMENT_METHODS", "Visa"),
        ("STRIPE_PAYMENT_METHODS", "card;ideal"),
        ("STRIPE_PAYMENT_METHODS", "card,card"),
        ("STRIPE_PAYMENT_METHODS", "automatic,card"),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "debug"),
        ("PORT", "1"),
        ("PORT", "65535"),
        ("WEB_CONCURRENCY", "1"),
        ("STRIPE_TIMEOUT", "60"),
        ("MONGODB_URI", "mongodb://u:p%40ss@m1:27017,m2,m3/paydesk?replicaSet=rs0&authSource=admin&tls=true"),
        ("MONGODB_URI", "mongodb+srv://user:pw@cluster.example.com/paydesk?retryWrites=true&srvMaxHosts=2"),
        ("REDIS_URL", "redis://redis:6379/0"),
        ("REDIS_URL", "rediss://user:pw@redis.example.com"),
        ("REDIS_URL", "redis+unix:///run/redis.sock"),
    ],
)
def test_valid_settings_are_accepted(name: str, value: str) -> None:
    taken = getattr(Settings.from_env({name: value}), name.lower())
    assert str(taken) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", ("card",)), ("automatic", ("automatic",)), ("card, us_bank_account,p24", ("card", "us_bank_account", "p24"))],
)
def test_payment_methods_are_cards_unless_named(value: str, expected: tuple[str, ...]) -> None:
    assert Settings.from_env({"STRIPE_PAYMENT_METHODS": value}).stripe_payment_methods == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, CANARY) for name in ("PORT", "LOG_LEVEL", "DASHBOARD_TIMEZONE", "MONGODB_URI", "REDIS_URL")),
        # A password with a character that had to be encoded; the libraries quote what they take for something else.
        ("MONGODB_URI", f"mongodb://user:1/{CANARY}@localhost/paydesk"),
        ("MONGODB_URI", f"mongodb://user:{CANARY}@{CANARY}@localhost/paydesk"),
        ("REDIS_URL", f"redis://:{CANARY}/1@localhost/0"),
        ("REDIS_URL", f"keydb://:{CANARY}@localhost/0"),
    ],
)
def test_a_refusal_does_not_quote_the_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({name: value})
    assert CANARY not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None, "nor does a traceback"
