"""Optimisation of a network: batches, schedule, optimiser, epoch loop.  Knows no files."""
