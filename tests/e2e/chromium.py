"""Debian's Chromium, which every test with a browser drives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

MISSING = "Chromium is not installed: apt-get install chromium"
# The new headless mode is a whole browser, so it is told not to look for updates and the like.
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def installed() -> str | None:
    """The path of the system's Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without a window; playwright's own download is never used."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=installed(), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
