"""Layers: they own parameters, check shapes and call kernels."""
