"""Check characters of ISO/IEC 7064."""

import pytest

from formats.errors import MalformedDataError
from formats.iso7064 import hybrid, mod_11_2, mod_11_10, mod_37_36
from tests.unit.formats.identifiers.vectors import cases

SYSTEMS = {"MOD 37,36": mod_37_36, "MOD 11,10": mod_11_10, "MOD 11-2": mod_11_2}


@pytest.mark.parametrize("case", cases("iso7064/check_characters.json"), ids=lambda case: case["body"])
def test_published_check_character(case: dict[str, str]) -> None:
    """Known bodies give their known check characters."""
    assert SYSTEMS[case["system"]](case["body"]) == case["check"]


@pytest.mark.parametrize("modulus", [10, 36])
def test_what_a_hybrid_system_detects(modulus: int) -> None:
    """From any running value a wrong character changes the next running value; a swap of neighbours is missed for
    exactly one pair per running value, a and a-1 with p + a ≡ m/2 + 1 (mod m), as the module states."""

    def after(running: int, value: int) -> int:
        return ((running + value) % modulus or modulus) * 2 % (modulus + 1)

    for running in range(1, modulus + 1):
        assert len({after(running, value) for value in range(modulus)}) == modulus
        missed = {
            frozenset((left, right))
            for left in range(modulus)
            for right in range(left)
            if after(after(running, left), right) == after(after(running, right), left)
        }
        blind = (modulus // 2 + 1 - running) % modulus
        assert missed == {frozenset((blind, (blind - 1) % modulus))}


def test_a_missed_swap_of_mod_37_36_in_full() -> None:
    """The stated weakness is real: two bodies that differ by one swap share a check character."""
    prefix = next(
        prefix
        for number in range(10_000)
        if mod_37_36((prefix := f"{number:04d}") + "10") == mod_37_36(prefix + "01")
    )
    assert mod_37_36(prefix + "10X") == mod_37_36(prefix + "01X")


def test_swapped_moduli_and_wrong_start_give_other_results() -> None:
    """The vector 0794 tells MOD 37,36 from MOD 36,35 and from a running value that starts at 0."""
    assert hybrid("0794", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:35]) != "J"
    assert mod_37_36("0794") != mod_37_36("00794")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("body", ["", "a", "１", "٣", "-", "\0"])
def test_no_value_no_check(system: str, body: str) -> None:
    """Nothing, lower case and foreign digits have no check character."""
    with pytest.raises(MalformedDataError):
        SYSTEMS[system](body)
