"""Certificates, lists and requests judged by software that is not ours, and its products judged by us.

OpenSSL's command line states the SM2 identity only for the certificate named last, so standard-identity objects are
checked link by link, and whole chains on a twin hierarchy made under the empty identity (OpenSSL 3.0's default).
pyOpenSSL brings an OpenSSL of its own whose default is the standard identity, so whole chains go through it too.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ca.authority import TEST_POLICY
from ca.model import SerialNumber
from ca.requests import request_from_pkcs10
from crypto import DEFAULT_USER_ID, PrivateKey, sign
from formats.gbt20518 import (
    RevocationReason,
    Validity,
    assemble_request,
    certificate_verify,
    from_pem,
    read_certificate,
    read_crl,
    read_request,
    request_info,
    to_pem,
    verify_possession,
)
from formats.gbt20518 import extension_building as build
from formats.gbt20518.pem import CERTIFICATE, CERTIFICATE_REQUEST, CRL, PRIVATE_KEY
from formats.gbt35276 import private_key_info, read_private_key
from tests.authority_world import (
    ACTOR,
    CREDIT_CODE,
    FIVE_YEARS,
    START,
    World,
    holder_request,
    make_world,
)

pytestmark = pytest.mark.peer

ID = "distid:" + DEFAULT_USER_ID.decode("ascii")
MOMENT = START + timedelta(days=30)
PROFILE_DAYS = {
    "seal-holder": 1827,
    "seal-maker": 1827,
    "time-stamp": 2192,
    "status-service": 92,
    "trust-list-signer": 1096,
}


@pytest.fixture(scope="module")
def openssl() -> str:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    version = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"these command lines are for OpenSSL 3, not {version.strip()}")
    return path


@dataclass
class Files:
    """A hierarchy written out as PEM."""

    folder: Path
    world: World

    def __getitem__(self, name: str) -> str:
        return str(self.folder / f"{name}.pem")

    def write(self, name: str, data: bytes, label: str) -> str:
        (self.folder / f"{name}.pem").write_text(to_pem(data, label))
        return self[name]


def _write_out(folder: Path, world: World) -> Files:
    files = Files(folder, world)
    files.write("root", world.root.certificate.encoded, CERTIFICATE)
    files.write("sub", world.regional.certificate.encoded, CERTIFICATE)
    for profile, days in PROFILE_DAYS.items():
        validity = Validity(START, START + timedelta(days=days))
        request = holder_request(profile, profile=profile, validity=validity)
        files.write(profile, world.regional.issue(request, actor=ACTOR).encoded, CERTIFICATE)
    files.write("root-crl", world.root.publish_crl(actor=ACTOR).encoded, CRL)
    files.write("good-crl", world.regional.publish_crl(actor=ACTOR).encoded, CRL)
    revoked = read_certificate(from_pem(Path(files["seal-holder"]).read_bytes(), CERTIFICATE))
    world.regional.revoke(
        SerialNumber(revoked.serial_number), RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=START
    )
    files.write("sub-crl", world.regional.publish_crl(actor=ACTOR).encoded, CRL)
    return files


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A hierarchy under the standard identity."""
    return _write_out(tmp_path_factory.mktemp("standard"), make_world())


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The same hierarchy under the empty identity."""
    return _write_out(tmp_path_factory.mktemp("twin"), make_world(user_id=b""))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _at(moment: datetime = MOMENT) -> list[str]:
    return ["-attime", str(int(moment.timestamp()))]


def _tampered(data: bytes) -> bytes:
    """The certificate with one bit of its first policy address changed: still well formed, no longer signed."""
    changed = data.replace(b"policy.test", b"qolicy.test", 1)
    assert changed != data
    read_certificate(changed)
    return changed


# ---------------------------------------------------------------------- OpenSSL, standard identity


@pytest.mark.parametrize("name", PROFILE_DAYS)
def test_openssl_verifies_each_link(openssl: str, standard: Files, name: str) -> None:
    """Every end-entity certificate verifies under the regional authority, under the standard identity only."""
    link = ["-partial_chain", "-trusted", standard["sub"], *_at(), standard[name]]
    assert _run(openssl, "verify", "-vfyopt", ID, *link).returncode == 0
    assert _run(openssl, "verify", *link).returncode != 0


def test_openssl_verifies_the_authority_under_the_root(openssl: str, standard: Files) -> None:
    """The regional authority's certificate verifies under the root."""
    command = [openssl, "verify", "-x509_strict", "-vfyopt", ID, "-trusted", standard["root"], *_at()]
    result = _run(*command, standard["sub"])
    assert result.returncode == 0, result.stderr


def test_openssl_refuses_a_tampered_certificate(openssl: str, standard: Files) -> None:
    """One changed octet in what was signed loses the signature."""
    data = from_pem(Path(standard["seal-maker"]).read_bytes(), CERTIFICATE)
    path = standard.write("tampered", _tampered(data), CERTIFICATE)
    result = _run(openssl, "verify", "-vfyopt", ID, "-partial_chain", "-trusted", standard["sub"], *_at(), path)
    assert result.returncode != 0
    assert "signature failure" in result.stderr


@pytest.mark.parametrize("name", ["sub", "seal-holder", "sub-crl", "root-crl"])
def test_openssl_verifies_the_signature_over_our_tbs(openssl: str, standard: Files, name: str) -> None:
    """Octets and signature as our readers cut them verify as a bare message: for lists the only way it offers."""
    data = Path(standard[name]).read_bytes()
    signed = read_crl(from_pem(data, CRL)) if "crl" in name else read_certificate(from_pem(data, CERTIFICATE))
    issuer = standard["sub"] if name in {"seal-holder", "sub-crl"} else standard["root"]
    key = _run(openssl, "x509", "-in", issuer, "-pubkey", "-noout").stdout
    folder = standard.folder
    (folder / "key.pem").write_text(key)
    (folder / "tbs.bin").write_bytes(signed.tbs)
    (folder / "signature.bin").write_bytes(signed.signature)
    command = [openssl, "dgst", "-sm3", "-verify", str(folder / "key.pem"), "-sigopt", ID]
    result = _run(*command, "-signature", str(folder / "signature.bin"), str(folder / "tbs.bin"))
    assert result.stdout.strip() == "Verified OK", result.stderr


def test_openssl_prints_every_extension(openssl: str, standard: Files) -> None:
    """Nothing of a certificate or list is unreadable to OpenSSL, and it names the same values."""
    text = _run(openssl, "x509", "-in", standard["time-stamp"], "-noout", "-text", "-certopt", "ext_error").stdout
    for expected in ("Time Stamping", "Private Key Usage Period", TEST_POLICY, "URI:http://crl.test/regional.crl"):
        assert expected in text
    listing = _run(openssl, "crl", "-in", standard["sub-crl"], "-noout", "-text").stdout
    for expected in ("Key Compromise", "Invalidity Date", "X509v3 CRL Number", "Authority Key Identifier"):
        assert expected in listing


def test_openssl_verifies_our_request(openssl: str, standard: Files) -> None:
    """A request we made proves possession to OpenSSL."""
    key = PrivateKey.generate()
    info = request_info(
        standard.world.regional.certificate.subject, key.public_key, [build.organization_code("X")]
    )
    path = standard.write(
        "request", assemble_request(info, sign(key, info, user_id=DEFAULT_USER_ID)), CERTIFICATE_REQUEST
    )
    # The command exits with 0 whatever it found; what it found stands on stderr.
    assert "verify OK" in _run(openssl, "req", "-in", path, "-verify", "-noout", "-vfyopt", ID).stderr
    assert "verify failure" in _run(openssl, "req", "-in", path, "-verify", "-noout").stderr


def test_openssl_reads_our_private_key(openssl: str, standard: Files) -> None:
    """A PKCS#8 key we wrote is a consistent SM2 key to OpenSSL, and its public half is ours."""
    key = PrivateKey.generate()
    path = standard.write("private", private_key_info(key), PRIVATE_KEY)
    assert _run(openssl, "pkey", "-in", path, "-check", "-noout").stdout.strip() == "Key is valid"
    public = from_pem(_run(openssl, "pkey", "-in", path, "-pubout").stdout, "PUBLIC KEY")
    assert public.endswith(key.public_key.point)


# ---------------------------------------------------------------------- OpenSSL's products in our hands


def test_we_certify_a_request_made_by_openssl(openssl: str, standard: Files, tmp_path: Path) -> None:
    """Key, request and proof of possession by OpenSSL; certificate by us; verified by OpenSSL."""
    key, request = str(tmp_path / "key.pem"), str(tmp_path / "request.pem")
    assert _run(openssl, "genpkey", "-algorithm", "SM2", "-out", key).returncode == 0
    subject = "/C=CN/O=测试市民政局/CN=37030000001722"
    made = _run(
        openssl, "req", "-new", "-utf8", "-key", key, "-sm3", "-sigopt", ID, "-subj", subject, "-out", request
    )
    assert made.returncode == 0, made.stderr
    data = from_pem(Path(request).read_bytes(), CERTIFICATE_REQUEST)
    private = read_private_key(from_pem(Path(key).read_bytes(), PRIVATE_KEY))
    assert verify_possession(read_request(data), user_id=DEFAULT_USER_ID) == private.public_key
    wanted = request_from_pkcs10(
        data,
        key="from-openssl",
        profile="seal-holder",
        validity=FIVE_YEARS,
        user_id=DEFAULT_USER_ID,
        credit_code=CREDIT_CODE,
    )
    path = standard.write("theirs", standard.world.regional.issue(wanted, actor=ACTOR).encoded, CERTIFICATE)
    link = ["-partial_chain", "-trusted", standard["sub"], *_at(), path]
    assert _run(openssl, "verify", "-vfyopt", ID, *link).returncode == 0


def test_we_verify_a_certificate_made_by_openssl(openssl: str, tmp_path: Path) -> None:
    """A self-signed SM2 certificate of OpenSSL's is read without tolerances and verifies."""
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    assert _run(openssl, "genpkey", "-algorithm", "SM2", "-out", key).returncode == 0
    made = _run(
        openssl, "req", "-x509", "-new", "-key", key, "-sm3", "-sigopt", ID, "-days", "3650", "-subj",
        "/C=CN/O=T/CN=Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", certificate,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    read = read_certificate(from_pem(Path(certificate).read_bytes(), CERTIFICATE))
    assert read.tolerances == ()
    assert read.is_ca
    assert read.public_key is not None
    assert read.subject_key_identifier == build.key_identifier(read.public_key)
    certificate_verify(read, read.public_key)


# ---------------------------------------------------------------------- OpenSSL, empty identity: whole chains


def _chain(twin: Files) -> list[str]:
    return ["-CAfile", twin["root"], "-untrusted", twin["sub"], *_at()]


@pytest.mark.parametrize("name", PROFILE_DAYS)
def test_openssl_verifies_whole_chains(openssl: str, twin: Files, name: str) -> None:
    """Path building, strict checks and the root's own signature, up to the root."""
    result = _run(openssl, "verify", "-x509_strict", "-check_ss_sig", *_chain(twin), twin[name])
    assert result.returncode == 0, result.stderr


def test_openssl_knows_the_time_stamp_and_status_roles(openssl: str, twin: Files) -> None:
    """Purposes as OpenSSL judges them: the time-stamp certificate for time stamps, a seal holder's not."""
    purpose = ["-purpose", "timestampsign"]
    assert _run(openssl, "verify", *_chain(twin), *purpose, twin["time-stamp"]).returncode == 0
    assert _run(openssl, "verify", *_chain(twin), *purpose, twin["seal-maker"]).returncode != 0


def test_openssl_finds_the_revoked_certificate(openssl: str, twin: Files) -> None:
    """With both authorities' lists: the revoked certificate fails with error 23, another one passes."""
    lists = twin.folder / "lists.pem"
    lists.write_text(Path(twin["sub-crl"]).read_text() + Path(twin["root-crl"]).read_text())
    early = [*_chain(twin)[:-2], *_at(START + timedelta(hours=1))]
    command = [openssl, "verify", "-x509_strict", "-crl_check_all", "-CRLfile", str(lists), *early]
    good = _run(*command, twin["seal-maker"])
    assert good.returncode == 0, good.stderr
    revoked = _run(*command, twin["seal-holder"])
    assert revoked.returncode != 0
    assert "error 23 " in revoked.stderr
    late = [openssl, "verify", "-crl_check_all", "-CRLfile", str(lists), *_chain(twin)]
    assert "error 12 " in _run(*late, twin["seal-maker"]).stderr


def test_openssl_verifies_the_list(openssl: str, twin: Files) -> None:
    """The list's signature under the authority's certificate."""
    result = _run(openssl, "crl", "-in", twin["sub-crl"], "-CAfile", twin["sub"], "-noout")
    assert "verify OK" in result.stderr


def test_openssl_carries_the_test_policy(openssl: str, twin: Files) -> None:
    """The policy that marks test authorities is valid along the path; another policy is not."""
    command = [openssl, "verify", *_chain(twin), "-explicit_policy", "-policy"]
    assert _run(*command, TEST_POLICY, twin["seal-maker"]).returncode == 0
    assert "error 43 " in _run(*command, "1.3.6.1.5.5.7.13.2", twin["seal-maker"]).stderr


# ---------------------------------------------------------------------- pyOpenSSL and ctypes: whole chains, standard identity


def test_pyopenssl_verifies_the_chain_and_refuses_a_tampered_one(standard: Files) -> None:
    """Another build of OpenSSL, from Python: the chain verifies under its default identity, a changed one does not."""
    crypto = pytest.importorskip("OpenSSL.crypto", reason="pyOpenSSL is not installed")
    store = crypto.X509Store()
    store.add_cert(crypto.load_certificate(crypto.FILETYPE_PEM, Path(standard["root"]).read_bytes()))
    store.set_time(MOMENT.replace(tzinfo=None))
    middle = [crypto.load_certificate(crypto.FILETYPE_PEM, Path(standard["sub"]).read_bytes())]

    def verify(data: bytes) -> None:
        leaf = crypto.load_certificate(crypto.FILETYPE_ASN1, data)
        crypto.X509StoreContext(store, leaf, middle).verify_certificate()

    for name in PROFILE_DAYS:
        data = from_pem(Path(standard[name]).read_bytes(), CERTIFICATE)
        verify(data)
        with pytest.raises(crypto.X509StoreContextError, match="signature"):
            verify(_tampered(data))


class LibCrypto:
    """The few functions of libcrypto.so.3 a chain verification needs; identity set on every certificate."""

    def __init__(self, library: ctypes.CDLL) -> None:
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long
        shapes: dict[str, tuple[object, list[object]]] = {
            "d2i_X509": (pointer, [pointer, ctypes.POINTER(text), number]),
            "ASN1_OCTET_STRING_new": (pointer, []),
            "ASN1_OCTET_STRING_set": (ctypes.c_int, [pointer, text, ctypes.c_int]),
            "X509_set0_distinguishing_id": (None, [pointer, pointer]),
            "X509_STORE_new": (pointer, []),
            "X509_STORE_add_cert": (ctypes.c_int, [pointer, pointer]),
            "X509_STORE_CTX_new": (pointer, []),
            "X509_STORE_CTX_init": (ctypes.c_int, [pointer, pointer, pointer, pointer]),
            "X509_STORE_CTX_set_time": (None, [pointer, ctypes.c_ulong, ctypes.c_long]),
            "X509_STORE_CTX_get_error": (ctypes.c_int, [pointer]),
            "X509_verify_cert": (ctypes.c_int, [pointer]),
            "OPENSSL_sk_new_null": (pointer, []),
            "OPENSSL_sk_push": (ctypes.c_int, [pointer, pointer]),
        }
        for name, (result, arguments) in shapes.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._library = library

    def certificate(self, data: bytes, user_id: bytes) -> int:
        loaded = self._library.d2i_X509(None, ctypes.byref(ctypes.c_char_p(data)), len(data))
        assert loaded
        identity = self._library.ASN1_OCTET_STRING_new()
        self._library.ASN1_OCTET_STRING_set(identity, user_id, len(user_id))
        self._library.X509_set0_distinguishing_id(loaded, identity)
        return int(loaded)

    def verify(self, leaf: bytes, middle: bytes, root: bytes, *, user_id: bytes) -> int:
        """0 if the chain verifies, else OpenSSL's error number."""
        library = self._library
        store, context, stack = (
            library.X509_STORE_new(),
            library.X509_STORE_CTX_new(),
            library.OPENSSL_sk_new_null(),
        )
        library.X509_STORE_add_cert(store, self.certificate(root, user_id))
        library.OPENSSL_sk_push(stack, self.certificate(middle, user_id))
        library.X509_STORE_CTX_init(context, store, self.certificate(leaf, user_id), stack)
        library.X509_STORE_CTX_set_time(context, 0, int(MOMENT.timestamp()))
        verdict = library.X509_verify_cert(context)
        return 0 if verdict == 1 else int(library.X509_STORE_CTX_get_error(context))


@pytest.fixture(scope="module")
def libcrypto() -> LibCrypto:
    name = ctypes.util.find_library("crypto")
    if name is None or not name.endswith(".so.3"):
        pytest.skip("libcrypto.so.3 is not installed")
    return LibCrypto(ctypes.CDLL(name))


def test_libcrypto_verifies_the_chain_with_the_identity_set(standard: Files, libcrypto: LibCrypto) -> None:
    """The system's libcrypto verifies the standard-identity chain once the identity is set on every certificate."""
    root, middle, leaf = (
        from_pem(Path(standard[name]).read_bytes(), CERTIFICATE) for name in ("root", "sub", "seal-maker")
    )
    assert libcrypto.verify(leaf, middle, root, user_id=DEFAULT_USER_ID) == 0
    assert libcrypto.verify(leaf, middle, root, user_id=b"someone else") == 7  # X509_V_ERR_CERT_SIGNATURE_FAILURE
    assert libcrypto.verify(_tampered(leaf), middle, root, user_id=DEFAULT_USER_ID) == 7


# ---------------------------------------------------------------------- linters and parsers


def _linter(name: str) -> str:
    path = Path(sys.executable).parent / name
    if not path.exists():
        pytest.skip(f"pkilint's {name} is not installed")
    return str(path)


@pytest.mark.parametrize("name", ["root", "sub", *PROFILE_DAYS])
def test_pkilint_has_nothing_against_our_certificates(standard: Files, name: str) -> None:
    """No finding of pkilint's PKIX rules at WARNING or above; its exit code is the number of them."""
    result = _run(_linter("lint_pkix_cert"), "lint", "-s", "WARNING", standard[name])
    assert (result.returncode, result.stdout.strip()) == (0, "")


def test_pkilint_has_something_against_a_bad_certificate(standard: Files) -> None:
    """The linter does look: two extensions put into a wrong order of criticality are found."""
    data = from_pem(Path(standard["sub"]).read_bytes(), CERTIFICATE)
    not_critical = data.replace(bytes.fromhex("0603551d130101ff"), bytes.fromhex("0603551d1e0101ff"), 1)
    path = standard.write("bad", not_critical, CERTIFICATE)
    assert _run(_linter("lint_pkix_cert"), "lint", "-s", "WARNING", path).returncode > 0


@pytest.mark.parametrize("name", ["root-crl", "good-crl", "sub-crl"])
def test_pkilint_has_nothing_against_our_lists(standard: Files, name: str) -> None:
    """No finding against empty and filled lists at WARNING or above."""
    result = _run(_linter("lint_crl"), "lint", "-p", "PKIX", "-t", "CRL", "-s", "WARNING", standard[name])
    assert (result.returncode, result.stdout.strip()) == (0, "")


def test_asn1crypto_parses_everything(standard: Files) -> None:
    """A third parser reads every certificate and list, down to each extension, and finds the same values."""
    x509 = pytest.importorskip("asn1crypto.x509", reason="asn1crypto is not installed")
    crl = pytest.importorskip("asn1crypto.crl")
    for name in ("root", "sub", *PROFILE_DAYS):
        data = from_pem(Path(standard[name]).read_bytes(), CERTIFICATE)
        ours, theirs = read_certificate(data), x509.Certificate.load(data, strict=True)
        assert theirs.native is not None
        assert theirs.serial_number == ours.serial_number
        assert theirs.subject.dump() == ours.subject.encoded
        assert theirs.key_identifier == ours.subject_key_identifier
        assert theirs.authority_key_identifier == ours.authority_key_identifier
        assert theirs["tbs_certificate"]["validity"]["not_after"].native == ours.validity.not_after
    data = from_pem(Path(standard["sub-crl"]).read_bytes(), CRL)
    ours_list, theirs_list = read_crl(data), crl.CertificateList.load(data, strict=True)
    assert theirs_list.crl_number_value.native == ours_list.number
    entries = theirs_list["tbs_cert_list"]["revoked_certificates"]
    assert {entry["user_certificate"].native for entry in entries} == set(ours_list.revoked)


def test_cryptography_reads_the_same(standard: Files) -> None:
    """pyca's parser agrees on serial number, names, dates, signed octets and extensions."""
    x509 = pytest.importorskip("cryptography.x509")
    readers: list[Callable[[bytes], object]] = [read_certificate, x509.load_der_x509_certificate]
    for name in ("root", "sub", *PROFILE_DAYS):
        data = from_pem(Path(standard[name]).read_bytes(), CERTIFICATE)
        ours, theirs = (read(data) for read in readers)
        assert theirs.tbs_certificate_bytes == ours.tbs  # type: ignore[attr-defined]
        assert theirs.serial_number == ours.serial_number  # type: ignore[attr-defined]
        assert theirs.not_valid_after_utc == ours.validity.not_after  # type: ignore[attr-defined]
        oids = [extension.oid.dotted_string for extension in theirs.extensions]  # type: ignore[attr-defined]
        assert oids == list(ours.extensions)  # type: ignore[attr-defined]
        assert theirs.signature == ours.signature  # type: ignore[attr-defined]
