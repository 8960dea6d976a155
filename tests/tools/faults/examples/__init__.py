"""Faults that are none, each in a way of its own: the matrix must say so."""
