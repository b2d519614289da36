"""A program that is killed: forks processes that issue and revoke for several callers until somebody ends them.

Arguments: address of the record, two private keys as hexadecimal digits. Each line of its input, a number, starts
one process; its output is lines: ``pid N`` of the process, ``issued HEX`` and ``revoked SERIAL`` of what it handed
out, ``ended`` once it is gone.
"""

from __future__ import annotations

import os
import sys
import threading

from ca.group_issuing import GroupIssuing
from ca.model import SerialNumber
from ca.register import CaRegister
from crypto import PrivateKey, SoftwareSigner
from formats.gbt20518 import RevocationReason
from tests.authority_world import ACTOR, TurningClock, World, holder_request

_CALLERS = 4


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # in one piece, whoever else writes


def _issue(seed: int) -> None:
    keys = [SoftwareSigner(PrivateKey.from_scalar(bytes.fromhex(text))) for text in sys.argv[2:4]]
    store = CaRegister(sys.argv[1])
    world = World(
        store=store, clock=TurningClock(), root_signer=keys[0], regional_signer=keys[1], seed=1000 + seed
    )
    for authority in (world.root, world.regional):
        authority.recover(actor="start")
    front = GroupIssuing(world.regional)

    def ask(caller: int) -> None:
        number = 0
        while True:
            certificate = front.issue(holder_request(f"r{seed}-{caller}-{number}"), actor=ACTOR)
            _say(f"issued {certificate.encoded.hex()}")
            if number % 4 == 3:
                serial = SerialNumber(certificate.serial_number)
                world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
                _say(f"revoked {serial}")
            number += 1

    for caller in range(_CALLERS):
        threading.Thread(target=ask, args=(caller,)).start()


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _issue(int(line))
            return
        _say(f"pid {child}")
        os.waitpid(child, 0)
        _say("ended")


if __name__ == "__main__":
    main()
