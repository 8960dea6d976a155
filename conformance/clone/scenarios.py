"""What several tests of this page share. It is made once per worker; tests that only read leave it as it is."""

from dataclasses import dataclass

from fixtures.longhorn.volumes import Source
from fixtures.workloads.pods import Pvc


@dataclass(frozen=True)
class Cloning:
    """A claim that clones another one; it is not waited for."""

    claim: Pvc
    source: Source
