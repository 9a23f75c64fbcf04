"""Extensions without an app; ``create_app`` binds them."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app
from flask_smorest import Api
from werkzeug.local import LocalProxy

from app.services import Services

api = Api()


def bind_services(app: Flask, built: Services) -> None:
    """Make ``built`` what ``services`` means while ``app`` handles a request or command."""
    app.extensions["paydesk"] = built


services: Services = cast(Services, LocalProxy(lambda: current_app.extensions["paydesk"]))
