"""What real releases do otherwise than their documentation says."""

from collections.abc import Mapping

from simulator.overrides.registry import Override

RELEASES: Mapping[str, tuple[Override, ...]] = {"1.12.1": ()}
