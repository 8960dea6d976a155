"""Steadiness: the same verdicts, whatever the order of the tests and whatever a correct cluster does meanwhile."""
