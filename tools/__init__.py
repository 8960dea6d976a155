"""Programs about the suite and its simulator that are no tests; each runs as `python -m tools.NAME`."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository."""
