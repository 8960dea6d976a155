"""The decisions of all storeys, with the requested faults, variations and the release's quirks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.kubernetes.timing import Timing
from simulator.longhorn.backing_images import BackingImageDecisions
from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.decisions import LonghornDecisions
from simulator.options import Options, UsageError, one_line
from simulator.overrides import occasional, registry, releases
from simulator.overrides.override_counts import OverrideCount
from simulator.overrides.registry import Fault, Override, Variation
from simulator.s3.decisions import S3Decisions


@dataclass(frozen=True)
class Decisions:
    """The decisions of every storey, with the timing of an undisturbed cluster; how often each override was called."""

    kubernetes: KubernetesDecisions
    csi: CsiDecisions
    longhorn: LonghornDecisions
    backing_images: BackingImageDecisions
    backupstore: BackupstoreDecisions
    s3: S3Decisions
    timing: Timing
    override_counts: dict[str, OverrideCount] = field(default_factory=dict)


def decisions(options: Options) -> Decisions:
    """Raises UsageError for an unknown fault, variation, quirk or release."""
    made = Decisions(
        KubernetesDecisions(),
        CsiDecisions(),
        LonghornDecisions(options.version),
        BackingImageDecisions(options.version),
        BackupstoreDecisions(),
        S3Decisions(),
        Timing(),
    )
    storeys = {name: storey for name, storey in vars(made).items() if name != "override_counts"}
    try:
        overrides = list(releases.release(options.release)) if options.release else []
        overrides += [occasional.quirk(name) for name in options.quirks]
        if options.faults:
            overrides += _named("fault", options.faults, registry.faults())
        if options.variations:
            overrides += _named("variation", options.variations, registry.variations())
        if options.chaos and any(change.decision.startswith("timing.") for change in overrides):
            raise UsageError("--chaos has a timing of its own: leave out the variations of timing")
        made.override_counts.update(registry.apply(storeys, overrides))
    except registry.OverrideError as error:
        raise UsageError(str(error)) from None
    return made


def _named(noun: str, names: Sequence[str], known: Mapping[str, Fault | Variation]) -> list[Override]:
    for name in names:
        if name not in known:
            raise UsageError(f"--{noun} {one_line(name, 60)}: no such {noun}; --list-{noun}s prints them")
    return [change for name in names for change in known[name].overrides]
