"""The addresses under /_sandbox/, for tests, demos and people."""
