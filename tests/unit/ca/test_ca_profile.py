"""Profiles: the built-in ones keep the table of GB/T 20518, wrong ones are refused by place."""

from __future__ import annotations

import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from ca.profile import Certifies, Presence, built_in_profiles, profiles_in, read_profile
from ca.profile_model import NumberForm
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import KeyUsage

AUTHORITIES = {"root", "issuing-ca", "link", "cross"}
SERVICES = {"time-stamp", "status-service", "trust-list-signer", "key-management", "registration-operator"}
PAIRS = {"seal-maker", "seal-holder", "person-signing", "organisation-signing", "device", "tls-server"}
_REQUIRED = {"presence": "required", "form": "hashed"}
HOLDER = json.loads(resources.files("ca.profiles").joinpath("seal-holder.json").read_text(encoding="utf-8"))


def test_built_in_profiles_are_there() -> None:
    """The kinds of certificate the platform needs, each with what it rests on; pairs have their twins."""
    profiles = built_in_profiles()
    twins = {str(profiles[name].encryption_twin) for name in PAIRS}
    assert set(profiles) == AUTHORITIES | SERVICES | PAIRS | twins
    assert len(twins) == len(PAIRS)
    assert all(profile.basis for profile in profiles.versions)


def test_versions_stand_side_by_side() -> None:
    """A name gives the latest version, name and version that one; old ones stay readable."""
    profiles = built_in_profiles()
    assert profiles["seal-holder"].version == 2
    assert profiles["seal-holder/1"].version == 1
    assert profiles["seal-holder/1"].encryption_twin is None
    assert "seal-holder/3" not in profiles
    assert [each.identifier for each in profiles.versions if each.name == "seal-maker"] == [
        "seal-maker/1",
        "seal-maker/2",
    ]


def test_pairs_have_disjoint_usages_and_the_same_names() -> None:
    """Dual certificates: one subject, one signs, the other is encrypted to."""
    profiles = built_in_profiles()
    for name in PAIRS:
        signing = profiles[name]
        encryption = profiles[str(signing.encryption_twin)]
        assert not signing.key_usage & encryption.key_usage
        assert encryption.key_usage == {
            KeyUsage.KEY_ENCIPHERMENT,
            KeyUsage.DATA_ENCIPHERMENT,
            KeyUsage.KEY_AGREEMENT,
        }
        assert signing.subject_required == encryption.subject_required
        assert signing.identity == encryption.identity
        assert signing.max_validity == encryption.max_validity


def test_no_profile_shows_the_number_of_a_person() -> None:
    """Numbers of natural persons are hashed in every profile that comes with the project, or not there."""
    for profile in built_in_profiles().versions:
        assert all(rule.form is NumberForm.HASHED for rule in profile.identity if rule.kind.is_of_person)


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
        ({"subject_alt_name": {"presence": "absent", "kinds": ["dns"]}}, "none of required, optional"),
        ({"subject_alt_name": {"presence": "optional", "kinds": []}}, "no kind"),
        ({"subject_alt_name": {"presence": "optional", "kinds": ["x400"]}}, r"kinds\[0\]"),
        ({"identity": {"shoe-size": {"presence": "optional", "form": "plain"}}}, "unknown key"),
        ({"identity": {"passport": {"presence": "optional"}}}, "missing"),
        ({"identity": {"passport": _REQUIRED, "resident-card": _REQUIRED}}, "one extension holds one"),
        ({"credit_code_oid": "one.two"}, "object identifier"),
        ({"policy_oids": []}, "at least one"),
        ({"policy_oids": ["1.2.3"], "extensions__policies": "absent"}, "excludes certificatePolicies"),
        ({"encryption_twin": "X"}, "lower-case"),
        ({"encryption_twin": "x", "key_usage": ["keyAgreement"]}, "belongs to signing"),
        (
            {
                "extended_key_usage": {"purposes": [oids.KP_CLIENT_AUTH], "critical": False},
                "key_usage": ["keyEncipherment"],
            },
            "does not go with",
        ),
        ({"surprise": 1}, "unknown key"),
        ({"basis": "because"}, r"\$\.basis"),
    ],
)
def test_wrong_profiles_are_refused_by_place(changes: dict[str, Any], place: str) -> None:
    """Each complaint names the value; a profile that would make a wrong certificate is not loaded."""
    with pytest.raises(MalformedDataError, match=place):
        read_profile(_changed(**changes), what="test.json")


def test_profiles_of_a_folder(tmp_path: Path) -> None:
    """An authority's own folder replaces the built-in set; one version of a profile belongs to one file."""
    (tmp_path / "a.json").write_bytes(_changed(version=2))
    (tmp_path / "b.json").write_bytes(_changed())
    assert profiles_in(tmp_path)["seal-holder"].version == 2
    (tmp_path / "c.json").write_bytes(_changed())
    with pytest.raises(ValueError, match="one name and version"):
        profiles_in(tmp_path)


def test_twin_must_be_an_encryption_profile(tmp_path: Path) -> None:
    """A set in which the twin of a profile is missing, or signs, is not loaded."""
    (tmp_path / "a.json").write_bytes(_changed(encryption_twin="other"))
    with pytest.raises(ValueError, match="encryption twin"):
        profiles_in(tmp_path)
    (tmp_path / "b.json").write_bytes(_changed(name="other"))
    with pytest.raises(ValueError, match="encryption twin"):
        profiles_in(tmp_path)
