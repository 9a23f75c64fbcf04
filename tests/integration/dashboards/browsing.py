"""Signing in as a role, and sending forms as a browser would."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.permissions import Role
from app.models.accounts import users
from app.services import audit
from app.services.audit import Action
from tests.support.passwords import PASSWORD, cheap_hash


def email_of(role: Role) -> str:
    return f"{role.value}@example.com"


def add(app: Flask, *roles: Role) -> None:
    """One account for each role, and in the audit log that it was made."""
    with app.app_context():
        for role in roles:
            users.insert(email_of(role), cheap_hash(), role, now=datetime.now(UTC))
            details = {"role": role.value}
            audit.append(Action.USER_CREATED, actor="test", target=email_of(role), details=details)


def sign_in(app: Flask, email: str, password: str = PASSWORD) -> FlaskClient:
    """A browser in which the form to sign in was filled in and accepted."""
    client = app.test_client()
    answer = send(client, "/login", page="/login", email=email, password=password)
    assert answer.status_code == 303, answer.text
    return client


def send(client: FlaskClient, path: str, *, page: str, **fields: str) -> TestResponse:
    """Post a form that stands on ``page``, with the token from there."""
    return client.post(path, data={"csrf_token": csrf_token(client, page), **fields})


def csrf_token(client: FlaskClient, page: str) -> str:
    match = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert match, page
    return match[1]
