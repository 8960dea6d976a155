"""Variations: what a correct Longhorn, cluster or store may show as well, by subject; no verdict may change."""
