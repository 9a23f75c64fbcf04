"""The control endpoints under /_sandbox/, for tests, demos and people."""
