"""API versions: their names, what changed between them, and how an object looks in each."""
