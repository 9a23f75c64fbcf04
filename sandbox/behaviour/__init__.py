"""What cards, banks and Stripe do, and how objects look on the wire."""
