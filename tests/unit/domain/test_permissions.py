from __future__ import annotations

import pytest

from app.domain.permissions import Permission, Role


def test_each_role_may_do_what_the_one_before_it_may() -> None:
    assert Role.VIEWER.permissions < Role.FINANCE.permissions < Role.ADMIN.permissions


@pytest.mark.parametrize("permission", Permission)
def test_every_permission_is_somebodys(permission: Permission) -> None:
    assert Role.ADMIN.may(permission)


def test_a_role_covers_itself_and_the_lesser_ones() -> None:
    assert Role.FINANCE.covers(Role.FINANCE)
    assert Role.FINANCE.covers(Role.VIEWER)
    assert not Role.FINANCE.covers(Role.ADMIN)


def test_viewers_neither_refund_nor_export() -> None:
    assert not Role.VIEWER.may(Permission.REFUND)
    assert not Role.VIEWER.may(Permission.EXPORT)
