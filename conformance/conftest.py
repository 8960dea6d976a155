"""Has pytest explain the asserts of the requirements that tests share, as it does those of tests."""

import pytest

pytest.register_assert_rewrite(
    "conformance.requirements", "conformance.backing_image.requirements", "conformance.backup.requirements"
)
