from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.permissions import Role
from dashboards.web.assets import FOLDER
from tests.integration.dashboards.browsing import add, email_of
from tests.support.signed_in import signed_in

ADMIN_PAGES = {"Webhooks", "Reconciliation", "Users", "Audit log"}


def entries(page: str) -> set[str]:
    nav = re.search(r'<nav class="nav-open".*?</nav>', page, re.DOTALL)
    return set(re.findall(r"<a [^>]*>([^<]+)</a>", nav[0])) if nav else set()


def test_the_navigation_shows_what_the_role_may_open(app: Flask) -> None:
    add(app, *Role)
    visible = {}
    for role in Role:
        page = signed_in(app, email_of(role)).get("/dashboard/account/password").text
        visible[role] = entries(page)
        assert email_of(role) in page
    assert not visible[Role.VIEWER] & ADMIN_PAGES
    assert visible[Role.FINANCE] == visible[Role.VIEWER]
    assert visible[Role.ADMIN] - visible[Role.VIEWER] == ADMIN_PAGES


def test_every_navigation_entry_opens_and_marks_its_page(app: Flask) -> None:
    add(app, Role.ADMIN)
    client = signed_in(app, email_of(Role.ADMIN))
    match = re.search(r'<nav class="nav-open".*?</nav>', client.get("/dashboard/users").text, re.DOTALL)
    assert match
    for address in re.findall(r'href="([^"]+)"', match[0]):
        answer = client.get(address)
        assert answer.status_code == 200, address
        # In the open and in the folded navigation.
        assert answer.text.count(f'<a href="{address}" aria-current="page">') == 2, address
        assert answer.text.count('aria-current="page"') == 2, address


def test_visitors_see_no_navigation(client: FlaskClient) -> None:
    assert entries(client.get("/").text) == set()
    assert "account-menu" not in client.get("/login").text


@pytest.mark.parametrize("path", ["/nowhere", "/dashboard/nowhere", "/assets/nothing.css"])
def test_an_unknown_address_shows_a_page_with_the_same_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Back to the start page" in answer.text


def test_every_file_of_a_page_is_served_by_us(client: FlaskClient) -> None:
    page = client.get("/").text
    loaded = re.findall(r'(?:src|<link rel="(?:icon|stylesheet)" href)="([^"]+)"', page)
    assert len(loaded) >= 6
    assert any(path.startswith("/bootstrap/") for path in loaded)
    for path in loaded:
        assert path.startswith("/"), path
        assert not path.startswith("//"), path
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age" in answer.headers["Cache-Control"]
        answer.close()


def test_a_fingerprinted_address_is_cached_for_a_year_and_others_for_an_hour(client: FlaskClient) -> None:
    kept = re.search(r"/assets/paydesk\.css\?v=\w{12}", client.get("/").text)
    assert kept
    for path, seconds in ((kept[0], 31_536_000), ("/assets/paydesk.css", 3_600)):
        answer = client.get(path)
        assert f"max-age={seconds}" in answer.headers["Cache-Control"]
        answer.close()


def test_pages_over_tls_send_strict_transport_security(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" in client.get("/", base_url="https://paydesk.example").headers
    assert "Strict-Transport-Security" not in client.get("/").headers


def test_the_dark_theme_is_equal_with_and_without_scripts() -> None:
    css = (FOLDER / "paydesk.css").read_text("utf-8")
    by_choice = re.search(r'\n\[data-bs-theme="dark"\] \{(.*?)\n\}', css, re.DOTALL)
    by_system = re.search(r":root:not\(\[data-bs-theme\]\) \{(.*?)\n  \}", css, re.DOTALL)
    assert by_choice
    assert by_system
    assert by_choice[1].split() == by_system[1].split()


def channel(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (channel(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_enough_contrast_on_every_background(theme: str) -> None:
    """WCAG AA: 4.5 to 1 for text, 3 to 1 for the edges of controls and the lines of charts."""
    css = (FOLDER / "paydesk.css").read_text("utf-8")
    block = re.search(rf'\[data-bs-theme="{theme}"\] \{{(.*?)\n\}}', css, re.DOTALL)
    assert block
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block[1]))
    grounds = ("ground", "surface", "raised")
    texts = [(text, ground) for text in ("text", "quiet", "accent", "good", "bad", "wait") for ground in grounds]
    texts += [(kind, f"{kind}-soft") for kind in ("good", "bad", "wait", "note", "accent")]
    texts += [("on-accent", "accent"), ("on-accent", "accent-hover")]
    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]])
        for pair in texts
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}
    edges = [("line-strong", ground) for ground in ("ground", "surface")]
    edges += [(f"series-{number}", "surface") for number in range(1, 7)]
    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]])
        for pair in edges
        if contrast(colours[pair[0]], colours[pair[1]]) < 3
    } == {}
