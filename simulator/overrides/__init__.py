"""Deviations of the simulated cluster from its documented behaviour: faults and release quirks."""
