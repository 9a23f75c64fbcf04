"""The base of all other layers: records, the store and its file, lists, money, errors, one call."""
