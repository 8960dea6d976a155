"""Fidelity: the simulator beside recordings of a real cluster, as one client saw both."""
