"""The decisions of all storeys, with the requested faults and the release's quirks."""

from dataclasses import dataclass, field

from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.longhorn.backing_images import BackingImageDecisions
from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.decisions import LonghornDecisions
from simulator.options import Options, UsageError, one_line
from simulator.overrides import occasional, registry, releases
from simulator.overrides.override_counts import OverrideCount


@dataclass(frozen=True)
class Decisions:
    """The decisions of every storey, and how often each override was called, by its name."""

    kubernetes: KubernetesDecisions
    csi: CsiDecisions
    longhorn: LonghornDecisions
    backing_images: BackingImageDecisions
    backupstore: BackupstoreDecisions
    override_counts: dict[str, OverrideCount] = field(default_factory=dict)


def decisions(options: Options) -> Decisions:
    """Raises UsageError for an unknown fault, quirk or release."""
    made = Decisions(
        KubernetesDecisions(),
        CsiDecisions(),
        LonghornDecisions(options.version),
        BackingImageDecisions(options.version),
        BackupstoreDecisions(),
    )
    storeys = {name: storey for name, storey in vars(made).items() if name != "override_counts"}
    try:
        overrides = list(releases.release(options.release)) if options.release else []
        overrides += [occasional.quirk(name) for name in options.quirks]
        known = registry.faults() if options.faults else {}
        for name in options.faults:
            if name not in known:
                raise UsageError(f"--fault {one_line(name, 60)}: no such fault; --list-faults prints them")
            overrides += known[name].overrides
        made.override_counts.update(registry.apply(storeys, overrides))
    except registry.OverrideError as error:
        raise UsageError(str(error)) from None
    return made
