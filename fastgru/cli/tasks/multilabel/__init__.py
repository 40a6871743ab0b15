"""Any number of labels for each sequence."""
