from __future__ import annotations

from tooling.run.page import Login, render


def test_the_page_shows_what_a_newcomer_needs() -> None:
    login = Login("finance@example.com", "finance", "the-password")
    page = render("http://127.0.0.1:8003", "http://127.0.0.1:12111", [login], "the.token")
    for expected in (
        "http://127.0.0.1:8003/login",
        "http://127.0.0.1:8003/api/docs",
        "http://127.0.0.1:8003/healthz",
        "http://127.0.0.1:12111/_sandbox/",
        "finance@example.com  the-password",
        "export TOKEN=the.token",
        ".venv/bin/flask --help",
        "curl -s http://127.0.0.1:8003/api/v1/payments/stripe/create-intent",
    ):
        assert expected in page


def test_the_page_without_sandbox_logins_and_token() -> None:
    page = render("http://127.0.0.1:8003", None, [], None)
    assert "_sandbox" not in page
    assert "flask users create" in page
    assert "AUTH_JWKS_URL" in page
