"""Disturbances: what a correct cluster may do to its users, done more often and at random from a seed.

They change when things happen, what is unavailable and what must be retried, but never what is right. Each has a name,
and a reason why a correct cluster may do it, in `simulator.disturbances.catalogue`.
"""
