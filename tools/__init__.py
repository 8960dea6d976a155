"""Programs about the suite and its simulator that are no tests; each runs as `python -m tools.NAME`."""
