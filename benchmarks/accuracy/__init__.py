"""Accuracy on public data that are not part of the project, against published figures."""
