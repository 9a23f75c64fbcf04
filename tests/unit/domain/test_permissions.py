from __future__ import annotations

import pytest

from app.domain.permissions import Permission, Role


@pytest.mark.parametrize("permission", Permission)
def test_finance_and_admins_have_every_permission_and_viewers_none(permission: Permission) -> None:
    assert [role.may(permission) for role in Role] == [False, True, True]


def test_a_role_covers_itself_and_the_lesser_ones() -> None:
    covered = {role: [other for other in Role if role.covers(other)] for role in Role}
    assert covered == {
        Role.VIEWER: [Role.VIEWER],
        Role.FINANCE: [Role.VIEWER, Role.FINANCE],
        Role.ADMIN: [Role.VIEWER, Role.FINANCE, Role.ADMIN],
    }
