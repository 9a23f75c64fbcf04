"""Extensions without an app; ``create_app`` binds them.

Rate limits are counted in REDIS_URL where it is set and else in MongoDB, so that all processes count together. While
that storage is away each process counts by itself: signing in asks MongoDB anyway, and says when it is away, and the
lock after ten wrong passwords is kept there; everything else must not stop because a counter did. Counted is in a
window that slides, from two numbers for each caller, so that a high limit costs no more than a low one.
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
    get_remote_address,
    strategy="sliding-window-counter",
    key_prefix="paydesk",
    in_memory_fallback_enabled=True,
)

# A request waits no longer than this for Redis before it is counted here.
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
    """The limiter's failure as ours, shown like every other one: JSON by the API, a page by the dashboard."""
    reached = limiter.current_limit
    wait = max(1, math.ceil(reached.window.reset_time - time.time())) if reached else 1
    said = error.description if error.limit.error_message else None
    return current_app.handle_user_exception(RateLimited(said, retry_after=wait))


settings: Settings = cast("Settings", LocalProxy(lambda: current_app.extensions["paydesk_settings"]))
services: Services = cast(Services, LocalProxy(lambda: current_app.extensions["paydesk"]))
