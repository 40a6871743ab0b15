"""One label for each letter of a sequence."""
