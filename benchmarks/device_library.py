"""Signatures through a vendor's library: the project's own over the simulated key store, beside its socket.

The client verifies every signature again, which the socket's own client leaves to the device. Rounds alternate and
the best of each counts.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from benchmarks.key_store import OFFICER, PASSWORD, best
from crypto import PublicKey, Signer
from hsm_sim import (
    DevicePolicy,
    KeyStoreSigner,
    KeyUsage,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.sdf import IsolatedSdfSigner, SdfSigner, read_profile
from tools.build_sdf_library import NotBuiltError, build_once

SINGLES = 600
CORES = len(os.sched_getaffinity(0))


def run(record: Callable[..., None]) -> None:
    """Build the library, start a key store in a temporary directory, and sign through all three."""
    try:
        library = build_once(Path("build") / "sdf")
    except NotBuiltError as reason:
        record(f"device library: skipped, {reason}", 0.0, "")
        return
    with tempfile.TemporaryDirectory(prefix="xinyin-bench-") as folder:
        settings = ServiceSettings(Path(folder) / "store")
        policy = DevicePolicy(secret_iterations=1000, password_iterations=1000)
        initialise_key_store(settings, (OFFICER,), policy, stderr=subprocess.DEVNULL)
        with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process, process.client() as client:
            with client.officer(OFFICER) as officer:
                made = officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
            key = PublicKey(made.public_key)
            os.environ["XINYIN_SDF_SOCKET"] = str(process.socket_path)
            with (
                KeyStoreSigner(client, 1, PASSWORD, key) as direct,
                SdfSigner(library, read_profile("simulator"), 1, PASSWORD, key) as loaded,
                IsolatedSdfSigner(library, "simulator", 1, PASSWORD, key) as isolated,
            ):
                measure(record, direct, loaded, isolated)


def measure(record: Callable[..., None], direct: Signer, loaded: Signer, isolated: Signer) -> None:
    digests = [os.urandom(32) for _ in range(SINGLES)]

    def singly(signer: Signer) -> Callable[[], None]:
        def sign() -> None:
            for digest in digests:
                signer.sign_digest(digest)

        return sign

    def by_all_cores() -> None:
        threads = [threading.Thread(target=singly(loaded)) for _ in range(CORES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    socket, library, worker, batch, together = best(
        (singly(direct), SINGLES),
        (singly(loaded), SINGLES),
        (singly(isolated), SINGLES),
        (lambda: isolated.sign_digests(digests), SINGLES),
        (by_all_cores, SINGLES * CORES),
    )
    peers = {"key store's socket": socket}
    record("device library: single signatures, one thread", library, "/s", peers)
    record("device library: single signatures, a thread a core", together, "/s", cores=CORES)
    record("device library, isolated: single signatures", worker, "/s", peers)
    record("device library, isolated: 600 digests at once", batch, "/s", peers)
