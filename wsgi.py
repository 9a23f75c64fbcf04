"""The application object for WSGI servers: ``gunicorn wsgi:app``."""

from __future__ import annotations

import sys

from app.cli.support import run_env
from app.factory import create_app
from app.logging import configure, log_uncaught, logger
from config import Settings, SettingsError, configured_environment

# Before anything can fail; create_app sets the level that is asked for.
configure("INFO")
log_uncaught()
try:
    environ = configured_environment()
    if run_env.is_flask_command():
        environ = run_env.complete(environ)
    app = create_app(Settings.from_env(environ))
except SettingsError as error:
    sys.exit(f"Paydesk cannot start. {error}")
except Exception as error:  # noqa: BLE001 (it is logged)
    # gunicorn prints the message of what it meets here, which may quote an address with its password.
    logger.critical("uncaught_error", error=type(error).__name__, exc_info=error)
    sys.stderr.write(f"Paydesk cannot start ({type(error).__name__}). The line above says where.\n")
    # By this code gunicorn ends, in place of starting one worker after the other.
    sys.exit(3)
