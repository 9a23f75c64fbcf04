"""Who may do what: scopes of bearer tokens for programs, roles of accounts for people."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a bearer token may be allowed to do (DESIGN section 2)."""

    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    PAYMENTS_REFUND = "payments:refund"
    METRICS_READ = "metrics:read"


class Permission(StrEnum):
    """One thing that can be done on the dashboard."""

    VIEW = "view"
    REFUND = "refund"
    EXPORT = "export"
    MANAGE_USERS = "manage_users"
    MANAGE_WEBHOOKS = "manage_webhooks"
    RECONCILE = "reconcile"
    READ_AUDIT = "read_audit"


class Role(StrEnum):
    """The job of a person. Each role may do what the one before it may, and more."""

    VIEWER = "viewer"
    FINANCE = "finance"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        return _PERMISSIONS[self]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def covers(self, other: Role) -> bool:
        """True when this role may do everything that ``other`` may."""
        return self.permissions >= other.permissions


_VIEWER = frozenset({Permission.VIEW})
_FINANCE = _VIEWER | {Permission.REFUND, Permission.EXPORT}
_PERMISSIONS = {Role.VIEWER: _VIEWER, Role.FINANCE: _FINANCE, Role.ADMIN: frozenset(Permission)}
