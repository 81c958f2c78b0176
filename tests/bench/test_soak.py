"""A short soak: everything at once for some seconds, and nothing is left behind."""

from pathlib import Path

import pytest

from tests.bench.soak import soaked, troubles


@pytest.mark.slow
def test_after_cancels_faults_and_leaving_clients_everything_is_as_it_was(tmp_path: Path) -> None:
    states, soak = soaked(tmp_path, 20)
    assert soak.counts["answered"] > 20
    assert troubles(states, soak) == []
