"""What changes the simulated cluster from its documented behaviour: faults and quirks of releases."""
