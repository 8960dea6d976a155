"""The decisions of all storeys, with the faults and the release's quirks that were asked for."""

from dataclasses import dataclass

from simulator.csi.decisions import MachineryDecisions
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.decisions import LonghornDecisions
from simulator.options import Options, UsageError
from simulator.overrides import registry


@dataclass(frozen=True)
class Decisions:
    """What every storey decides; the field's name is the storey's name in an override."""

    kubernetes: KubernetesDecisions
    machinery: MachineryDecisions
    longhorn: LonghornDecisions
    backupstore: BackupstoreDecisions


def decisions(options: Options) -> Decisions:
    """Raises UsageError for an unknown fault or release."""
    made = Decisions(
        KubernetesDecisions(),
        MachineryDecisions(),
        LonghornDecisions(options.version),
        BackupstoreDecisions(),
    )
    try:
        overrides = list(registry.release(options.release)) if options.release else []
        known = registry.faults() if options.faults else {}
        for name in options.faults:
            if name not in known:
                raise UsageError(f"--fault {name}: no such fault; --list-faults prints them")
            overrides += known[name].overrides
        registry.apply(vars(made), overrides)
    except registry.OverrideError as error:
        raise UsageError(str(error)) from None
    return made
