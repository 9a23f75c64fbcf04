"""Events, their signatures and their deliveries."""
