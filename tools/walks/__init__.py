"""Walks with new seeds, for as long as one likes, and the choice of the usual ones."""
