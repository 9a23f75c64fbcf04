"""What every document class of ours has in common: MongoEngine declares the collection, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from bson import ObjectId
from mongoengine import Document, ObjectIdField
from mongoengine.base import BaseField
from mongoengine.queryset import QuerySet
from mongoengine.queryset.field_list import QueryFieldList


class DeclaredFields(QuerySet):
    """Asks for the declared fields only.

    While a newer version is being rolled out, its documents may have fields that this one does not know; MongoEngine
    refuses a document with any other field.
    """

    def __init__(self, document: type[Document], collection: Any) -> None:
        super().__init__(document, collection)
        self._loaded_fields = QueryFieldList(fields=document._db_field_map.values())

    def sort(self, keys: list[tuple[str, int]]) -> DeclaredFields:
        """As pymongo's cursors do it, for ``pagination`` reads both."""
        return self.order_by(__raw__=keys)  # type: ignore[no-any-return]


class StoredDocument(Document):
    """One collection. ``flask db indexes`` makes its indexes, never a request."""

    meta: ClassVar[dict[str, Any]] = {"abstract": True, "auto_create_index": False, "queryset_class": DeclaredFields}

    @classmethod
    def load(cls, row: Mapping[str, Any]) -> Self:
        """The document of a row that was read ``as_pymongo``."""
        return cls._from_son(row)  # type: ignore[no-any-return]


class IdField(ObjectIdField):
    """An id of ours: an ObjectId in MongoDB, and everywhere else its 24 hexadecimal digits (see ``app.ids``)."""

    def to_python(self, value: Any) -> Any:
        return str(value) if isinstance(value, ObjectId) else value


class PlainField(BaseField):
    """A dictionary or list of plain values, handed over as it is stored.

    What DictField hands over is tied to its document, and fails when it is changed after the document is gone.
    """

    def __init__(self, kind: type, **options: Any) -> None:
        super().__init__(**options)
        self._kind = kind

    def validate(self, value: Any, clean: bool = True) -> None:  # noqa: ARG002 (as the base class has it)
        if not isinstance(value, self._kind):
            self.error(f"is {type(value).__name__}, not {self._kind.__name__}")
