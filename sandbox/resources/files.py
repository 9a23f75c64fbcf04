"""/v1/files. Sources: docs.stripe.com/api/files, docs.stripe.com/file-upload; facts §14."""

from __future__ import annotations

from sandbox.behaviour import files
from sandbox.core.call import Call
from sandbox.core.errors import StripeError
from sandbox.core.lists import list_page
from sandbox.core.records import File, Json

_MAX_EVIDENCE_BYTES = 5 * 1024 * 1024
_EVIDENCE_FORMATS = frozenset({"jpg", "pdf", "png"})


def create(call: Call) -> Json:
    """POST /v1/files, as multipart/form-data. Evidence is a PDF, JPEG or PNG of at most 5 MB."""
    store, upload, purpose = call.store, call.params["file"], call.params["purpose"]
    if not upload.size:
        raise StripeError(400, "The file is empty.", param="file")
    if purpose == files.EVIDENCE_PURPOSE:
        if upload.format not in _EVIDENCE_FORMATS:
            raise StripeError(400, f"Files for {purpose} must be of the type PDF, JPEG or PNG.", param="file")
        if upload.size > _MAX_EVIDENCE_BYTES:
            raise StripeError(400, f"Files for {purpose} can have at most {_MAX_EVIDENCE_BYTES} bytes.", param="file")
    record = File(
        id=f"file_1{store.token(23)}",
        created=store.now(),
        seq=store.next_seq(),
        filename=upload.filename,
        format=upload.format,
        purpose=purpose,
        size=upload.size,
    )
    store.insert(store.files, record)
    call.sandbox.events.emit_record("file.created", record, call.origin)
    return files.file(record)


def retrieve(call: Call) -> Json:
    return files.file(call.store.files.require(call.object_id, param="file"))


def list_files(call: Call) -> Json:
    """GET /v1/files, all or of one purpose."""
    return list_page(call, "/v1/files", call.store.files, files.file, "purpose")
