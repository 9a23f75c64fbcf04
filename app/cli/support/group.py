"""What every command group shares: the app's settings, errors as sentences, and who is acting."""

from __future__ import annotations

import getpass
from typing import Any, cast

import click
import structlog
from click.exceptions import Exit
from flask import current_app
from flask.cli import AppGroup

from app.errors import PaydeskError
from app.models.indexes import IndexNotCreated
from config import Settings, SettingsError

logger = structlog.get_logger(__name__)


class Group(AppGroup):
    """A group whose commands end a failure with a sentence and exit code 1, not with a traceback.

    An unexpected failure goes to the log, which names the place and leaves out the values that the message quotes.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PaydeskError as error:
            raise click.ClickException(error.message) from error
        except (SettingsError, IndexNotCreated) as error:
            raise click.ClickException(str(error)) from error
        except (click.ClickException, click.Abort, Exit):
            raise
        except Exception as error:
            logger.error("unexpected_error", error=type(error).__name__, exc_info=error)
            message = f"Something went wrong ({type(error).__name__}). The log on standard error says where."
            raise click.ClickException(message) from error


def settings() -> Settings:
    """The settings of the app that the command runs in."""
    return cast(Settings, current_app.extensions["paydesk_settings"])


def actor() -> str:
    """Who runs the command, for the audit log."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a container may run under a user id that has no name
        return "command line"
