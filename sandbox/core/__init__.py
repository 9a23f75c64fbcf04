"""What everything else rests on: the records, the store and its file, lists, money, errors, one call."""
