"""Who may use the S3 service: a root key, and users with policies."""

from dataclasses import dataclass, field

from simulator.s3.connection import S3Error, access_denied
from simulator.s3.policy import Statement, permits

BUILT_IN_POLICIES = {
    "readonly": ("s3:GetBucketLocation", "s3:GetObject"),
    "writeonly": ("s3:PutObject",),
    "readwrite": ("s3:*",),
    "consoleAdmin": ("s3:*",),
}


@dataclass
class User:
    """A key pair, and the names of the policies that say what it may do."""

    secret_key: str
    policies: list[str] = field(default_factory=list)
    enabled: bool = True


class Accounts:
    """The root key may do everything, a user what its policies allow."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self.root = access_key
        self.users: dict[str, User] = {access_key: User(secret_key)}
        self.policies: dict[str, tuple[Statement, ...]] = {
            name: (Statement(True, actions, ("*",)),) for name, actions in BUILT_IN_POLICIES.items()
        }
        self.documents: dict[str, str] = {}

    def secret_of(self, access_key: str) -> str:
        """The secret of a key. Raises S3Error for an unknown or disabled one."""
        user = self.users.get(access_key)
        if user is None or not user.enabled:
            text = "The Access Key Id you provided does not exist in our records."
            raise S3Error(403, "InvalidAccessKeyId", text)
        return user.secret_key

    def authorize(self, access_key: str, action: str, resource: str) -> None:
        """Raises S3Error unless the user may do `action` on `resource`."""
        if access_key == self.root:
            return
        user = self.users[access_key]
        statements = [statement for name in user.policies for statement in self.policies.get(name, ())]
        if not permits(statements, action, resource):
            raise access_denied()
