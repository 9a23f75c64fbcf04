"""Uploaded files: their JSON, and which of them are evidence. Source: docs.stripe.com/api/files; facts §14."""

from __future__ import annotations

from sandbox.behaviour.rendering import fields
from sandbox.core.errors import invalid
from sandbox.core.records import File, Json
from sandbox.core.store import Store

EVIDENCE_PURPOSE = "dispute_evidence"
_EVIDENCE_SECONDS = 270 * 86400
# The fields of a dispute's evidence that hold a file's id.
_EVIDENCE_FILES = frozenset(
    """cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt
    refund_policy service_documentation shipping_documentation uncategorized_file""".split()
)


def file(record: File) -> Json:
    """docs.stripe.com/api/files/object; no file here has links."""
    expires = record.created + _EVIDENCE_SECONDS if record.purpose == EVIDENCE_PURPOSE else None
    return {
        **fields(record, ("id", "created", "filename", "purpose", "size")),
        "object": "file",
        "expires_at": expires,
        "links": {"object": "list", "data": [], "has_more": False, "url": f"/v1/file_links?file={record.id}"},
        "title": None,
        "type": record.format,
        "url": f"https://files.stripe.com/v1/files/{record.id}/contents",
    }


def check_evidence(store: Store, evidence: dict[str, str | None]) -> None:
    """Raises a 400 for a file of the evidence that does not exist or was uploaded for another purpose."""
    for name in sorted(_EVIDENCE_FILES & evidence.keys()):
        file_id, param = evidence[name], f"evidence[{name}]"
        if file_id is None:
            continue
        if store.files.require(file_id, param=param, status=400).purpose != EVIDENCE_PURPOSE:
            raise invalid(f"The file {file_id} must have the purpose {EVIDENCE_PURPOSE}.", param=param)
