"""Optimisation of a network: batches, schedule, optimiser, epoch loop, and its checkpoint."""
