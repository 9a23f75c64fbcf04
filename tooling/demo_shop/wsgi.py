"""The WSGI application of `make run`: Paydesk as in production, and the demo shop below /demo."""

from __future__ import annotations

from werkzeug.middleware.dispatcher import DispatcherMiddleware

import wsgi
from config import Settings
from tooling.demo_shop import shop

app = DispatcherMiddleware(wsgi.app, {"/demo": shop.create(Settings.from_env())})
