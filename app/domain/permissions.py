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
    """A thing that a page offers only to some of those who see the page; other pages are guarded by role."""

    REFUND = "refund"
    EXPORT = "export"


class Role(StrEnum):
    """The job of a person. Each role may do what the one before it may, and more."""

    VIEWER = "viewer"
    FINANCE = "finance"
    ADMIN = "admin"

    def may(self, permission: Permission) -> bool:
        return self.covers(_NEEDED[permission])

    def covers(self, other: Role) -> bool:
        """True when this role may do everything that ``other`` may."""
        roles = list(Role)
        return roles.index(self) >= roles.index(other)


_NEEDED = {Permission.REFUND: Role.FINANCE, Permission.EXPORT: Role.FINANCE}
