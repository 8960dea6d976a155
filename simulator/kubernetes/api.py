"""The API of the simulated cluster for code in the same process; the REST server uses the same calls."""

from collections.abc import Callable, Collection
from dataclasses import replace

from simulator.clock import Clock
from simulator.kubernetes import errors, managedfields, metadata, patches, revisions, schema
from simulator.kubernetes.activity import Activity
from simulator.kubernetes.admission import Admission, AdmissionHooks, Hook
from simulator.kubernetes.builtin import kinds
from simulator.kubernetes.builtin.kind_strategy import PLAIN, Strategy
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.kubernetes.deletion import Deleter, Deletion
from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource, at, copy_of
from simulator.kubernetes.selectors import equal_label, field_selector, label_selector
from simulator.kubernetes.store import Change, Store, Stored
from simulator.kubernetes.timing import WORKING, Timing

__all__ = ["Admission", "Api", "Change", "Obj", "Resource"]

GENERATE_ATTEMPTS = 8
Objects = list[Obj]
Revisions = list[Stored]
FieldErrors = list[FieldError]


class Api:
    """All objects of the cluster. Every call is synchronous and atomic, and raises ApiError for a refusal.

    A `resource` is named `<plural>.<group>`, in the core group just `<plural>`. What is returned may be changed freely;
    what subscribers get is shared and must not be changed.
    """

    def __init__(
        self, clock: Clock, decisions: KubernetesDecisions | None = None, timing: Timing | None = None
    ) -> None:
        self.clock = clock
        self.timing = timing or Timing()
        self.decisions = decisions or KubernetesDecisions()
        self.store = Store(self.decisions.next_revision)
        self.hooks = AdmissionHooks()
        self.activity = Activity()
        self.activity.watch(clock.is_slept_on)
        self._deleter = Deleter(self.store, clock)
        self._resources: dict[str, Resource] = {}
        self._strategies: dict[str, Strategy] = {}
        for resource, strategy in kinds.resources():
            self._resources[resource.key] = resource
            self._strategies[resource.key] = strategy
        self.subscribe("namespaces", self._complete_namespace)
        self.subscribe("", self._note_change)
        for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            self.create("namespaces", {"metadata": {"name": name}})

    @property
    def revision(self) -> int:
        """The newest resourceVersion."""
        return self.store.revision

    def register(self, resource: Resource) -> None:
        """Serve another kind; it is also listed as a CustomResourceDefinition."""
        if resource.key in self._resources:
            raise ValueError(f"{resource.key} is already served")
        self._resources[resource.key] = resource
        definition = kinds.definition_of(resource, self.clock.timestamp())
        if self.find(kinds.DEFINITIONS, resource.key) is None:
            status = definition.pop("status")
            created = self.create(kinds.DEFINITIONS, definition)
            self.update_status(kinds.DEFINITIONS, {**created, "status": status})

    def resource(self, key: str) -> Resource:
        """The served resource of this name. Raises KeyError when there is none."""
        return self._resources[key]

    def served(self, key: str) -> Resource | None:
        """The served resource of this name, None when there is none."""
        return self._resources.get(key)

    def resources(self) -> tuple[Resource, ...]:
        """All served resources."""
        return tuple(self._resources.values())

    def strategy(self, resource: Resource) -> Strategy:
        """How this kind is defaulted, validated and deleted."""
        return self._strategies.get(resource.key, PLAIN)

    def get(self, resource: str, name: str, namespace: str = "") -> Obj:
        """A copy of the object. Raises ApiError 404."""
        return self.stored(resource, name, namespace).copied()

    def find(self, resource: str, name: str, namespace: str = "") -> Obj | None:
        """A copy of the object, None when there is none."""
        stored = self.store.find(self._resources[resource], (namespace, name))
        return stored.copied() if stored else None

    def stored(self, resource: str, name: str, namespace: str = "") -> Stored:
        """The stored revision itself. Raises ApiError 404."""
        served = self._resources[resource]
        stored = self.store.find(served, (namespace, name))
        if stored is None:
            raise errors.not_found(served, name)
        return stored

    def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> Objects:
        """Copies of the objects of one namespace, or of all; selectors in wire syntax."""
        return [stored.copied() for stored in self.select(resource, namespace, labels=labels, fields=fields)]

    def select(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> Revisions:
        """The stored revisions that `list` copies."""
        served = self._resources[resource]
        wanted = label_selector(labels)
        found = self.store.all(served, namespace, equal_label(labels) if labels else None)
        for matches in (wanted, field_selector(served, fields) if fields else None):
            if matches is not None:
                found = [stored for stored in found if matches(stored.object)]
        return found

    def view(self, resource: str, namespace: str = "", *, labels: str = "") -> Objects:
        """The stored objects themselves, for reading many: they are shared and must not be changed."""
        return [stored.object for stored in self.select(resource, namespace, labels=labels)]

    def subscribe(self, resource: str, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call `callback` at the commit of each revision of `resource`, or of all resources if it is empty.

        Returns a function that ends the subscription.
        """
        return self.store.subscribe(resource, callback)

    def admit(self, resource: str, operations: Collection[str], hook: Hook, *, mutating: bool) -> None:
        """Add an admission hook. It refuses by raising Denied."""
        self.hooks.add(resource, operations, hook, mutating=mutating)

    def create(self, resource: str, obj: Obj, *, manager: str = "", dry_run: bool = False) -> Obj:
        """Create an object; its namespace is the one in its metadata. Returns it as stored."""
        return self.insert(resource, obj, manager=manager, dry_run=dry_run).copied()

    def insert(
        self,
        resource: str,
        obj: Obj,
        *,
        manager: str = "",
        dry_run: bool = False,
        managers: managedfields.Managers | None = None,
    ) -> Stored:
        """Like `create`, but returns the stored revision. `managers` own the fields, by default `manager`."""
        served = self._resources[resource]
        new = revisions.created(served, obj, self.clock.timestamp())
        given = new["metadata"]
        self._check_namespace(served, given)
        self._name(served, given)
        request = Admission("CREATE", new, None, given.get("namespace", ""), given.get("name", ""))
        schema.shape(served.schema, new, None)
        schema.refuse_undecodable(served, new)
        self.strategy(served).prepare(self, new, None)
        if self.hooks.run(served, request, mutating=True):
            schema.shape(served.schema, new, None)
        new = self.decisions.admitted(served, new, None)
        request = replace(request, object=new)
        given = new["metadata"]
        wrong = metadata.name_errors(served, given) + metadata.content_errors(given)
        self._refuse_invalid(served, new, wrong + self._judge(served, new, None))
        self.hooks.run(served, request, mutating=False)
        existing = self.store.find(served, (given.get("namespace", ""), given["name"]))
        if existing is not None:
            gone = bool(existing.object["metadata"].get("deletionTimestamp"))
            raise errors.already_exists(served, given["name"], terminating=gone)
        if managers is None:
            shown = self.decisions.field_manager(manager)
            managers = managedfields.written(served, {}, None, new, shown, "", given["creationTimestamp"])
        if dry_run:
            return Stored(served, new, 0, managers)
        return self._echoed(self.store.commit(served, "ADDED", new, managers))

    def update(self, resource: str, obj: Obj, *, manager: str = "") -> Obj:
        """Replace an object; a stale resourceVersion is refused with 409. Returns it as stored."""
        self._check_overtaken(resource, obj)
        return self.replace(resource, obj, manager=manager).copied()

    def update_status(self, resource: str, obj: Obj, *, manager: str = "") -> Obj:
        """Replace an object's status and nothing else. Where there is no status subresource this is `update`."""
        self._check_overtaken(resource, obj)
        subresource = "status" if self._resources[resource].status_subresource else ""
        return self.replace(resource, obj, subresource=subresource, manager=manager).copied()

    def replace(
        self, resource: str, obj: Obj, *, subresource: str = "", manager: str = "", dry_run: bool = False
    ) -> Stored:
        """What a PUT does; returns the stored revision."""
        served = self._resources[resource]
        given = obj.get("metadata") or {}
        stored = self.stored(resource, given.get("name", ""), given.get("namespace", "") if served.namespaced else "")
        taken = (*revisions.SUBRESOURCE_PARTS[subresource], "metadata") if subresource else obj
        new = {key: copy_of(obj[key]) for key in taken if key in obj}
        return self.write(served, stored, new, subresource=subresource, manager=manager, dry_run=dry_run)

    def patch(
        self,
        resource: str,
        name: str,
        namespace: str,
        patch: Obj | Objects,
        *,
        subresource: str = "",
        manager: str = "",
    ) -> Obj:
        """Apply a merge patch (a dict) or a JSON patch (a list). Returns the object as stored."""
        stored = self.stored(resource, name, namespace)
        current = stored.object
        new = patches.json_patch(current, patch) if isinstance(patch, list) else patches.merge(current, patch)
        served = self._resources[resource]
        if subresource == "status" and not served.status_subresource:
            subresource = ""
        return self.write(served, stored, copy_of(new), subresource=subresource, manager=manager).copied()

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Obj:
        """Delete an object, or mark it as being deleted while finalizers or grace hold it. Returns its last state."""
        deletion = Deletion(uid=uid, propagation=propagation, grace_seconds=grace_seconds)
        stored, _ = self.remove(resource, name, namespace, deletion)
        return stored.copied()

    def remove(self, resource: str, name: str, namespace: str, deletion: Deletion) -> tuple[Stored, bool]:
        """What a DELETE does; returns the last revision and whether the object is gone."""
        served = self._resources[resource]
        stored = self.stored(resource, name, namespace)
        deletion.check(served, stored.object)
        copied = stored.copied()
        request = Admission("DELETE", copied, copied, namespace, name)
        self.hooks.run(served, request, mutating=True)
        self.hooks.run(served, request, mutating=False)
        return self._deleter.delete(stored, deletion, graceful=self.strategy(served).graceful)

    def write(
        self,
        served: Resource,
        stored: Stored,
        new: Obj,
        *,
        subresource: str = "",
        manager: str = "",
        dry_run: bool = False,
        managers: managedfields.Managers | None = None,
    ) -> Stored:
        """Make `new` the next revision of `stored`, and keep `new`; a write that changes nothing makes no revision."""
        old = stored.object
        given, _ = metadata.tidy(new.get("metadata") or {})
        revisions.check_preconditions(served, old, given)
        wrong: FieldErrors = []
        if subresource:
            new = revisions.with_subresource(served, old, new, subresource)
            given = new["metadata"]
        else:
            new["metadata"] = given
            wrong = revisions.replaced(served, old, new)
        given["resourceVersion"] = old["metadata"]["resourceVersion"]
        schema.shape(served.schema, new, old)
        schema.refuse_undecodable(served, new)
        self.strategy(served).prepare(self, new, old)
        request = Admission("UPDATE", new, old, given.get("namespace", ""), given["name"])
        if not subresource and self.hooks.run(served, request, mutating=True):
            schema.shape(served.schema, new, old)
        new = self.decisions.admitted(served, new, old)
        request = replace(request, object=new)
        given = new["metadata"]
        self._refuse_invalid(served, new, wrong + self._judge(served, new, old))
        if not subresource:
            self.hooks.run(served, request, mutating=False)
        if served.counts_generations and not subresource and revisions.spec_changed(served, new, old):
            given["generation"] = old["metadata"].get("generation", 0) + 1
        ends = bool(given.get("deletionTimestamp")) and self._deleter.is_over(served, new)
        if new == old and not ends and (managers is None or managers == stored.managers):
            return stored
        if managers is None:
            now = self.clock.timestamp()
            shown = self.decisions.field_manager(manager)
            managers = managedfields.written(served, stored.managers, old, new, shown, subresource, now)
        if dry_run:
            return Stored(served, new, stored.revision, managers)
        if ends:
            self.store.commit(served, "DELETED", copy_of(old), stored.managers)
            return Stored(served, new, self.revision, managers)
        return self._echoed(self.store.commit(served, "MODIFIED", new, managers))

    def _echoed(self, stored: Stored) -> Stored:
        """The last of the revisions that say the same."""
        for _ in range(self.decisions.echoes(stored.resource, stored.object)):
            stored = self.store.commit(stored.resource, "MODIFIED", copy_of(stored.object), stored.managers)
        return stored

    def _check_overtaken(self, resource: str, obj: Obj) -> None:
        """Refuse a controller's update with 409 if another writer was faster."""
        controller = WORKING.get()
        if controller and not self.store.delivering and self.timing.is_overtaken(controller, resource):
            raise errors.conflict(self._resources[resource], obj["metadata"]["name"])

    def _note_change(self, change: Change) -> None:
        """An event that is repeated changes nothing."""
        if change.resource.key != "events" or change.type == "ADDED":
            self.activity.changed(change.stored.revision)

    def _complete_namespace(self, change: Change) -> None:
        """Create the objects that every namespace has."""
        if change.type == "ADDED":
            namespace = change.object["metadata"]["name"]
            self.create("serviceaccounts", {"metadata": {"name": "default", "namespace": namespace}})
            authority = {"metadata": {"name": "kube-root-ca.crt", "namespace": namespace}, "data": {"ca.crt": ""}}
            self.create("configmaps", authority)

    def _check_namespace(self, served: Resource, given: Obj) -> None:
        if not served.namespaced:
            given.pop("namespace", None)
            return
        name = given.get("namespace", "")
        if not name:
            raise errors.bad_request("an empty namespace may not be set during creation")
        namespace = self.store.find(self._resources["namespaces"], ("", name))
        if namespace is None:
            raise errors.not_found(self._resources["namespaces"], name)
        if at(namespace.object, "status.phase") == "Terminating":
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {name} is being terminated",
                "field": "metadata.namespace",
            }
            why = f"unable to create new content in namespace {name} because it is being terminated"
            raise errors.forbidden(served, given.get("name", ""), why, [cause])

    def _name(self, served: Resource, given: Obj) -> None:
        if given.get("name") or not given.get("generateName"):
            return
        prefix = given["generateName"][: metadata.GENERATED_PREFIX_LENGTH]
        for _ in range(GENERATE_ATTEMPTS):
            given["name"] = prefix + metadata.name_suffix()
            if self.store.find(served, (given.get("namespace", ""), given["name"])) is None:
                return

    def _judge(self, served: Resource, new: Obj, old: Obj | None) -> FieldErrors:
        if not served.builtin:
            return schema.violations(served, new, old)
        return self.strategy(served).validate(self, new, old)

    def _refuse_invalid(self, served: Resource, new: Obj, found: FieldErrors) -> None:
        if not found:
            return
        standing = self.decisions.admit_invalid(served, new, found)
        if standing:
            raise errors.invalid(served.kind, served.group, new["metadata"].get("name", ""), standing)
