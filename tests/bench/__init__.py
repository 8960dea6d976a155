"""How fast the simulator is: `python -m tests.bench` prints a table. Nothing is asserted."""
