"""Failures on pages: a sentence and a way on, instead of the API's JSON."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, render_template
from flask_wtf.csrf import CSRFError

from app.errors import PaydeskError


def init_app(pages: Blueprint) -> None:
    """Show failures inside ``pages`` as pages."""
    pages.register_error_handler(PaydeskError, _failure)
    pages.register_error_handler(CSRFError, _forged)


def _failure(error: PaydeskError) -> tuple[str, int]:
    return _page(error.http_status, error.message)


def _forged(_: CSRFError) -> tuple[str, int]:
    told = "This form has expired or did not come from this site. Go back, reload the page and try again."
    return _page(HTTPStatus.BAD_REQUEST, told)


def _page(status: HTTPStatus, message: str) -> tuple[str, int]:
    return render_template("errors/page.html", title=status.phrase, message=message), status
