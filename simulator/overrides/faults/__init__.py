"""Deliberate breaks, each of one documented behaviour; the registry finds them in the modules of this package."""
