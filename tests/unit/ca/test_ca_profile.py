"""Profiles: the built-in ones keep the table of GB/T 20518, wrong ones are refused by place."""

from __future__ import annotations

import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from ca.profile import Certifies, Presence, built_in_profiles, profiles_in, read_profile
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import KeyUsage

NAMES = {"root", "issuing-ca", "seal-maker", "seal-holder", "time-stamp", "status-service", "trust-list-signer"}
HOLDER = json.loads(resources.files("ca.profiles").joinpath("seal-holder.json").read_text(encoding="utf-8"))


def test_built_in_profiles_are_there() -> None:
    """The seven kinds of certificate the platform needs, each with what it rests on."""
    profiles = built_in_profiles()
    assert set(profiles) == NAMES
    for name, profile in profiles.items():
        assert profile.identifier == f"{name}/1"
        assert profile.basis


def test_signing_profiles_sign_and_do_not_encrypt() -> None:
    """Dual certificates: a signing certificate has digitalSignature and nonRepudiation and nothing else."""
    for name in ("seal-maker", "seal-holder"):
        profile = built_in_profiles()[name]
        assert profile.key_usage == {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}
        assert profile.extended_key_usage == ()
        assert profile.organization_code is Presence.REQUIRED


def test_authorities_and_services() -> None:
    """pathLen 0 below a root; timeStamping alone and critical; OCSPSigning with no-check and a short life."""
    profiles = built_in_profiles()
    assert profiles["root"].certifies is Certifies.ROOT
    assert profiles["issuing-ca"].path_length == 0
    assert profiles["time-stamp"].extended_key_usage == (oids.KP_TIME_STAMPING,)
    assert profiles["time-stamp"].extended_key_usage_critical
    assert profiles["status-service"].ocsp_no_check
    assert profiles["status-service"].max_validity.days < 100


def _changed(**changes: Any) -> bytes:
    data = copy.deepcopy(HOLDER)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = data
        for parent in parents:
            target = target[parent]
        if value is ...:
            del target[last]
        else:
            target[last] = value
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": "Seal Holder"}, r"\$\.name"),
        ({"version": 0}, r"\$\.version"),
        ({"certifies": "anything"}, r"\$\.certifies"),
        ({"subject__required": ["CN", "CN"]}, r"\$\.subject\.required"),
        ({"subject__required": ["telephone"]}, r"\$\.subject\.required\[0\]"),
        ({"subject__optional": ["CN"]}, "both required and optional"),
        ({"validity__max_days": 0}, r"\$\.validity\.max_days"),
        ({"key_usage": []}, r"\$\.key_usage"),
        ({"key_usage": ["digitalSignature", "keyCertSign"]}, "keyCertSign"),
        ({"key_usage": ["digitalSignature", "keyEncipherment"]}, "signing or for encryption"),
        ({"path_length": 0}, "path_length"),
        ({"crl_max_days": 7}, "crl_max_days"),
        ({"extended_key_usage": {"purposes": ["1.2.three"], "critical": False}}, "object identifier"),
        ({"extended_key_usage": {"purposes": [], "critical": False}}, "at least one"),
        ({"extended_key_usage": {"purposes": [oids.KP_TIME_STAMPING], "critical": False}}, "critical"),
        ({"private_key_usage_days": 9999}, "sign longer"),
        ({"extensions__policies": "maybe"}, r"\$\.extensions\.policies"),
        ({"extensions__policies": ...}, "missing"),
        ({"surprise": 1}, "unknown key"),
        ({"basis": "because"}, r"\$\.basis"),
    ],
)
def test_wrong_profiles_are_refused_by_place(changes: dict[str, Any], place: str) -> None:
    """Each complaint names the value; a profile that would make a wrong certificate is not loaded."""
    with pytest.raises(MalformedDataError, match=place):
        read_profile(_changed(**changes), what="test.json")


def test_profiles_of_a_folder(tmp_path: Path) -> None:
    """An authority's own folder replaces the built-in set; one name belongs to one file."""
    (tmp_path / "a.json").write_bytes(_changed(version=2))
    assert profiles_in(tmp_path)["seal-holder"].version == 2
    (tmp_path / "b.json").write_bytes(_changed())
    with pytest.raises(ValueError, match="one name"):
        profiles_in(tmp_path)
