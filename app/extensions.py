"""Extensions without an app; ``create_app`` binds them.

Rate limits are kept in REDIS_URL where it is set and otherwise in MongoDB, so that all processes count together. While
that storage is away, each process counts alone, because requests must not stop with a counter. Signing in is no
exception: it needs MongoDB anyway, which also holds the lock after ten wrong passwords. The window slides and takes two
numbers for each caller, so a high limit costs no more than a low one.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from flask_smorest import Api
from werkzeug.local import LocalProxy

from app.errors import RateLimited
from app.models import rate_limits
from app.services import Services

if TYPE_CHECKING:
    from config import Settings

api = Api()
# ``@limiter.limit("20 per minute", error_message=…)`` on a view; by address unless a ``key_func`` says otherwise.
limiter = Limiter(
    get_remote_address, strategy="sliding-window-counter", key_prefix="paydesk", in_memory_fallback_enabled=True
)

# A request waits this long for Redis before the process counts it itself.
_PATIENCE_SECONDS = 2


def bind_settings(app: Flask, configured: Settings) -> None:
    """Make ``configured`` what ``settings`` means while ``app`` handles a request or command."""
    app.extensions["paydesk_settings"] = configured


def bind_services(app: Flask, built: Services) -> None:
    """Make ``built`` what ``services`` means while ``app`` handles a request or command."""
    app.extensions["paydesk"] = built


def bind_limiter(app: Flask, configured: Settings) -> None:
    """Have ``limiter`` count the requests of ``app``; the storage is dialled at the first limited request."""
    app.config["RATELIMIT_STORAGE_URI"] = configured.redis_url or f"{rate_limits.SCHEME}://"
    patience = {"socket_connect_timeout": _PATIENCE_SECONDS, "socket_timeout": _PATIENCE_SECONDS}
    app.config["RATELIMIT_STORAGE_OPTIONS"] = patience if configured.redis_url else {}
    limiter.init_app(app)
    app.register_error_handler(RateLimitExceeded, _too_many)


def _too_many(error: RateLimitExceeded) -> ResponseReturnValue:
    """Turn the limiter's error into ours, which the API answers as JSON and the dashboard as a page."""
    reached = limiter.current_limit
    wait = max(1, math.ceil(reached.window.reset_time - time.time())) if reached else 1
    message = error.description if error.limit.error_message else None
    return current_app.handle_user_exception(RateLimited(message, retry_after=wait))


settings: Settings = cast("Settings", LocalProxy(lambda: current_app.extensions["paydesk_settings"]))
services: Services = cast(Services, LocalProxy(lambda: current_app.extensions["paydesk"]))
