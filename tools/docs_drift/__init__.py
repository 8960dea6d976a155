"""Tells which headings of Longhorn's documentation changed since they were read for the catalogue."""
