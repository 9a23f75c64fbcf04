"""Extensions without an app; ``create_app`` binds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app
from flask_smorest import Api
from werkzeug.local import LocalProxy

from app.services import Services

if TYPE_CHECKING:
    from config import Settings

api = Api()


def bind_settings(app: Flask, configured: Settings) -> None:
    """Make ``configured`` what ``settings`` means while ``app`` handles a request or command."""
    app.extensions["paydesk_settings"] = configured


def bind_services(app: Flask, built: Services) -> None:
    """Make ``built`` what ``services`` means while ``app`` handles a request or command."""
    app.extensions["paydesk"] = built


settings: Settings = cast("Settings", LocalProxy(lambda: current_app.extensions["paydesk_settings"]))
services: Services = cast(Services, LocalProxy(lambda: current_app.extensions["paydesk"]))
