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
        signatures: Most signatures judged in one document.
        follow_pointers: Also tell pointers that lead nowhere and files that nothing points to. They are no fault
            of a signature, and looking for them means parsing every page.
        findings: Most findings of one kind listed for one signature; the rest are counted.
    """

    generations: frozenset[Generation] = frozenset(Generation)
    clock_tolerance: timedelta = timedelta(0)
    proven_time_after_compromise: bool = True
    signatures: int = 64
    follow_pointers: bool = False
    findings: int = 50

    def __post_init__(self) -> None:
        if self.clock_tolerance < timedelta(0) or self.signatures < 1 or self.findings < 1:
            raise ValueError("a policy has no negative tolerance and reads at least one signature")
