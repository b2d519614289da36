"""The table of return codes."""

import json
from pathlib import Path

import pytest

from crypto import KeyStoreError
from hsm_sim.return_codes import (
    SDR_BASE,
    VENDOR_BASE,
    DeviceError,
    UnlistedReturnCodeError,
    error_for,
    listed_codes,
)


def test_codes_are_those_of_the_standard(vectors_dir: Path) -> None:
    """Every code of annex A has one class with its number and name, and below 0x01000020 there is nothing else."""
    vector = json.loads((vectors_dir / "gmt0018" / "return_codes.json").read_text())
    expected = {vector["base"] + int(offset, 16): name for name, offset in vector["offsets"].items()}
    standard = {code: each.name for code, each in listed_codes().items() if code < VENDOR_BASE}
    assert standard == expected


def test_vendor_codes_do_not_borrow_names_of_the_standard() -> None:
    """Codes from 0x01000020 on are ours and named so."""
    vendor = {code: each for code, each in listed_codes().items() if code >= VENDOR_BASE}
    assert vendor
    assert all(each.name.startswith("XDR_") for each in vendor.values())


@pytest.mark.parametrize("code", sorted(listed_codes()))
def test_code_and_exception_are_one(code: int) -> None:
    """The number on the wire becomes the class, and the class tells the number, the name and the detail."""
    error = error_for(code, "index 7")
    assert type(error) is listed_codes()[code]
    assert isinstance(error, KeyStoreError)
    assert error.return_code == error.code == code
    assert str(error) == f"{error.name} ({code:#010x}): {error.text}: index 7"


def test_unlisted_code_is_kept() -> None:
    """A number that the table does not hold is not taken for another."""
    error = error_for(0x01000100)
    assert type(error) is UnlistedReturnCodeError
    assert error.return_code == 0x01000100
    assert "0x01000100" in str(error)


def test_ok_is_no_error() -> None:
    """SDR_OK has no exception."""
    with pytest.raises(ValueError):
        error_for(0)


def test_two_classes_cannot_share_a_code() -> None:
    """A number taken twice is noticed when the module is loaded."""
    with pytest.raises(TypeError):
        type("Twin", (DeviceError,), {}, code=0x07, name="SDR_TWIN", text="")
    assert listed_codes()[SDR_BASE + 0x07].name == "SDR_PARDENY"


def test_reference_lists_every_code() -> None:
    """docs/reference/key-store.md names each code and its number."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "key-store.md").read_text(encoding="utf-8")
    for code, each in listed_codes().items():
        assert f"`{each.name}`" in page
        assert f"`{code:#010x}`" in page
