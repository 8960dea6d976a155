"""The kill matrix: every fault of the simulator against the suite, which must notice it and name what is broken."""
