"""The only package that imports stripe: calls, frozen snapshots, error translation, signature check."""
