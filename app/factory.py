"""The application put together: settings, MongoDB, Stripe, use cases, then what faces the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import dashboards
from app import api, cli, logging, telemetry
from app.extensions import bind_limiter, bind_services, bind_settings
from app.gateway.client import StripeGateway
from app.models import connection
from app.services import Services, build_services
from app.services.configuration_faults import ConfigurationFaults

if TYPE_CHECKING:
    from config import Settings

_LARGEST_BODY = 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """The whole application, ready to serve."""
    app = Flask("app", static_folder=None, template_folder="../templates")
    _configure(app, settings)
    _connect(app, settings)
    api.register(app, settings)
    dashboards.register(app)
    cli.register(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    logging.configure(settings.log_level)
    logging.init_app(app)
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=_LARGEST_BODY)
    bind_settings(app, settings)
    bind_limiter(app, settings)
    if settings.proxy_hops:
        _trust_proxies(app, settings.proxy_hops)


def _trust_proxies(app: Flask, hops: int) -> None:
    """Trust ``hops`` proxies to name the client: each adds to X-Forwarded-For.

    Most proxies overwrite or pass on X-Forwarded-Proto, so its last value counts. X-Forwarded-Host is ignored: few
    proxies set it, so a client could.
    """
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=1, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]


def services_on(settings: Settings) -> Services:
    """The use cases on the Stripe account of ``settings``."""
    gateway = StripeGateway(
        secret_key=settings.stripe_secret_key,
        api_version=settings.stripe_api_version,
        api_base=settings.stripe_api_base,
        timeout_seconds=settings.stripe_timeout,
        payment_methods=settings.stripe_payment_methods,
        reports=ConfigurationFaults(),
    )
    return build_services(
        gateway,
        webhook_secrets=settings.stripe_webhook_secret,
        api_version=settings.stripe_api_version,
        livemode=settings.livemode,
        zone=ZoneInfo(settings.dashboard_timezone),
    )


def _connect(app: Flask, settings: Settings) -> None:
    """Register MongoDB (it is dialled on first use) and bind the use cases."""
    connection.connect(settings.mongodb_uri, telemetry.MongoDB())
    bind_services(app, services_on(settings))
