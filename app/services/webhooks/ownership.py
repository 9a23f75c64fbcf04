"""Whose an event is: one of our payments, or another application, account or mode (DESIGN section 4, rule 2)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.clock import now
from app.domain.payments.facts import IntentFact
from app.errors import NotFound, PaydeskError, StripeBusy, StripePermissionMissing
from app.gateway import webhooks
from app.gateway.account import StripeAccount
from app.gateway.client import StripeGateway
from app.gateway.webhooks import StripeFact
from app.models.payments import repository
from app.models.payments.repository import StoredPayment
from app.models.webhooks import foreign_intents
from app.models.webhooks.events import IgnoredReason
from app.services.payments.updates import Source, learn, row_waiting_for, stored_payment_of

# Where Stripe does not say which account is ours, no event of another account asks it again so soon.
_PAUSE_SECONDS = 300.0


class Foreign(Exception):
    """The event concerns no payment of ours."""

    def __init__(self, reason: IgnoredReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Undecided(Exception):
    """Stripe is too busy to say whose the event is; nothing of it points to us."""

    def __init__(self, error: StripeBusy) -> None:
        super().__init__(error.message)
        self.error = error


class Ownership:
    """Finds the payment that an event is about."""

    def __init__(self, gateway: StripeGateway, *, livemode: bool) -> None:
        self._gateway = gateway
        self._livemode = livemode
        self._own_account: str | None = None
        self._ask_again_at = 0.0

    def elsewhere(self, event: Mapping[str, Any]) -> IgnoredReason | None:
        """Why the event cannot concern us, whatever its object is: the other mode, or a connected account.

        An endpoint of a platform gets both (docs.stripe.com/connect/webhooks).
        """
        if bool(event.get("livemode")) != self._livemode:
            return IgnoredReason.WRONG_MODE
        account = event.get("account")
        return IgnoredReason.OTHER_ACCOUNT if account and account != self._account() else None

    def payment_of(
        self, event: Mapping[str, Any], fact: StripeFact, source: Source
    ) -> tuple[StoredPayment, StripeFact]:
        """The payment of the fact, which it has learnt, and the fact with its intent. Raises Foreign and Undecided.

        Stripe is asked only where neither a row nor the object says whose it is, and once for an intent.
        """
        if not fact.intent_id:
            # A refund or dispute may name the charge alone; a charge without an intent is none of ours.
            charge_id = getattr(fact, "charge_id", None)
            stored = repository.find_by_charge(charge_id) if charge_id else None
            if stored is None:
                raise Foreign(IgnoredReason.NO_PAYMENT)
            fact = replace(fact, intent_id=str(stored.state.intent_id))
            return learn(stored, [fact], source), fact
        stored = repository.find_by_intent(fact.intent_id) or self._unknown(event, fact, source)
        return learn(stored, [fact], source), fact

    def _unknown(self, event: Mapping[str, Any], fact: StripeFact, source: Source) -> StoredPayment:
        """The payment of an intent that no row names yet: a race with create-intent, or an adoption."""
        intent_id = str(fact.intent_id)
        if webhooks.shows_foreign(event):
            raise Foreign(IgnoredReason.FOREIGN)
        if isinstance(fact, IntentFact):
            if not fact.is_ours:
                raise Foreign(IgnoredReason.FOREIGN)
            waiting = row_waiting_for(fact)
            if waiting:
                return waiting
        is_named = webhooks.names_our_key(event)
        if not is_named and foreign_intents.is_known(intent_id):
            raise Foreign(IgnoredReason.FOREIGN)
        # Nothing is adopted on the word of an event: our own key has to see the intent.
        stored = None
        try:
            intent = self._gateway.retrieve_intent(intent_id).fact
            stored = stored_payment_of(intent, source, further=[fact])
        except NotFound:
            pass
        except StripeBusy as error:
            if is_named:
                raise
            raise Undecided(error) from error
        except StripePermissionMissing:
            if is_named:
                raise
            # Reconciliation finds it, should it be ours after all.
            raise Foreign(IgnoredReason.NO_PERMISSION) from None
        if stored is None:
            foreign_intents.remember(intent_id, now=now())
            raise Foreign(IgnoredReason.FOREIGN)
        return stored

    def _account(self) -> str | None:
        """The account of our key; None where Stripe does not say. Events of its own carry no ``account`` anyway."""
        if self._own_account is None and time.monotonic() >= self._ask_again_at:
            try:
                self._own_account = StripeAccount(self._gateway).account().id
            except PaydeskError:
                self._ask_again_at = time.monotonic() + _PAUSE_SECONDS
        return self._own_account


def intent_of_charge(charge_id: object) -> str | None:
    """The payment intent of a charge that we know; None for any other."""
    stored = repository.find_by_charge(charge_id) if isinstance(charge_id, str) and charge_id else None
    return stored.state.intent_id if stored else None
