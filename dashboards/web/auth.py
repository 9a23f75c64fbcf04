"""Who is signed in: the session cookie, the account behind it, and the guard that each route states.

Source: OWASP Session Management Cheat Sheet (new session at sign-in, ended on the server at sign-out, absolute
lifetime, cookie attributes). There is no idle timeout: pages refresh themselves, so an open page is never idle.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Flask, Request, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect

from app.domain.permissions import Role
from app.errors import Forbidden, Unavailable
from app.models.accounts.sessions import LIFETIME_SECONDS
from app.models.accounts.users import Account
from app.services import accounts
from dashboards.web.loopback import is_loopback

LIFETIME = timedelta(seconds=LIFETIME_SECONDS)
MISSING_KEY = "Signing in needs SECRET_KEY. Set it to a long random text, the same for every process."
# The routes that stay open until a temporary password, which an admin knows, is changed.
_PASSWORD_ROUTES = frozenset({"dashboards.password", "dashboards.password_submit"})
_STARTED = "signed_in_at"

View = TypeVar("View", bound=Callable[..., Any])


class SignedIn(UserMixin):  # type: ignore[misc]
    """An account for flask-login; its ID names the session, and the epoch that ends all sessions of the account."""

    def __init__(self, account: Account, session_id: str) -> None:
        self.account = account
        self.session_id = session_id

    def get_id(self) -> str:
        return f"{self.account.id}.{self.account.session_epoch}.{self.session_id}"


class SessionCookie(SecureCookieSessionInterface):
    """Cookies are sent over https only, except where the browser and the server are the same machine.

    The API has bearer tokens and never a session, so none is opened for it.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a page; for the API a null session, which cannot be written to."""
        if request.path.startswith("/api/"):
            return self.make_null_session(app)
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 (as the base class has it)
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        return request.is_secure or not is_loopback(host)


def init_app(app: Flask, pages: Blueprint, *, secret_key: str) -> None:
    """Give ``app`` its sessions, and ``pages`` the check of CSRF tokens on every request that changes something."""
    app.secret_key = secret_key or None
    app.session_interface = SessionCookie()
    app.config.update(
        SESSION_COOKIE_NAME="paydesk_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=int(LIFETIME.total_seconds()),
        # The API has bearer tokens and no cookies, so only pages are checked.
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    csrf = CSRFProtect()
    csrf.init_app(app)
    pages.before_request(require_secret_key)
    pages.before_request(csrf.protect)
    manager = LoginManager()
    # Its processor would query the database again on the page that reports an outage; ours never does.
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)


def guard(role: str | None = None, *, public: str | None = None) -> Callable[[View], View]:
    """State who may use a route: accounts of at least ``role``, or everyone for the reason ``public``."""
    needed = Role(role) if role else None
    if (needed is None) == (public is None):
        raise TypeError("a route needs either a role or a reason to be public")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if needed is not None:
                account = signed_in()
                if account is None:
                    return redirect(url_for("dashboards.sign_in", next=_here()))
                if not account.role.covers(needed):
                    raise Forbidden(f"This page requires the role {needed.value}; yours is {account.role.value}.")
                if account.password_is_temporary and request.endpoint not in _PASSWORD_ROUTES:
                    return redirect(url_for("dashboards.password"))
            return view(*args, **kwargs)

        guarded.guard = needed.value if needed else f"public: {public}"  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def signed_in() -> Account | None:
    """The account of this request; the layout shows it (see navigation)."""
    g.account = current_user.account if current_user.is_authenticated else None
    return g.account  # type: ignore[no-any-return]


def current_account() -> Account:
    """The account of a request that a guard has admitted."""
    account = signed_in()
    if account is None:
        raise RuntimeError("only pages whose guard requires a role have a current account")
    return account


def begin(account: Account) -> None:
    """Sign in with an empty session: values that an attacker planted before must not survive."""
    session.clear()
    g.pop("account", None)
    session.permanent = True
    session[_STARTED] = int(time.time())
    login_user(SignedIn(account, accounts.begin_session(account)))


def end() -> None:
    """End the session of this browser, here and on the server."""
    account = signed_in()
    if account:
        accounts.sign_out(account, current_user.session_id, address=request.remote_addr)
    logout_user()
    session.clear()
    g.pop("account", None)


def require_secret_key() -> None:
    """Raise Unavailable, naming the setting that sessions need, where it is missing."""
    if request.method != "GET" and not current_app.secret_key:
        raise Unavailable(MISSING_KEY)


def _load(user_id: str) -> SignedIn | None:
    account_id, epoch, session_id = [*user_id.split("."), "", ""][:3]
    age = time.time() - session.get(_STARTED, 0)
    if not epoch.isdigit() or not 0 <= age < LIFETIME.total_seconds():
        return None
    account = accounts.of_session(account_id, int(epoch), session_id)
    return SignedIn(account, session_id) if account else None


def _here() -> str:
    """The page to return to: only a page that was requested with GET can be requested again."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"
