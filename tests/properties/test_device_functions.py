"""Any request to any function of the device gets a listed answer, in any order."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsm_sim.commands import Request
from hsm_sim.encoding import encode
from hsm_sim.functions.key_commands import GenerateKek, GenerateKeyWithIpk
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import UnknownDeviceError, listed_codes
from tests.properties.test_key_store_protocol import LAID_OUT, record_of
from tests.unit.hsm_sim.conftest import Caller, Host

REQUESTS = [each for each in LAID_OUT if issubclass(each, Request) and each.command >= 0x100]


@pytest.fixture(scope="module")
def caller() -> Caller:
    """A session with the right to both pairs at index 1, and session key number 1."""
    host = Host().initialise()
    host.generate(1, KeyUsage.SIGN)
    host.generate(1, KeyUsage.ENCRYPT, password=b"")
    host.officer().call(GenerateKek(1, ""))
    user = host.user()
    user.call(GenerateKeyWithIpk(1, 128))
    return user


numbers = st.sampled_from([0, 1, 2, 16, 128, 0x401, 0x402, 0x410, 0x20200, 0x20800, 0x02000400, 2**32 - 1])


@st.composite
def likely(draw: st.DrawFn, request: type[Any]) -> Any:
    """A request whose numbers are often ones that mean something."""
    value = draw(record_of(request))
    changed = {
        name: draw(numbers)
        for name in request.__dataclass_fields__
        if type(getattr(value, name)) is int and draw(st.booleans())
    }
    return request(**{name: changed.get(name, getattr(value, name)) for name in request.__dataclass_fields__})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_order_of_any_requests(caller: Caller, data: st.DataObject) -> None:
    """Requests in any order with any values are answered by SDR_OK or a listed code, never by an unforeseen error."""
    for request in data.draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6)):
        reply = caller.frame(request.command, encode(data.draw(likely(request))))
        assert reply.return_code == 0 or reply.return_code in listed_codes()
        assert reply.return_code != UnknownDeviceError.code
    assert caller.host.said == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(REQUESTS), st.binary(max_size=200))
def test_any_octets(caller: Caller, request_class: type[Any], octets: bytes) -> None:
    """Any body of a function's frame is answered."""
    reply = caller.frame(request_class.command, octets)
    assert reply.return_code == 0 or reply.return_code in listed_codes()
    assert caller.host.said == []
