# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""One fault that is sound, and four that are not."""

from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import fault


@fault("sound", breaks="backup.source.exactly-one", decision="csi.snapshot_source_is_exclusive", says=r"was accepted")
def any_sources(original: Callable[[Obj], bool], source: Obj) -> bool:
    """Any number of sources is accepted."""
    return True


@fault("misnamed", breaks="backup.source.exactly-one", decision="csi.snapshot_source_is_exclusive", says=r"in Latin")
def any_sources_too(original: Callable[[Obj], bool], source: Obj) -> bool:
    """The same, and the failure is expected to say something else."""
    return True


@fault("surviving", breaks="backup.source.exactly-one", decision="longhorn.snapshot_classes", says=r"was accepted")
def relabelled(original: Callable[[], list[Obj]]) -> list[Obj]:
    """There is one VolumeSnapshotClass more."""
    return [*original(), {**original()[0], "metadata": {"name": "one-more"}}] if original() else []


@fault("dead", breaks="backup.source.exactly-one", decision="backing_images.refuse_deletion", says=r"was accepted")
def never(original: Callable[[str, list[str]], str], image: str, volumes: list[str]) -> str:
    """The deletion of a backing image is refused, which nobody asks for."""
    return "no deletion"


@fault("idle", breaks="backup.source.exactly-one", decision="csi.snapshot_source_is_exclusive", says=r"was accepted")
def as_before(original: Callable[[Obj], bool], source: Obj) -> bool:
    """Nothing is different."""
    return original(source)


@fault("unattributed", breaks="backup.name.content", decision="csi.content_name", says=r"snapcontent-")
def half(original: Callable[[Obj], str], snapshot: Obj) -> str:
    """The content is named after half of the uid, which another clause is about as well."""
    return original(snapshot)[:-18]
