"""One module per resource of the API: what each of its addresses does."""
