"""The JSON API: flask-smorest blueprints under ``/api``, health checks, OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from flask_cors import CORS

from app.api import closings, docs, figures, health, payments, prometheus, refunds, webhooks
from app.api.http import auth, bulkhead, error_handlers, headers
from app.api.http.json_provider import DecimalJSONProvider
from app.extensions import api

if TYPE_CHECKING:
    from config import Settings

BLUEPRINTS = (
    *(payments.blueprint, figures.blueprint, closings.blueprint, refunds.blueprint, webhooks.blueprint),
    health.blueprint,
)


def register(app: Flask, settings: Settings) -> None:
    """Everything that the API consists of."""
    app.json = DecimalJSONProvider(app)
    docs.configure(app)
    auth.init_app(app, settings)
    bulkhead.init_app(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    docs.publish(app)
    prometheus.init_app(app)
    error_handlers.init_app(app)
    headers.init_app(app)
    _allow_origins(app, settings)


def _allow_origins(app: Flask, settings: Settings) -> None:
    if settings.cors_origins:
        CORS(
            app,
            resources={r"/api/*": {"origins": list(settings.cors_origins)}},
            methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
            max_age=600,
        )
