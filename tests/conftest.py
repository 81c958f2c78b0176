"""Fixtures that every test may ask for."""

pytest_plugins = ("tests.peers.demo", "tests.peers.postgres")
