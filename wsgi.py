"""The application object for WSGI servers: ``gunicorn wsgi:app``."""

from __future__ import annotations

import sys

from app import create_app, logging
from config import Settings, SettingsError

try:
    app = create_app(Settings.from_env())
    logging.log_uncaught()
except SettingsError as error:
    sys.exit(f"Paydesk cannot start. {error}")
