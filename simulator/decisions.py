"""The decisions of all storeys, with the faults and the release's quirks that were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.csi.decisions import MachineryDecisions
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.longhorn.backing_images import BackingImageDecisions
from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.decisions import LonghornDecisions
from simulator.options import Options, UsageError
from simulator.overrides import registry, releases
from simulator.overrides.override_counts import OverrideCount


@dataclass(frozen=True)
class Decisions:
    """What every storey decides, and `override_counts`: how often the overrides in it were asked, by their names."""

    kubernetes: KubernetesDecisions
    machinery: MachineryDecisions
    longhorn: LonghornDecisions
    images: BackingImageDecisions
    backupstore: BackupstoreDecisions
    override_counts: Mapping[str, OverrideCount]


def decisions(options: Options) -> Decisions:
    """Raises UsageError for an unknown fault or release."""
    kubernetes, machinery = KubernetesDecisions(), MachineryDecisions()
    longhorn, images = LonghornDecisions(options.version), BackingImageDecisions(options.version)
    backupstore = BackupstoreDecisions()
    storeys: dict[str, object] = {"kubernetes": kubernetes, "machinery": machinery}
    storeys |= {"longhorn": longhorn, "images": images, "backupstore": backupstore}
    try:
        overrides = list(releases.release(options.release)) if options.release else []
        known = registry.faults() if options.faults else {}
        for name in options.faults:
            if name not in known:
                raise UsageError(f"--fault {name}: no such fault; --list-faults prints them")
            overrides += known[name].overrides
        override_counts = registry.apply(storeys, overrides)
    except registry.OverrideError as error:
        raise UsageError(str(error)) from None
    return Decisions(kubernetes, machinery, longhorn, images, backupstore, override_counts)
