"""Slow, obvious versions in float64 NumPy of what the kernels compute.

One step, one equation at a time; nothing here is imported from fastgru, and nothing knows of
blocks, panels or vectors.  The equations are those of :mod:`fastgru.kernels.gru` and its
neighbours, their gradients are written out once more by hand.
"""
