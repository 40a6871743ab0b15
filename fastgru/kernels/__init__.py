"""Compiled kernels: they take arrays and write arrays, check nothing and raise nothing.

Shapes, types and ranges are the business of :mod:`fastgru.layers`.
"""
