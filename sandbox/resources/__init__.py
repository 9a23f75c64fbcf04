"""One module per resource of the API, one function per endpoint."""
