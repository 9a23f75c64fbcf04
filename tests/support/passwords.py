"""Passwords of accounts that tests put into the database."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher

PASSWORD = "correct horse battery staple"


@cache
def cheap_hash(password: str = PASSWORD) -> str:
    """A hash that is checked in no time, since a hash names its own cost.

    The first sign-in with the right password replaces it by one at full cost, as after any change of the cost.
    """
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)
