from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.models import connection
from config import Settings
from tests.e2e.chromium import MISSING, installed, launched
from tests.e2e.storm import Storm


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of this process; each test has contexts of its own."""
    if installed() is None:
        pytest.skip(MISSING)
    with launched() as browser:
        yield browser


@pytest.fixture
def storm(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Storm]]:
    """``storm(mongodb_uri, seed=…)``: a Storm, whose processes are ended after the test."""
    begun: list[Storm] = []

    def begin(mongodb_uri: str, seed: int = 1) -> Storm:
        begun.append(Storm(settings, mongodb_uri, tmp_path, seed=seed))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()
    # Other tests of this process work on the database of the whole run.
    connection.connect(settings.mongodb_uri)
