"""Every page in every look: readable by assistive technology, never wider than its screen, and kept as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page
from pymongo.database import Database

from app.domain.permissions import Role
from app.factory import create_app
from config import Settings
from tests.conftest import ROOT
from tests.e2e.browser import places, seeing, shop
from tests.e2e.browser.browser import DESK, NARROWEST, PHONE, Visitor
from tests.support.profiles import thorough_beside
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]
PICTURES = ROOT / "artifacts" / "screenshots"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": DESK},
    "dark": {"color_scheme": "dark", "viewport": DESK},
    "phone": {"color_scheme": "light", "viewport": PHONE, "has_touch": True, "is_mobile": True},
}


@dataclass(frozen=True, slots=True)
class Content:
    """What the shop's database holds, and the address of the refund form that was sent in it."""

    documents: dict[str, list[dict[str, Any]]]
    sent: str


@pytest.fixture(scope="module")
def content(settings: Settings, sandbox: SandboxProcess, database: Mongo) -> Content:
    """It takes seconds to make, and each test empties the database."""
    sent = shop.furnish(create_app(settings), settings, sandbox)
    return Content({name: list(database[name].find()) for name in database.list_collection_names()}, sent)


@pytest.fixture
def furnished(content: Content, database: Mongo) -> Mongo:
    """The database with the content of the shop."""
    for name, documents in content.documents.items():
        database[name].delete_many({})
        if documents:
            database[name].insert_many(documents)
    return database


# One test for each look and not for each page: what the pages show takes seconds to make.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("look", thorough_beside(LOOKS, "phone"))
def test_every_page(content: Content, furnished: Mongo, visit: Callable[..., Visitor], look: str) -> None:
    visitor = visit(**LOOKS[look])
    visitor.expected = {403, 404, 409, 503}
    page = visitor.page
    found = {}
    for name, address in (("start", "/"), ("sign-in", "/login")):
        page.goto(address)
        found[name] = faults(page, look, name)
    visitor.enter(Role.ADMIN)
    for name, address in (places.addresses(furnished) | {"refund-made": content.sent}).items():
        places.open_(page, name, address)
        found[name] = faults(page, look, name)
    furnished["figures_state"].update_one({}, {"$set": {"built_at": None}})
    page.goto("/dashboard")
    page.get_by_text("The figures are being built").wait_for()
    found["overview-not-ready"] = faults(page, look, "overview-not-ready")
    stranger = visit(**LOOKS[look])
    stranger.expected = {403}
    page = stranger.enter(Role.VIEWER, then="/dashboard/users")
    page.get_by_text("This page requires the role admin").wait_for()
    found["forbidden"] = faults(page, look, "forbidden")
    assert {name: problems for name, problems in found.items() if problems} == {}


def faults(page: Page, look: str, name: str) -> list[str]:
    """What is wrong with the page as it stands, whose picture is kept."""
    seeing.keep(page, PICTURES / look / f"{name}.png")
    problems = seeing.barriers(page) + seeing.overflow(page)
    if look == "phone":
        page.set_viewport_size(NARROWEST)
        problems += seeing.overflow(page)
        page.set_viewport_size(PHONE)
    return problems
