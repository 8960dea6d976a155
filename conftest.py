"""Loads the suite's own pytest plugin, and what its tests stand on."""

pytest_plugins = ["fixtures.plugin", "fixtures.arrangements"]
