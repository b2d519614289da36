"""A device with both pairs at index 1, and a session that holds the right to it."""

import pytest

from hsm_sim.model import KeyUsage
from tests.unit.hsm_sim.conftest import Caller, Host


@pytest.fixture
def device() -> Host:
    """An initialised device with both pairs at index 1 and a KEK at index 1."""
    from hsm_sim.functions.key_commands import GenerateKek

    host = Host().initialise()
    host.generate(1, KeyUsage.SIGN)
    host.generate(1, KeyUsage.ENCRYPT, password=b"")
    host.officer().call(GenerateKek(1, "test"))
    return host


@pytest.fixture
def caller(device: Host) -> Caller:
    """A session with the right to index 1."""
    return device.user()
