"""`tox -e fuzz`: bad input for longer than the tests of a few seconds."""
