"""What cards, banks and Stripe do, and how their objects look on the wire."""
