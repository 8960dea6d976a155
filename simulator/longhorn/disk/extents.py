"""Arithmetic on extents: sorted, disjoint, non-adjacent lists of (offset, length) in bytes."""

from collections.abc import Iterable

Extent = tuple[int, int]


def union(*lists: Iterable[Extent]) -> list[Extent]:
    """All bytes that any of the lists covers."""
    merged: list[Extent] = []
    for offset, length in sorted(extent for extents in lists for extent in extents):
        if length <= 0:
            continue
        if merged and offset <= merged[-1][0] + merged[-1][1]:
            start, known = merged[-1]
            merged[-1] = (start, max(known, offset + length - start))
        else:
            merged.append((offset, length))
    return merged


def subtract(extents: Iterable[Extent], without: Iterable[Extent]) -> list[Extent]:
    """What of `extents` lies outside `without`."""
    holes = union(without)
    rest: list[Extent] = []
    for offset, length in union(extents):
        start, end = offset, offset + length
        for hole, size in holes:
            if hole + size <= start:
                continue
            if hole >= end:
                break
            if hole > start:
                rest.append((start, hole - start))
            start = max(start, hole + size)
        if start < end:
            rest.append((start, end - start))
    return rest


def intersect(extents: Iterable[Extent], other: Iterable[Extent]) -> list[Extent]:
    """What of `extents` lies inside `other`."""
    known = union(extents)
    return subtract(known, subtract(known, other))


def rounded_out(extents: Iterable[Extent], unit: int, limit: int) -> list[Extent]:
    """The extents, widened to whole units of `unit` bytes and cut off at `limit`."""
    wide = []
    for offset, length in extents:
        start = offset // unit * unit
        end = min(-(-(offset + length) // unit) * unit, limit)
        wide.append((start, end - start))
    return union(wide)


def total(extents: Iterable[Extent]) -> int:
    """The number of bytes covered."""
    return sum(length for _, length in union(extents))
