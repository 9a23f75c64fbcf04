"""The rules of payments and of figures, without any I/O: this package imports the standard library and itself."""
