"""Applications that the tests of a process share: registering routes and their descriptions takes long."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask
from mongoengine.connection import ConnectionFailure, get_connection

from app.extensions import bind_services, limiter
from app.factory import create_app, services_on
from config import Settings


class Made(NamedTuple):
    """An application, and what create_app made for the whole process beside it."""

    app: Flask
    mongo_client: Any
    limits: Any

    def is_current(self) -> bool:
        """False once another application was made, or a test turned the connection elsewhere."""
        return _mongo_client() is self.mongo_client and limiter.storage is self.limits


class Applications:
    """One application for each settings."""

    def __init__(self) -> None:
        self._made: dict[Settings, Made] = {}

    def on(self, settings: Settings) -> Flask:
        """The application on ``settings``, with new services, which remember nothing of the test before."""
        made = self._made.get(settings)
        if made is not None and made.is_current():
            bind_services(made.app, services_on(settings))
            return made.app
        app = create_app(settings)
        self._made[settings] = Made(app, _mongo_client(), limiter.storage)
        return app


def _mongo_client() -> Any:
    try:
        return get_connection()
    except ConnectionFailure:  # none is registered
        return None
