"""Sequences and their labels: reading, checking, auditing and splitting.  Needs no compiler."""
