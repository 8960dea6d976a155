"""The kill matrix: every fault of the simulator against the suite, and whether the suite names what is broken."""
