"""Time stamps between the house and software that is not ours: OpenSSL's time-stamp authority, and asn1crypto.

OpenSSL stamps by the machine's clock, so documents here are signed at the same clock's time and judged a minute
later; nothing else of the clock matters. OpenSSL 3.0 makes no tokens with an SM2 key, so its authorities are RSA and
P-256, with certificates and lists made by ``cryptography``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crypto import DEFAULT_USER_ID
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import read_certificate, to_pem
from formats.gbt20518.general_name import directory_name
from formats.gbt20520 import (
    Accuracy,
    FailureReason,
    MessageImprint,
    PkiStatus,
    TimeStampRequest,
    TimeStampResponse,
    differences,
    encode_request,
    encode_response,
    imprint_of,
    read_request,
    read_response,
    read_time_stamp_token,
)
from formats.gbt33190.signature_model import SignatureType
from tests.unit.verifier.documents import codes, sealed, verified
from tests.unit.verifier.nation import DAY, FOUNDED, Nation, authority, crl, nation
from tests.unit.verifier.time_stamps import STAMPED, stamper, token_for
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.trust_list_model import AlgorithmPeriod, Period, Purpose

pytestmark = pytest.mark.peer

MINUTE = timedelta(minutes=1)
POLICY = "1.2.3.4.1"
CONFIGURATION = """
[tsa]
default_tsa=own
[own]
serial={folder}/serial
signer_digest={digest}
default_policy=1.2.3.4.1
digests=sha256,sm3,sha384,sha512,sha1
accuracy=secs:1,millisecs:500,microsecs:7
ordering=yes
tsa_name=yes
ess_cert_id_chain=no
ess_cert_id_alg={named_by}
"""


@pytest.fixture(scope="module")
def openssl() -> str:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    version = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"these command lines are for OpenSSL 3, not {version.strip()}")
    return path


def run(*arguments: object) -> str:
    done = subprocess.run(
        [str(each) for each in arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------------- ours, read by others


def our_token() -> bytes:
    return token_for(
        b"signature value",
        accuracy=Accuracy(1, 500, 7),
        nonce=0x1122334455667788,
        tsa=directory_name(stamper().certificate.subject),
        ordering=True,
    )


def test_openssl_reads_our_answer(openssl: str, tmp_path: Path) -> None:
    """``openssl ts -reply -text`` shows every field of our answer as we wrote it."""
    (tmp_path / "r.tsr").write_bytes(encode_response(TimeStampResponse(PkiStatus.GRANTED, our_token())))
    text = run(openssl, "ts", "-reply", "-in", tmp_path / "r.tsr", "-text")
    for expected in (
        "Status: Granted.",
        "Policy OID: 1.2.3.4.5",
        "Hash Algorithm: sm3",
        "Time stamp: Mar  1 02:30:02 2026 GMT",
        "Accuracy: 0x01 seconds, 0x01F4 millis, 0x07 micros",
        "Ordering: yes",
        "Nonce: 0x1122334455667788",
        "TSA: DirName:/C=CN/",
    ):
        assert expected in text
    run(openssl, "ts", "-reply", "-in", tmp_path / "r.tsr", "-token_out", "-out", tmp_path / "t.der")
    assert (tmp_path / "t.der").read_bytes() == read_response((tmp_path / "r.tsr").read_bytes()).token
    listing = run(openssl, "asn1parse", "-inform", "DER", "-in", tmp_path / "t.der")
    for expected in (
        "pkcs7-signedData",
        "id-smime-ct-TSTInfo",
        "id-smime-aa-signingCertificateV2",
        "SM2-with-SM3",
    ):
        assert expected in listing


def test_openssl_reads_our_refusal(openssl: str, tmp_path: Path) -> None:
    """A refusal shows its reason."""
    refusal = TimeStampResponse(
        PkiStatus.REJECTION, texts=("no",), failures=frozenset({FailureReason.BAD_ALGORITHM})
    )
    (tmp_path / "r.tsr").write_bytes(encode_response(refusal))
    text = run(openssl, "ts", "-reply", "-in", tmp_path / "r.tsr", "-text")
    assert "Status: Rejected." in text
    assert "unrecognized or unsupported algorithm identifier" in text


def test_openssl_verifies_our_signature(openssl: str, tmp_path: Path) -> None:
    """The signature over the attributes holds for OpenSSL under the standard identity, and over no other octets."""
    signed = read_time_stamp_token(our_token()).signed_data
    attributes = signed.signer.signed_attributes or b""
    (tmp_path / "attributes").write_bytes(attributes)
    (tmp_path / "other").write_bytes(attributes[:-1] + b"\0")
    (tmp_path / "signature").write_bytes(signed.signer.signature)
    (tmp_path / "key.pem").write_text(to_pem(stamper().certificate.spki, "PUBLIC KEY"))
    command: list[object] = [openssl, "dgst", "-sm3", "-verify", tmp_path / "key.pem"]
    command += ["-sigopt", f"distid:{DEFAULT_USER_ID.decode()}", "-signature", tmp_path / "signature"]
    assert "Verified OK" in run(*command, tmp_path / "attributes")
    wrong = subprocess.run(
        [str(each) for each in (*command, tmp_path / "other")], capture_output=True, check=False
    )
    assert wrong.returncode != 0


def test_requests_both_ways(openssl: str, tmp_path: Path) -> None:
    """OpenSSL reads our request, and we read OpenSSL's."""
    imprint = MessageImprint(oids.SM3, imprint_of(b"data"))
    ours = TimeStampRequest(imprint, "1.2.3.99.1", 0x7788, certificates_wanted=True)
    (tmp_path / "ours.tsq").write_bytes(encode_request(ours))
    text = run(openssl, "ts", "-query", "-in", tmp_path / "ours.tsq", "-text")
    for expected in (
        "Hash Algorithm: sm3",
        "Policy OID: 1.2.3.99.1",
        "Nonce: 0x7788",
        "Certificate required: yes",
    ):
        assert expected in text
    (tmp_path / "data").write_bytes(b"data")
    run(openssl, "ts", "-query", "-data", tmp_path / "data", "-sm3", "-cert", "-out", tmp_path / "theirs.tsq")
    theirs = read_request((tmp_path / "theirs.tsq").read_bytes())
    assert (theirs.imprint, theirs.certificates_wanted, theirs.policy) == (imprint, True, None)
    assert theirs.nonce is not None
    # OpenSSL writes NULL parameters of the digest, we write none; RFC 3161 leaves both.
    assert read_request(encode_request(theirs)) == theirs


def test_asn1crypto_reads_ours() -> None:
    """A third reader finds the same fields."""
    from asn1crypto import cms, tsp

    token = our_token()
    content = cms.ContentInfo.load(token, strict=True)
    signed = content["content"]
    info = signed["encap_content_info"]["content"].parsed
    assert isinstance(info, tsp.TSTInfo)
    assert info["policy"].dotted == "1.2.3.4.5"
    assert info["gen_time"].native == STAMPED
    assert info["message_imprint"]["hashed_message"].native == imprint_of(b"signature value")
    assert info["nonce"].native == 0x1122334455667788
    assert info["accuracy"].native == {"seconds": 1, "millis": 500, "micros": 7}
    signer = signed["signer_infos"][0]
    attributes = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
    named = attributes["signing_certificate_v2"]["certs"][0]
    assert named["hash_algorithm"]["algorithm"].dotted == oids.SM3
    assert named["cert_hash"].native == stamper().certificate.digest()
    assert named["issuer_serial"]["serial_number"].native == stamper().certificate.serial_number
    answer = tsp.TimeStampResp.load(encode_response(TimeStampResponse(PkiStatus.GRANTED, token)))
    assert answer["status"]["status"].native == "granted"
    request = tsp.TimeStampReq.load(
        encode_request(
            TimeStampRequest(MessageImprint(oids.SHA256, b"\1" * 32), nonce=5, certificates_wanted=True)
        )
    )
    assert request["cert_req"].native is True


# ---------------------------------------------------------------------- theirs, judged by us


@dataclass
class Authority:
    """A stand-in authority abroad: a CA, its list, and OpenSSL stamping with its certificate."""

    openssl: str
    folder: Path
    ca_key: Any
    ca: x509.Certificate
    stamper: x509.Certificate
    started: datetime

    def stamp(
        self,
        value: bytes,
        *,
        digest: str = "sha256",
        named_by: str = "sha256",
        imprint: str = "sha256",
        certificate: bool = True,
    ) -> bytes:
        configuration = CONFIGURATION.format(folder=self.folder, digest=digest, named_by=named_by)
        (self.folder / "tsa.cnf").write_text(configuration)
        (self.folder / "value").write_bytes(value)
        query = [self.openssl, "ts", "-query", "-data", self.folder / "value", f"-{imprint}"]
        run(*query, *(["-cert"] if certificate else []), "-out", self.folder / "q.tsq")
        return self.answer((self.folder / "q.tsq").read_bytes())

    def answer(self, request: bytes) -> bytes:
        """The token of OpenSSL's answer, which answers just this request."""
        (self.folder / "q.tsq").write_bytes(request)
        run(
            self.openssl, "ts", "-reply", "-config", self.folder / "tsa.cnf", "-section", "own",
            "-queryfile", self.folder / "q.tsq", "-signer", self.folder / "stamper.pem",
            "-inkey", self.folder / "stamper.key", "-out", self.folder / "r.tsr",
        )  # fmt: skip
        response = read_response((self.folder / "r.tsr").read_bytes())
        token = response.read_token()
        assert token is not None
        assert differences(read_request(request), token) == ()
        assert response.token is not None
        return response.token

    def list(self, *, revoked: bool = False) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.ca.subject)
            .last_update(self.started - DAY)
            .next_update(self.started + 30 * DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        if revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(self.stamper.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(self.started - DAY).build())
        return builder.sign(self.ca_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def people(self, *, listed: bool = True, algorithms: bool = True, revoked: bool = False) -> Nation:
        """The nation at the clock's time, with this authority on its list."""
        people, now = nation(), self.started
        own = [
            crl(each, this_update=now - DAY, next_update=now + 30 * DAY)
            for each in (people.maker_authority, people.holder_authority)
        ]
        ca = read_certificate(self.ca.public_bytes(Encoding.DER))
        entry = authority(people.root, Purpose.TIME_STAMP)
        entry = type(entry)(ca, entry.purposes, entry.regions, entry.listed, ())
        pairs = [
            (signature, digest)
            for signature, digest in (
                (oids.RSA_WITH_SHA256, oids.SHA256),
                (oids.RSA_WITH_SHA384, oids.SHA384),
                (oids.ECDSA_WITH_SHA256, oids.SHA256),
                (oids.ECDSA_WITH_SHA384, oids.SHA384),
            )
        ]
        return people.with_content(
            issued=now - DAY,
            next_update=now + 30 * DAY,
            crls=(*own, self.list(revoked=revoked)),
            authorities=(*people.content.authorities, *([entry] if listed else [])),
            algorithms=(
                *people.content.algorithms,
                *(AlgorithmPeriod(*pair, Period(FOUNDED)) for pair in pairs if algorithms),
            ),
        )

    def judged(
        self, token: Callable[[bytes], bytes] | None = None, people: Nation | None = None, **options: Any
    ) -> set[Code]:
        """Codes for a document sealed now and stamped by OpenSSL, judged a minute later."""
        entries = sealed((), at=self.started, time_stamp=token or self.stamp, **options)
        report = verified(entries, people or self.people(), at=self.started + MINUTE)
        if not codes(report):
            assert report.verdict is Verdict.PASSED
            (signature,) = report.signatures
            assert signature.proven_at is not None
            assert self.started <= signature.proven_at <= self.started + MINUTE
        return codes(report)


def named(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def certified(
    subject: str,
    key: Any,
    issuer: x509.Name,
    issuer_key: Any,
    started: datetime,
    *extensions: tuple[x509.ExtensionType, bool],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(started - 10 * DAY)
        .not_valid_after(started + 1000 * DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def usage(*chosen: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in chosen for name in names})


def make_authority(openssl: str, folder: Path, ca_key: Any, key: Any) -> Authority:
    started = datetime.now(UTC).replace(microsecond=0)
    ca = certified(
        "Stand-in CA", ca_key, named("Stand-in CA"), ca_key, started,
        (x509.BasicConstraints(ca=True, path_length=None), True), (usage("key_cert_sign", "crl_sign"), True),
    )  # fmt: skip
    own = certified(
        "Stand-in time stamps", key, ca.subject, ca_key, started,
        (usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    )  # fmt: skip
    (folder / "serial").write_text("01\n")
    (folder / "stamper.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "stamper.key").write_bytes(pem)
    return Authority(openssl, folder, ca_key, ca, own, started)


def p256() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def rsa2048() -> Any:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(
    scope="module", params=[(p256, p256), (rsa2048, rsa2048), (p256, rsa2048)], ids=["P-256", "RSA", "mixed"]
)
def abroad(request: pytest.FixtureRequest, openssl: str, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    make_ca, make_key = request.param
    return make_authority(openssl, tmp_path_factory.mktemp("tsa"), make_ca(), make_key())


def test_openssl_stamps_are_good(abroad: Authority) -> None:
    """Tokens by OpenSSL prove the time of seals and digital signatures; other digests of SHA-2 and SM3 too."""
    assert abroad.judged() == set()
    assert abroad.judged(kind=SignatureType.SIGN) == set()
    for options in (
        {"digest": "sha384", "imprint": "sha384"},
        {"imprint": "sm3"},
        {"named_by": "sha512"},
    ):
        assert abroad.judged(lambda value, options=options: abroad.stamp(value, **options)) == set()  # type: ignore[misc]


def test_openssl_accepts_what_we_asked_for(abroad: Authority) -> None:
    """OpenSSL answers our request, and verifies its answer against it."""
    abroad.stamp(b"")
    request = encode_request(
        TimeStampRequest(
            MessageImprint(oids.SHA256, imprint_of(b"x", oids.SHA256)), POLICY, 2**63 + 5, certificates_wanted=True
        )
    )
    abroad.answer(request)
    folder = abroad.folder
    text = run(
        abroad.openssl,
        "ts",
        "-verify",
        "-queryfile",
        folder / "q.tsq",
        "-in",
        folder / "r.tsr",
        "-CAfile",
        folder / "ca.pem",
    )
    assert "Verification: OK" in text


def test_twins_are_bad(abroad: Authority) -> None:
    """The same tokens with one thing wrong."""
    assert abroad.judged(lambda _: abroad.stamp(b"other")) == {Code.TIMESTAMP_IMPRINT}
    assert abroad.judged(lambda value: abroad.stamp(value, certificate=False)) == {Code.TIMESTAMP_CERT_MISSING}
    assert abroad.judged(lambda value: flipped(abroad.stamp(value))) == {Code.TIMESTAMP_SIGNATURE}
    assert abroad.judged(lambda value: abroad.stamp(value, imprint="sha1")) == {Code.TIMESTAMP_ALGORITHM}
    assert abroad.judged(lambda value: abroad.stamp(value, named_by="sha1")) == {Code.TIMESTAMP_ALGORITHM}
    assert abroad.judged(people=abroad.people(listed=False)) == {Code.TIMESTAMP_CERT_UNTRUSTED}
    assert abroad.judged(people=abroad.people(algorithms=False)) == {Code.TIMESTAMP_ALGORITHM}
    assert abroad.judged(people=abroad.people(revoked=True)) == {Code.TIMESTAMP_CERT_REVOKED}


def flipped(token: bytes) -> bytes:
    """One bit of the signature, in the middle of its value."""
    signature = read_time_stamp_token(token).signed_data.signer.signature
    place = token.rindex(signature) + len(signature) - 8
    return token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]


def test_every_signed_octet_counts(abroad: Authority) -> None:
    """Content and attributes of OpenSSL's token, one octet after the other."""
    kept: list[bytes] = []

    def keep(value: bytes) -> bytes:
        kept.append(abroad.stamp(value))
        return kept[0]

    entries = sealed((), at=abroad.started, time_stamp=keep)
    people, path = abroad.people(), "Doc_0/Signs/Sign_0/SignedValue.dat"
    trust = people.trust(abroad.started + MINUTE)
    from formats.gbt33190.package_writer import write_package
    from verifier.verification import Verifier

    verifier = Verifier(trust)
    token = kept[0]
    start = entries[path].index(token)
    info = read_time_stamp_token(token).info.encoded
    first = token.index(info)
    for place in range(first, first + len(info), 5):
        changed = bytearray(entries[path])
        changed[start + place] ^= 0x01
        report = verifier.verify(write_package({**entries, path: bytes(changed)}), at=abroad.started + MINUTE)
        assert report.signatures[0].proven_at is None, place
        assert report.verdict is Verdict.FAILED


def test_short_keys_prove_nothing(openssl: str, tmp_path: Path) -> None:
    """An RSA key of 1,024 bits makes right tokens that are not believed, and such a CA cannot be listed."""
    weak = rsa.generate_private_key(65537, 1024)
    abroad = make_authority(openssl, tmp_path, p256(), weak)
    assert abroad.judged() == {Code.TIMESTAMP_ALGORITHM}
    listed = make_authority(openssl, tmp_path, weak, p256())
    with pytest.raises(MalformedDataError, match="good use"):
        listed.people().trust(listed.started)


def test_seals_need_sm2(abroad: Authority) -> None:
    """A CA with another key is listed for time stamps and for nothing else."""
    people = abroad.people()
    first, second, own = people.content.authorities
    for purposes in ({Purpose.SEAL_HOLDER}, {Purpose.TIME_STAMP, Purpose.SEAL_MAKER}):
        other = type(own)(own.certificate, frozenset(purposes), own.regions, own.listed, ())
        with pytest.raises(MalformedDataError, match="SM2"):
            people.with_content(authorities=(first, second, other)).trust(abroad.started)
