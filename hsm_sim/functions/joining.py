"""All function groups of one device, put together."""

from hsm_sim.device import Device
from hsm_sim.functions.agreements import Agreements
from hsm_sim.functions.ciphers import Ciphers
from hsm_sim.functions.digests import Digests
from hsm_sim.functions.files import Files
from hsm_sim.functions.key_encryption_keys import KeyEncryptionKeys
from hsm_sim.functions.public_operations import PublicOperations
from hsm_sim.functions.session_keys import SessionKeys
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import Handlers
from hsm_sim.key_use import KeyUse
from hsm_sim.protection import RandomOctets


def function_tables(
    device: Device, use: KeyUse, random: RandomOctets, settings: FunctionSettings
) -> tuple[Handlers, ...]:
    """The tables of handlers of every group."""
    wrapping_keys = KeyEncryptionKeys(device, random, settings)
    keys = SessionKeys(device, use, random, settings, wrapping_keys)
    return (
        keys.table(),
        Agreements(device, use, keys).table(),
        wrapping_keys.table(),
        Ciphers(device, settings).table(),
        Digests(device, settings).table(),
        Files(device, settings).table(),
        PublicOperations(device, settings).table(),
    )
