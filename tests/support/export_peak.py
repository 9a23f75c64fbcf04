"""How much memory writing an export takes: a process of its own, whose peak tells. Arguments: MongoDB's address, the
kind of file, and how many of the payments are written."""

from __future__ import annotations

import resource
import sys
from datetime import timedelta
from zoneinfo import ZoneInfo

from app.models import connection
from app.models.listing import payments as payment_list
from app.models.listing.payments import PaymentFilter, SortOrder
from app.services.exports import columns
from app.services.exports.files import csv_chunks, workbook
from tests.support import stored


def main(uri: str, kind: str, count: int) -> None:
    """Write the file to nowhere; say how many rows it had and the peak in KiB."""
    connection.connect(uri)
    where = PaymentFilter(end=stored.EPOCH + timedelta(minutes=count))
    table = columns.payments(payment_list.stream(where, SortOrder.NEWEST), ZoneInfo("Europe/Berlin"))
    if kind == "csv":
        rows = sum(more for _, more in csv_chunks(table))
    else:
        file, rows = workbook([table])
        file.close()
    print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
