"""Tell what changed in a checkout of Longhorn's website since its pages were read for the catalogue.

Exit with 1 if there is something to read. `git clone https://github.com/longhorn/website` makes a checkout.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fixtures.catalogue.clauses import CatalogueError
from fixtures.catalogue.clauses import load as load_catalogue
from fixtures.input_files import BadInput
from tools import ROOT, matrices
from tools.docs_drift import record
from tools.docs_drift.compare import compare
from tools.docs_drift.record import Record
from tools.docs_drift.website import Website

FOLDERS = ("snapshots-and-backups/csi-snapshot-support",)
"""Folders of the documentation all of whose pages are about CSI snapshots."""


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all was read, 1 if something is to be read, 2 for a wrong command or checkout."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs_drift", description=__doc__, allow_abbrev=False)
    parser.add_argument("--website", type=Path, required=True, metavar="DIR", help="a checkout of the website")
    parser.add_argument(
        "--record", action="store_true", help="after reading: keep the digests of the pages as they are now"
    )
    given = parser.parse_args(arguments)
    try:
        website = Website(given.website)
        known = record.load()
        subject = [website.pages_in(folder) for folder in FOLDERS]
        catalogued = record.pages_of(load_catalogue(ROOT / "conformance"))
        pages = sorted(set(catalogued).union(known.pages, *subject))
        drifts = compare(website, known, pages)
        for drift in drifts:
            print(drift)
        print(f"{len(website.versions)} versions and {len(pages)} pages: {len(drifts)} to read")
        if given.record:
            record.FILE.write_text(record.as_text(_updated(website, known, pages)), encoding="utf-8")
            print(f"written: {record.FILE.relative_to(ROOT)}")
    except (BadInput, CatalogueError) as error:
        parser.error(str(error))
    return 1 if drifts and not given.record else 0


def _updated(website: Website, known: Record, pages: Sequence[str]) -> Record:
    """The record with the pages as they are now; it keeps versions that this checkout does not have."""
    return Record(
        {
            page: {
                **{
                    version: digests
                    for version, digests in known.pages.get(page, {}).items()
                    if version not in website.versions
                },
                **{version: now for version in website.versions if (now := website.page(version, page)) is not None},
            }
            for page in pages
        }
    )


if __name__ == "__main__":
    matrices.run(main)
