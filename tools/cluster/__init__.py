"""The target `cluster`, tried on a simulator that was started by hand."""
