"""What every endpoint shares: who calls, limits, parsing, errors, headers."""
