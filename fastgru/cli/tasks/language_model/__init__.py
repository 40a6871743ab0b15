"""Which letter comes next, from sequences without labels."""
