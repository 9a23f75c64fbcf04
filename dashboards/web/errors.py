"""Errors on pages: a message and a link, instead of the API's JSON."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Flask, Response, g, make_response, render_template
from flask_wtf.csrf import CSRFError

from app.errors import PaydeskError

# Where the API looks up the renderer of errors outside its own routes (app.api.http.error_handlers).
_ERROR_PAGE = "paydesk_error_page"


def init_app(app: Flask, pages: Blueprint) -> None:
    """Render errors of ``pages``, and of addresses that no route serves, as pages."""
    pages.register_error_handler(PaydeskError, _failure)
    pages.register_error_handler(CSRFError, _forged)
    app.extensions[_ERROR_PAGE] = _page


def _failure(error: PaydeskError) -> Response:
    page = _page(error.http_status, error.message)
    if error.retry_after is not None:
        page.headers["Retry-After"] = str(error.retry_after)
    return page


def _forged(_: CSRFError) -> Response:
    message = "This form has expired or was not sent from this site. Go back, reload the page and try again."
    return _page(HTTPStatus.BAD_REQUEST, message)


def _page(status: int, message: str) -> Response:
    title, request_id = HTTPStatus(status).phrase, g.get("request_id", "")
    text = render_template("web/error.html", title=title, message=message, request_id=request_id)
    page = make_response(text)
    page.status_code = status
    return page
