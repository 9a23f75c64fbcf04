"""What an operator has to mend at Stripe: kept when it is met, and forgotten when the same operation works again."""

from __future__ import annotations

import contextlib
import threading
import time

from app.clock import now
from app.errors import DatabaseUnavailable
from app.gateway.errors import ConfigurationFault
from app.models import configuration_faults

_LOOK_EVERY_SECONDS = 10.0


class ConfigurationFaults:
    """The reports of one gateway. Neither method fails: a payment does not depend on them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When this process last made sure, by operation, that no fault is kept of what works; another process may have
        # kept one since.
        self._cleared: dict[str, float] = {}

    def refused(self, fault: ConfigurationFault) -> None:
        """Keep the fault, for /readyz."""
        with self._lock:
            self._cleared.pop(fault.operation, None)
        # Without a database the fault is in the log, and the next call meets it again.
        with contextlib.suppress(DatabaseUnavailable):
            configuration_faults.keep(
                fault.operation, code=fault.code, param=fault.param, message=fault.message, now=now()
            )

    def worked(self, operation: str) -> None:
        """Forget what was kept of the operation."""
        at = time.monotonic()
        with self._lock:
            if at - self._cleared.get(operation, -_LOOK_EVERY_SECONDS) < _LOOK_EVERY_SECONDS:
                return
            self._cleared[operation] = at
        with contextlib.suppress(DatabaseUnavailable):
            configuration_faults.forget(operation)
