"""What a website says otherwise than the record."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fixtures.catalogue.clauses import version_key
from tools.docs_drift.record import Record
from tools.docs_drift.website import Digests, Website


@dataclass(frozen=True)
class Drift:
    """Something to read: a page in one version, and what became of it."""

    page: str
    version: str
    what: str

    def __str__(self) -> str:
        return f"{self.version}: {self.page}: {self.what}"


def compare(website: Website, record: Record, pages: Iterable[str]) -> list[Drift]:
    """What is to be read, the oldest version first.

    A version that was never read is compared with the newest one before it that was.
    """
    found = [each for page in pages for each in _of_page(website, record, page)]
    return sorted(found, key=lambda each: (version_key(each.version), each.page))


def _of_page(website: Website, record: Record, page: str) -> Iterator[Drift]:
    known = record.pages.get(page, {})
    for version in website.versions:
        now, then = website.page(version, page), known.get(version)
        if then is not None:
            if now is None:
                yield Drift(page, version, "the page is gone")
            elif changes := describe(then, now):
                yield Drift(page, version, f"changed since it was read: {changes}")
            continue
        if now is None and version in record.versions:
            # The other pages of this version were read, and this one was not in it.
            continue
        before = max((each for each in known if version_key(each) < version_key(version)), key=version_key, default="")
        if now is None:
            if before and website.page(before, page) is not None:
                yield Drift(page, version, f"not in this version, which was never read; {before} has it")
        elif not before:
            yield Drift(page, version, "never read")
        else:
            yield Drift(page, version, f"never read; {describe(known[before], now) or 'the same text'} since {before}")


def describe(then: Digests, now: Digests) -> str:
    """The headings that differ, in words; empty if none does."""
    parts = {
        "changed": [heading for heading in now if heading in then and now[heading] != then[heading]],
        "new": [heading for heading in now if heading not in then],
        "removed": [heading for heading in then if heading not in now],
    }
    return "; ".join(
        f"{word}: {', '.join(repr(heading) for heading in headings)}" for word, headings in parts.items() if headings
    )
