"""What a verifier accepts where the standards leave a choice."""

from dataclasses import dataclass
from datetime import timedelta

from formats.gbt38540 import Generation


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy; the default is the strict reading.

    Attributes:
        generations: Shapes of seals accepted. GM/T 0031-2014 (v1) is superseded; old documents have it.
        clock_tolerance: How far a signing time may lie ahead of the verifier's clock.
        proven_time_after_compromise: After a key was lost, do not believe a signing time that only the signer
            states: whoever has the key can date a signature back. GM/T 0031-2014 6.2.3 d (4) does not ask for it.
        time_stamp_tolerance: How far a time stamp may lie before the signing time (of a seal, its createDate) that
            it confirms, beyond its own accuracy: clocks of signers go wrong.
        time_stamp_delay: How long after that time it may have been taken; None for any time. The time between is
            what a signer could have dated back.
        time_stamp_accuracy: The least exact accuracy that a time stamp may state.
        expired_time_stamps: Let a time stamp go on proving a time after its authority's certificate ran out, when
            no list tells of the key any more. Renewal of time stamps is not read.
        signatures: Most signatures judged in one document.
        follow_pointers: Also tell pointers that lead nowhere and files that nothing points to. They are no fault
            of a signature, and looking for them means parsing every page.
        findings: Most findings of one kind listed for one signature; the rest are counted.
    """

    generations: frozenset[Generation] = frozenset(Generation)
    clock_tolerance: timedelta = timedelta(0)
    proven_time_after_compromise: bool = True
    time_stamp_tolerance: timedelta = timedelta(0)
    time_stamp_delay: timedelta | None = None
    time_stamp_accuracy: timedelta = timedelta(minutes=1)
    expired_time_stamps: bool = False
    signatures: int = 64
    follow_pointers: bool = False
    findings: int = 50

    def __post_init__(self) -> None:
        spans = (
            self.clock_tolerance,
            self.time_stamp_tolerance,
            self.time_stamp_delay or timedelta(0),
            self.time_stamp_accuracy,
        )
        if min(spans) < timedelta(0) or self.signatures < 1 or self.findings < 1:
            raise ValueError("a policy has no negative tolerance and reads at least one signature")
