"""Hooks of the project's own tests."""

from tests.fidelity.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]
