"""A file in a multipart body."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# The first bytes of the formats that Stripe takes as evidence (docs.stripe.com/file-upload).
_FORMATS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}


@dataclass(frozen=True, slots=True)
class Upload:
    """What is kept of a file: its name, size in bytes, ``format`` by its content or name, and SHA-256."""

    filename: str
    size: int
    format: str
    digest: str

    @classmethod
    def of(cls, filename: str, content: bytes) -> Upload:
        named = filename.rpartition(".")[2].lower() if "." in filename else "bin"
        found = next((kind for start, kind in _FORMATS.items() if content.startswith(start)), None)
        if found is None and named in (*_FORMATS.values(), "jpeg"):
            named = "bin"
        return cls(filename, len(content), found or named, hashlib.sha256(content).hexdigest())
