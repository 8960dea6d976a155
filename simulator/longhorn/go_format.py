"""Values as Go prints them."""

from collections.abc import Mapping


def go_map(values: Mapping[str, str]) -> str:
    """A map: map[one:1 two:2]."""
    return f"map[{' '.join(f'{key}:{values[key]}' for key in sorted(values))}]"
