"""The application object for WSGI servers: ``gunicorn wsgi:app``."""

from __future__ import annotations

import sys

from app import create_app, logging
from config import Settings, SettingsError

# Before anything can fail; create_app sets the level that is asked for.
logging.configure("INFO")
logging.log_uncaught()
try:
    app = create_app(Settings.from_env())
except SettingsError as error:
    sys.exit(f"Paydesk cannot start. {error}")
