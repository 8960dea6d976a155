"""The decisions of the S3 store that a variation may replace."""

from collections.abc import Mapping


class S3Decisions:
    """A store as S3 is documented; what a client may not rely on differs from store to store."""

    def page_size(self) -> int:
        """How many keys a page of a list holds at most, if the client does not ask for fewer."""
        return 1000

    def entity_tag(self, tag: str) -> str:
        """The ETag of an object, given what one has that was uploaded in one part."""
        return tag

    def answer_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers of an answer."""
        return headers
