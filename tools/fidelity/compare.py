"""Two recordings of one scenario, object by object.

What is compared, so that neither chance nor speed decides (changes just before the client leaves may be missing):

- *the changes of each field*: the set of its changes (from value, to value), so that a repeated cycle counts once; a
  field that mirrors the progress of something else may show what it shows in any real object of that kind;
- *the fields of one write*: no write of the simulator combines changes that no real cluster wrote together;
- *the order*: where all recordings show two changes in the same order, the simulator shows it too. This holds within
  an object (for the first and for the last time that they happen) and between objects of the same claim or snapshot
  (for the first time, and if one followed the other within three seconds in a recording).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from tools.fidelity.recording import Leaf, Leaves, Recording, Write

# A change: path, value before, value after; a missing value is the word `absent`.
Change = tuple[str, str, str]

_ABSENT = "absent"
_ORDER_ACROSS = 2
# Seconds. A consequence follows its cause soon; a longer way has steps between, each of which is compared.
_NEAR = 3.0
_PLACEHOLDER = re.compile(r"\{(\w+)[^{}]*\}")


@dataclass(frozen=True)
class Difference:
    """`scenario` is a label; `aspect` is object, field, write, order or note; `text` is what each of the two showed."""

    scenario: str
    aspect: str
    subject: str
    detail: str
    text: str

    def __str__(self) -> str:
        return f"{self.scenario}: {self.aspect}: {self.subject}: {self.detail}: {self.text}"


@dataclass(frozen=True)
class Step:
    """A change of an object at the write of number `at`, `seconds` after the scenario began."""

    subject: str
    change: Change
    at: int
    seconds: float

    @cached_property
    def label(self) -> str:
        """The change without the names of this scenario, to find it again in others."""
        path, before, after = self.change
        return _abstract(f"{self.subject.partition(' ')[0]} {path}: {before} -> {after}")


@dataclass
class KnownBehaviour:
    """What the real recordings show: which fields are written together, and which changes always have one order."""

    writes: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    variants: set[tuple[str, str, frozenset[tuple[str, str]]]] = field(default_factory=set)
    orders: dict[tuple[str, str], int] = field(default_factory=dict)
    near: set[tuple[str, str]] = field(default_factory=set)

    def add(self, recording: Recording) -> None:
        """Add a real recording."""
        for write, changes in changes_of(recording):
            self.writes.add((write.kind, _paths(changes)))
        for subject, paths in _changes_by_subject(recording).items():
            self.variants.update(_variant(subject, path, seen) for path, seen in paths.items())
        for earlier, later, (one, two) in ordered(recording):
            self.orders[earlier, later] = self.orders.get((earlier, later), 0) + 1
            if one.subject == two.subject or two.seconds - one.seconds <= _NEAR:
                self.near.add((earlier, later))

    def shows(self, subject: str, path: str, changes: Iterable[tuple[str, str]], *, whole: bool) -> bool:
        """Whether a mirroring field shows these changes in a real object, all of its changes if `whole`."""
        if not _MIRRORS.fullmatch(f"{subject.partition(' ')[0]} {path}"):
            return False
        kind, place, seen = _variant(subject, path, changes)
        known = (of for k, p, of in self.variants if (k, p) == (kind, place))
        return any(seen == of or (seen <= of and not whole) for of in known)

    def requires(self, earlier: str, later: str, *, same_object: bool) -> bool:
        """Whether this order, never the reverse, is shown near enough and often enough to be more than chance."""
        seen = self.orders.get((earlier, later), 0) if (earlier, later) in self.near else 0
        return seen >= (1 if same_object else _ORDER_ACROSS) and (later, earlier) not in self.orders


# Fields that mirror the progress of something else: their changes depend on which of two was faster.
_MIRRORS = re.compile(
    r"VolumeAttachment status\.attachmentTicketStatuses\..*|Volume status\.kubernetesStatus\..*|Pod status\..*"
)


def _variant(
    subject: str, path: str, changes: Iterable[tuple[str, str]]
) -> tuple[str, str, frozenset[tuple[str, str]]]:
    kind = subject.partition(" ")[0]
    return kind, _abstract(path), frozenset((_abstract(before), _abstract(after)) for before, after in changes)


def compare(real: Recording, simulated: Recording, known: KnownBehaviour) -> Iterator[Difference]:
    """Every difference between what a client sees of the two, in the order of objects and aspects."""
    yield from _objects(real, simulated)
    yield from _fields(real, simulated, known)
    yield from _writes(real, simulated, known)
    yield from _orders(real, simulated, known)
    yield from _notes(real, simulated)


def changes_of(recording: Recording) -> Iterator[tuple[Write, tuple[Change, ...]]]:
    """Each write with its changes from the object's state before."""
    states: dict[str, Leaves] = {}
    for write in recording.writes:
        state = states.setdefault(write.subject, {})
        changes = [(path, _value(state, path), _word(value)) for path, value in write.changed.items()]
        changes += [(path, _value(state, path), _ABSENT) for path in write.removed]
        if write.verb == "DELETED":
            changes.append(("object", "there", "gone"))
            states[write.subject] = {}
        state.update(write.changed)
        for path in write.removed:
            state.pop(path, None)
        # Writing the same value again is no change.
        yield write, tuple(change for change in changes if change[1] != change[2])


def _value(state: Mapping[str, Leaf], path: str) -> str:
    return _word(state[path]) if path in state else _ABSENT


def _word(value: Leaf) -> str:
    return value if isinstance(value, str) and value not in ("", _ABSENT) else repr(value)


@cache
def _abstract(text: str) -> str:
    """`text` without what is this scenario's own: names in placeholders, names of pods, sizes of claims."""
    text = re.sub(r"\bworkloadsStatus\[[^]]*\]", "workloadsStatus[]", text)
    return re.sub(r"\b\d+Mi\b", "{size}", _PLACEHOLDER.sub(r"{\1}", text))


def _paths(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(_abstract(path) for path, _, _ in changes)


def _objects(real: Recording, simulated: Recording) -> Iterator[Difference]:
    there, here = real.subjects(), simulated.subjects()
    for subject in _settled(real):
        if subject not in here:
            yield Difference(real.label, "object", subject, "missing", "only a real cluster shows it")
    for subject in _settled(simulated):
        if subject not in there and not subject.startswith("VolumeSnapshotClass "):
            yield Difference(real.label, "object", subject, "extra", "only the simulator shows it")


def _settled(recording: Recording) -> dict[str, None]:
    return dict.fromkeys(write.subject for write in recording.writes[: recording.settled])


def _fields(real: Recording, simulated: Recording, known: KnownBehaviour) -> Iterator[Difference]:
    there, here = _changes_by_subject(real), _changes_by_subject(simulated)
    for subject in there:
        if subject not in here:
            continue
        paths = dict.fromkeys([*there[subject], *here[subject]])
        for path in paths:
            wanted, seen = there[subject].get(path, {}), here[subject].get(path, {})
            missing = [change for change, at in wanted.items() if change not in seen and at < real.settled]
            extra = [change for change, at in seen.items() if change not in wanted and at < simulated.settled]
            if (missing or extra) and not known.shows(subject, path, seen, whole=bool(missing)):
                text = f"a real cluster {_text(missing)}; the simulator {_text(extra)}"
                yield Difference(real.label, "field", subject, path, text)


def _text(changes: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{before} -> {after}" for before, after in changes) or "nothing more"


def _changes_by_subject(recording: Recording) -> dict[str, dict[str, dict[tuple[str, str], int]]]:
    """By object and path, each change with the number of the write that shows it first."""
    found: dict[str, dict[str, dict[tuple[str, str], int]]] = {}
    for at, (write, changes) in enumerate(changes_of(recording)):
        of_subject = found.setdefault(write.subject, {})
        for path, before, after in changes:
            of_subject.setdefault(path, {}).setdefault((before, after), at)
    return found


def _writes(real: Recording, simulated: Recording, known: KnownBehaviour) -> Iterator[Difference]:
    reported: set[tuple[str, frozenset[str]]] = set()
    shared = real.subjects()
    for write, changes in changes_of(simulated):
        if write.subject not in shared:
            continue
        key = (write.subject, _paths(changes))
        if not changes or key in reported or (write.kind, key[1]) in known.writes:
            continue
        reported.add(key)
        text = f"the simulator writes this at once, no real cluster was seen to ({write.verb})"
        yield Difference(real.label, "write", write.subject, ", ".join(sorted(key[1])), text)


def steps(recording: Recording) -> Iterator[Step]:
    """Every change with the number of its write."""
    for at, (write, changes) in enumerate(changes_of(recording)):
        for change in changes:
            yield Step(write.subject, change, at, write.at)


def ordered(recording: Recording) -> Iterator[tuple[str, str, tuple[Step, Step]]]:
    """Every two changes of one object, or of one claim's or snapshot's objects, that happen in different writes.

    A change that happens again is there twice, as the first and as the last of its kind. Yields the labels of the
    earlier and the later with the two steps.
    """
    firsts: dict[tuple[str, Change], Step] = {}
    lasts: dict[tuple[str, Change], Step] = {}
    for step in steps(recording):
        if not _MILESTONES.fullmatch(step.change[0]):
            continue
        firsts.setdefault((step.subject, step.change), step)
        lasts[step.subject, step.change] = step
    for word, chosen in (("first", firsts), ("last", lasts)):
        by_family: dict[str, list[Step]] = {}
        for step in chosen.values():
            for name in _families(step):
                by_family.setdefault(name, []).append(step)
        # There are a million pairs in all, so the work for each is small.
        seen: set[tuple[int, int]] = set()
        for members in by_family.values():
            members.sort(key=lambda step: step.at)
            for index, earlier in enumerate(members):
                for later in members[index + 1 :]:
                    same = earlier.subject == later.subject
                    if earlier.at == later.at or (word == "last" and not same):
                        continue
                    pair = (id(earlier), id(later))
                    if pair not in seen:
                        seen.add(pair)
                        whose = " of the same object" if same else ""
                        yield f"{word} {earlier.label}{whose}", f"{word} {later.label}{whose}", (earlier, later)


# Fields whose changes have an order to compare; others change together with one of these.
_MILESTONES = re.compile(
    r"object|metadata\.(uid|deletionTimestamp|finalizers\[\d+\]|annotations\..*)"
    r"|spec\.(nodeID|volumeName|nodeName|backupTargetURL|attachmentTickets\.[^.]*\.id|dataEngine)"
    r"|status\.(phase|readyToUse|state|robustness|attached|available|snapshotHandle|boundVolumeSnapshotContentName|error\.message"
    r"|creationTime|restoreSize|restoreRequired|restoreInitiated|lastBackupName|url|parent|markRemoved|error"
    r"|attachmentTicketStatuses\.[^.]*\.satisfied|conditions\[\w+\]\.status|kubernetesStatus\.pvStatus|capacity\.storage)"
)


def _families(step: Step) -> set[str]:
    """Which claims and snapshots a change is about: by the object's name, or by the names in the changed path."""
    kind, _, name = step.subject.partition(" ")
    text = f"{name} {step.change[0]}"
    found = {f"{word} {of}" for word, of in re.findall(r"\{(claim|snapshot|attachment) ([^{}]*)\}", text)}
    found = {family.replace("attachment ", "claim ") for family in found}
    found |= {f"snapshot {of}" for of in re.findall(r"\{backup ([^{}#]*)\}", text)}
    if kind == "PersistentVolumeClaim":
        found.add(f"claim {name}")
    if kind == "VolumeSnapshot":
        found.add(f"snapshot {name}")
    return found or {step.subject}


def _orders(real: Recording, simulated: Recording, known: KnownBehaviour) -> Iterator[Difference]:
    wanted: dict[tuple[str, Change, str, Change, str], bool] = {}
    for earlier, later, (one, two) in ordered(real):
        same = one.subject == two.subject
        if known.requires(earlier, later, same_object=same):
            word = earlier.partition(" ")[0]
            wanted[one.subject, one.change, two.subject, two.change, word] = True
    reported: set[tuple[str, str, str]] = set()
    for earlier, _, (one, two) in ordered(simulated):
        word = earlier.partition(" ")[0]
        if wanted.get((two.subject, two.change, one.subject, one.change, word)):
            pair = (one.subject, two.subject, two.change[0])
            if pair not in reported:
                reported.add(pair)
                detail = f"{two.change[0]}: {two.change[1]} -> {two.change[2]}"
                other = f"{one.subject} {one.change[0]}: {one.change[1]} -> {one.change[2]}"
                text = f"comes after {other}; in every real recording before"
                yield Difference(real.label, "order", two.subject, f"{word} {detail}", text)


def _notes(real: Recording, simulated: Recording) -> Iterator[Difference]:
    for key in dict.fromkeys([*real.notes, *simulated.notes]):
        wanted, seen = real.notes.get(key, _ABSENT), simulated.notes.get(key, _ABSENT)
        if type(wanted) is not type(seen) or wanted != seen:
            text = f"a real cluster {wanted!r}, the simulator {seen!r}"
            yield Difference(real.label, "note", "client", key, text)
