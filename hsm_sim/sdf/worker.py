"""``python -m hsm_sim.sdf.worker``: one library, one key, in a process of its own.

Takes requests from the socket whose descriptor is its argument, one after another, and ends with the process that
started it, even while the library hangs.
"""

import ctypes
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from crypto import KeyStoreError, PublicKey
from hsm_sim.batches import join_signatures, split_digests
from hsm_sim.hardening import forbid_core_dumps
from hsm_sim.return_codes import CommunicationError
from hsm_sim.sdf.profile import read_profile
from hsm_sim.sdf.signer import SdfSigner
from hsm_sim.sdf.worker_messages import KeyOpened, OpenKey, SignDigests, Signed, failed_of, read, receive, send

_PR_SET_PDEATHSIG: Final = 1


def main() -> int:
    """Serve until the other end closes; 1 if the key could not be opened."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted terminal is the other process's to deal with
    forbid_core_dumps()
    connection = socket.socket(fileno=int(sys.argv[1]))
    # Whoever asked is gone when an exchange fails: there is nobody left to tell.
    with connection, suppress(CommunicationError, OSError):
        order = read(OpenKey, receive(connection))
        registered = None if order.public_key is None else PublicKey(order.public_key)
        try:
            signer = SdfSigner(
                Path(order.library),
                read_profile(order.profile),
                order.index,
                order.password,
                registered,
                max_sessions=1,
                reconnect_seconds=0.0,
            )
        except KeyStoreError as error:
            send(connection, failed_of(error), marked=1)
            return 1
        with signer:
            send(connection, KeyOpened(signer.public_key.point), marked=0)
            while True:
                _serve(connection, signer)
    return 0


def _serve(connection: socket.socket, signer: SdfSigner) -> None:
    request = read(SignDigests, receive(connection))
    try:
        signatures = signer.sign_digests(split_digests(request.digests))
    except KeyStoreError as error:
        send(connection, failed_of(error), marked=1)
    else:
        send(connection, Signed(join_signatures(signatures)), marked=0)


if __name__ == "__main__":
    sys.exit(main())
