"""Numbers for each sequence."""
