"""Runs the suite on the simulator as every documented version: each must conform to its own documentation."""
