"""Another sequence for each sequence."""
