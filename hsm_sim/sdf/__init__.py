"""A client of any vendor's GM/T 0018 shared library.

```python
profile = read_profile("standard")
with SdfSigner(Path("/opt/vendor/libsdf.so"), profile, 1, bytearray(password), public_key) as signer:
    signature = sign_message(signer, message, user_id=DEFAULT_USER_ID)
```

What vendors do differently is in data files, see ``hsm_sim.sdf.profile``. ``IsolatedSdfSigner`` keeps the library
in a process of its own, which a deadline ends when the library hangs.
"""

from hsm_sim.sdf.isolation import IsolatedSdfSigner
from hsm_sim.sdf.library import SdfLibrary
from hsm_sim.sdf.profile import VendorProfile, profile_names, read_profile
from hsm_sim.sdf.session import SdfSession
from hsm_sim.sdf.signer import SdfSigner

__all__ = [
    "IsolatedSdfSigner",
    "SdfLibrary",
    "SdfSession",
    "SdfSigner",
    "VendorProfile",
    "profile_names",
    "read_profile",
]
