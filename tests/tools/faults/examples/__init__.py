"""Sound and unsound faults for tests of the kill matrix."""
