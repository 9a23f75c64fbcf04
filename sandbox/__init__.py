"""A local, stateful stand-in for the part of Stripe that a card integration uses; see README.md."""
