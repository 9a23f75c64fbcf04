"""One API request whose parameters have been checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.core.origin import Origin
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store


@dataclass(slots=True)
class Call:
    """What a resource receives.

    ``object_id`` is the id in the path; ``publishable`` is true for a browser's key.
    """

    sandbox: Sandbox
    params: dict[str, Any]
    object_id: str
    origin: Origin
    publishable: bool
    base_url: str

    @property
    def version(self) -> str:
        """The API version of the request, or the account's default."""
        return self.origin.api_version or self.sandbox.settings.api_version

    @property
    def store(self) -> Store:
        return self.sandbox.store
