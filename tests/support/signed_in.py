"""Browsers in which an account is signed in already; the form and its password are what the tests of signing in use."""

from __future__ import annotations

import flask
from flask import Flask
from flask.testing import FlaskClient

from app.models.accounts import users
from dashboards.web import auth


def signed_in(app: Flask, email: str) -> FlaskClient:
    """A browser that holds a new session of an existing account, begun by the application's own code."""
    client = app.test_client()
    with app.test_request_context(environ_base=client.environ_base):
        account = users.find_by_email(email)
        assert account is not None, email
        auth.begin(account)
        content = dict(flask.session)
    with client.session_transaction() as kept:
        kept.update(content)
    return client
