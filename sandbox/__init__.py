"""A stateful local stand-in for the part of Stripe that a card integration touches; see README.md."""
