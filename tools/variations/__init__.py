"""The other matrix: every variation of the simulator against the suite, of which no verdict may change."""
