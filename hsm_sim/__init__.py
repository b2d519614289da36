"""A simulated key store behind the device interface of GM/T 0018: a stand-in for a device, for test use.

It runs as a process of its own and alone holds private keys; everybody else talks to it over a local socket:

```python
settings = ServiceSettings(directory)
officer = OfficerCredential("zhang", secret)
initialise_key_store(settings, (officer,))
with start_key_store(settings, officer) as process, process.client() as client:
    with client.officer(officer) as session:
        made = session.generate_key_pair(1, KeyUsage.SIGN, password=password, label="签名密钥")
    with KeyStoreSigner(client, 1, password, PublicKey(made.public_key)) as signer:
        signature = sign_message(signer, message, user_id=DEFAULT_USER_ID)
```

Only ``api`` knows this room; the domains see ``crypto.Signer``. Errors are in ``hsm_sim.return_codes``, the
protocol and the format at rest in ``docs/reference/key-store.md``.
"""

from hsm_sim.client import KeyStoreClient, KeyStoreSession
from hsm_sim.commands import DeviceInfo, KeyInfo
from hsm_sim.fault_commands import Fault, FaultKind
from hsm_sim.management import DevicePolicy, OfficerCredential
from hsm_sim.model import DeviceState, KeyUsage
from hsm_sim.officer_session import OfficerSession
from hsm_sim.process import KeyStoreProcess, initialise_key_store, start_key_store
from hsm_sim.return_codes import DeviceError
from hsm_sim.server import ServerLimits
from hsm_sim.service import ServiceSettings, serve
from hsm_sim.signer import KeyStoreSigner
from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose
from hsm_sim.wrapped_key_commands import KeyOrder
from hsm_sim.wrapped_signer import WrappedKeyAccess, WrappedKeySigner

__all__ = [
    "DeviceError",
    "DeviceInfo",
    "DevicePolicy",
    "DeviceState",
    "Fault",
    "FaultKind",
    "KeyInfo",
    "KeyOrder",
    "KeyStoreClient",
    "KeyStoreProcess",
    "KeyStoreSession",
    "KeyStoreSigner",
    "KeyUsage",
    "OfficerCredential",
    "OfficerSession",
    "ReleasePurpose",
    "ServerLimits",
    "ServiceSettings",
    "WrappedKeyAccess",
    "WrappedKeySigner",
    "WrappedPurpose",
    "initialise_key_store",
    "serve",
    "start_key_store",
]
