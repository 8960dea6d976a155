"""Loads the suite's own pytest plugin."""

pytest_plugins = ["fixtures.plugin"]
