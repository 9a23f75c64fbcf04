"""Gauges that are read from MongoDB at each scrape, and are therefore the same in every worker and on every node.

Uses definitions.
"""

from __future__ import annotations

from app.telemetry.definitions import at_scrape

_WINDOW = "1h or 24h, ending now"

oldest_unapplied = at_scrape(
    "webhook_oldest_unapplied_seconds",
    "Age of the oldest event that is not applied, by Stripe's time; 0 when there is none.",
)
inbox_events = at_scrape(
    "webhook_inbox_events", "Events that are not applied; counted up to 10000.", state="received or failed"
)
reconciliation_drift = at_scrape(
    "reconciliation_drift",
    "Payments that differed from Stripe in the last finished comparison, repaired ones included.",
    kind="missing_here, different, missing_there or differs_from_order (no drift: the order asked something else)",
)
reconciliation_finished = at_scrape(
    "reconciliation_last_finished_timestamp_seconds",
    "When the last comparison with Stripe finished; absent before the first.",
)
worker_heartbeat = at_scrape(
    "worker_heartbeat_timestamp_seconds",
    "Time of the last heartbeat of a worker; absent when none was started or all were stopped.",
)
disputes_open = at_scrape(
    "disputes_open",
    "Disputes that need a response, by the time until their evidence is due; counted up to 10000.",
    due="overdue, 24h, 72h or later",
)
fraud_warnings_open = at_scrape(
    "fraud_warnings_open",
    "Payments with an early fraud warning that a refund may still keep from a dispute; counted up to 10000.",
)
uncounted_payments = at_scrape(
    "figures_uncounted_payments", "Payments that changed and are not counted in the figures yet; counted up to 10000."
)
scrape_error = at_scrape(
    "scrape_error",
    "1 where MongoDB could not be read for this page.",
    source="inbox, reconciliation, worker, disputes, fraud or figures",
)
payments = at_scrape(
    "payments",
    "Payments created in the window, by outcome.",
    window=_WINDOW,
    outcome="completed, failed, canceled, open or abandoned",
)
success_ratio = at_scrape(
    "payments_success_ratio",
    "Completed of completed and failed payments created in the window; absent when there are none.",
    window=_WINDOW,
)
refund_ratio = at_scrape(
    "refund_ratio", "Refunded of completed payments created in the window; absent when there are none.", window=_WINDOW
)
threeds_ratio = at_scrape(
    # Not "three_d_secure": promtool would take the d for days.
    "threeds_ratio",
    "Attempts with 3-D Secure of all attempts of payments created in the window; absent when there are none.",
    window=_WINDOW,
)
failed_attempts = at_scrape(
    "failed_attempts",
    "Failed attempts of payments created in the window, by reason.",
    window=_WINDOW,
    reason="the 15 most frequent decline or error codes that Stripe documents, or other",
)
processing_seconds = at_scrape(
    "processing_seconds",
    "Time from created to completed of payments created in the window.",
    "summary",
    window=_WINDOW,
    quantile="0.5 or 0.95",
)
processing_mean = at_scrape(
    "processing_mean_seconds",
    "Mean time from created to completed of payments created in the window; absent when there are none.",
    window=_WINDOW,
)
volume = at_scrape(
    "volume",
    "Money that moved in the window, in major units of its currency; absent for a currency without known decimals.",
    window=_WINDOW,
    currency="an ISO currency code, lower case",
    flow="gross, refunded or refund_failures",
)
build_info = at_scrape(
    "build_info", "Always 1; the labels say what runs.", version="of pyproject.toml", python="of Python"
)
