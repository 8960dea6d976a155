"""Disturbances: what a correct cluster may do to those who use it, done more often and by chance from a seed.

They change when things happen, who is away and what has to be asked for again; never what is right. Each has a name,
and a reason why a correct cluster may do it, in `simulator.disturbances.catalogue`.
"""
