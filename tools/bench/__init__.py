"""How fast the simulator is: `python -m tools.bench` prints a table. Nothing is asserted."""
