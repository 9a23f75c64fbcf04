"""Who acts, on pages whose guard has let somebody in."""

from __future__ import annotations

from app.models.user import Account
from dashboards.session import signed_in


def acting() -> Account:
    """The account behind a request that a guard has let through."""
    account = signed_in()
    if account is None:
        raise RuntimeError("this is for pages whose guard asks for a role")
    return account
