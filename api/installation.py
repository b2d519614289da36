"""One place's institutions on this machine: a certificate authority, a seal maker, departments, a key store.

An installation is a folder:

```
installation.json    who is who: names, codes, certificates, seals; public
secrets.json         the key store's passwords and the index key, mode 0600; absent where officers type them in
catalogue.json       which authority may issue which licence under which item
key-store/           the key store's own files; only its process opens them
ca.sqlite  seals.sqlite  time-stamps.sqlite  licences.sqlite  licences/
stopped-*.json       keys that signed wrongly, see ``api.stopped_keys``
```

``open_installation`` starts the key store's process and hands out the services, joined. Keys stay in that process.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from api.installation_stamping import Stamping, read_stamping, stamper_of
from api.key_places import SOCKET_VARIABLE, DeviceLibrary, open_library_key, read_key_place
from api.stopped_keys import StopFile
from api.time_stamp_service import MACHINE_CLOCKS, Clocks
from api.wiring import CatalogueDirectory, IssuerSeal, SealServiceSealer, SignersByLabel
from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from catalogue import CatalogueFile, CatalogueService
from crypto import GuardedSigner, PublicKey, Signer, sm3
from formats import MalformedDataError
from formats.fonts import installed_fonts
from formats.gb32100 import CreditCode
from formats.gbt20518 import read_certificate
from formats.json_data import JsonNode, read_json
from hsm_sim import KeyStoreSigner, OfficerCredential, ServiceSettings, start_key_store
from licence_service import LicenceService, built_in_types
from licence_service.files import FolderFileStore
from licence_service.painting import FacePainter
from licence_service.ports import Directory
from licence_service.register import LicenceRegister
from seal_service import SealId, SealMaker, SealService
from seal_service.register import SealRegister

SCHEMA: Final = 1
FILE: Final = "installation.json"
SECRETS: Final = "secrets.json"
CATALOGUE: Final = "catalogue.json"
_LONGEST_SOCKET_PATH: Final = 100
_LONGEST_CERTIFICATE: Final = 100_000
"""Base64 characters."""
"""The system allows about 107 octets; the key store of a deeper folder listens in a temporary one."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key in the key store: its label, index and registered public key (65 octets)."""

    label: str
    index: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class IssuerEntry:
    """A department that seals and issues.

    Attributes:
        key: Short name in commands.
        name: Full name.
        code: Credit code.
        area_code: Division it has jurisdiction over.
        key_label: Its signing key.
        seal_id: Its seal.
        seal_name: Name of the seal.
        width_mm: Width of the seal.
        height_mm: Height of the seal.
        certificate: Its signing certificate, DER.
    """

    key: str
    name: str
    code: str
    area_code: str
    key_label: str
    seal_id: str
    seal_name: str
    width_mm: float
    height_mm: float
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Installation:
    """What ``installation.json`` says.

    Attributes:
        name: Name of the place.
        region: Its division code.
        chain: Certificates of its authority, own first, DER.
        profile: Certificate profile of the authority itself.
        authority_key: Label of the authority's key.
        crl_uri: Address its certificates name for the revocation list.
        maker_name: Name of the seal maker; empty without one.
        maker_code: Its credit code.
        maker_vendor: Its vendor identifier.
        maker_key: Label of its key.
        maker_certificate: Its certificate, DER.
        keys: Keys by label.
        issuers: Departments by short name.
        stamping: Where seals get their time stamps; None for seals without.
    """

    name: str
    region: str
    chain: tuple[bytes, ...]
    profile: str
    authority_key: str
    crl_uri: str
    maker_name: str
    maker_code: str
    maker_vendor: str
    maker_key: str
    maker_certificate: bytes
    keys: Mapping[str, KeyEntry]
    issuers: Mapping[str, IssuerEntry]
    stamping: Stamping | None = None

    def to_json(self) -> str:
        """The file's text."""
        content = {
            "schema": SCHEMA,
            "name": self.name,
            "region": self.region,
            "authority": {
                "chain": [_text(certificate) for certificate in self.chain],
                "profile": self.profile,
                "key": self.authority_key,
                "crl_uri": self.crl_uri,
            },
            "maker": {
                "name": self.maker_name,
                "code": self.maker_code,
                "vendor": self.maker_vendor,
                "key": self.maker_key,
                "certificate": _text(self.maker_certificate),
            },
            "keys": [
                {"label": key.label, "index": key.index, "public_key": key.public_key.hex()}
                for key in self.keys.values()
            ],
            "issuers": [
                {
                    "key": issuer.key,
                    "name": issuer.name,
                    "code": issuer.code,
                    "area_code": issuer.area_code,
                    "key_label": issuer.key_label,
                    "seal_id": issuer.seal_id,
                    "seal_name": issuer.seal_name,
                    "size_mm": [round(issuer.width_mm), round(issuer.height_mm)],
                    "certificate": _text(issuer.certificate),
                }
                for issuer in self.issuers.values()
            ],
            "time_stamp": None if self.stamping is None else self.stamping.to_data(),
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Installation:
        """Read the file of an installation.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
            OSError: It cannot be read.
        """
        top = read_json((folder / FILE).read_bytes(), what=FILE).members(
            required=("schema", "name", "region", "authority", "maker", "keys", "issuers"),
            optional=("time_stamp",),
        )
        top["schema"].integer(least=SCHEMA, most=SCHEMA)
        authority = top["authority"].members(required=("chain", "profile", "key", "crl_uri"))
        maker = top["maker"].members(required=("name", "code", "vendor", "key", "certificate"))
        keys = [_read_key(node) for node in top["keys"].items(most=4096)]
        issuers = [_read_issuer(node) for node in top["issuers"].items(most=4096)]
        return cls(
            name=top["name"].text(),
            region=top["region"].text(longest=6),
            chain=tuple(node.octets(longest=_LONGEST_CERTIFICATE) for node in authority["chain"].items(most=8)),
            profile=authority["profile"].text(longest=64),
            authority_key=authority["key"].text(longest=128),
            crl_uri=authority["crl_uri"].text(longest=300),
            maker_name=maker["name"].text(),
            maker_code=maker["code"].text(longest=18),
            maker_vendor=maker["vendor"].text(longest=64),
            maker_key=maker["key"].text(longest=128),
            maker_certificate=maker["certificate"].octets(longest=_LONGEST_CERTIFICATE),
            keys={key.label: key for key in keys},
            issuers={issuer.key: issuer for issuer in issuers},
            stamping=read_stamping(top["time_stamp"]) if "time_stamp" in top else None,
        )


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens the key store; ``repr`` shows nothing of it.

    Attributes:
        officer: Opens the key store.
        passwords: Access right of each key, by label.
        index_key: Key of the licence register's holder index.
    """

    officer: OfficerCredential
    passwords: Mapping[str, bytes]
    index_key: bytes

    def __repr__(self) -> str:
        return "Secrets(<hidden>)"

    def save(self, folder: Path) -> None:
        """Write ``secrets.json``, readable by its owner alone."""
        content = {
            "officer": {"name": self.officer.name, "secret": self.officer.secret.decode()},
            "passwords": {label: password.decode() for label, password in self.passwords.items()},
            "index_key": self.index_key.hex(),
        }
        path = folder / SECRETS
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Secrets:
        """Read ``secrets.json``.

        Raises:
            MalformedDataError: It breaks its schema; nothing of its content is quoted.
            OSError: It cannot be read.
        """
        top = read_json((folder / SECRETS).read_bytes(), what=SECRETS).members(
            required=("officer", "passwords", "index_key")
        )
        officer = top["officer"].members(required=("name", "secret"))
        passwords = {label: node.text().encode() for label, node in top["passwords"].entries().items()}
        try:
            index_key = bytes.fromhex(top["index_key"].text())
        except ValueError:
            raise MalformedDataError("$.index_key: not hexadecimal", what=SECRETS) from None
        return cls(
            OfficerCredential(officer["name"].text(), officer["secret"].text().encode()), passwords, index_key
        )

    @classmethod
    def fresh(cls, labels: list[str]) -> Secrets:
        """New random secrets for a demonstration."""
        return cls(
            OfficerCredential("officer", secrets.token_urlsafe(24).encode()),
            {label: secrets.token_urlsafe(16).encode() for label in labels},
            secrets.token_bytes(32),
        )


@dataclass(frozen=True, slots=True)
class OpenInstallation:
    """An installation whose key store runs.

    Attributes:
        folder: Where it lies.
        installation: What its file says.
        signers: Opened signers by label.
        authority: Its certificate authority.
        seals: Its seal service.
        licences: Its licence service.
    """

    folder: Path
    installation: Installation
    signers: Mapping[str, Signer]
    authority: CertificateAuthority
    seals: SealService
    licences: LicenceService


def key_store_settings(folder: Path) -> ServiceSettings:
    """Where an installation's key store lies and listens."""
    store = folder / "key-store"
    socket = store / "key-store.sock"
    if len(str(socket).encode()) > _LONGEST_SOCKET_PATH:
        socket = _own_temporary_folder() / f"{sm3(str(store.resolve()).encode()).hex()[:32]}.sock"
    return ServiceSettings(store, socket_path=socket)


def _own_temporary_folder() -> Path:
    """A short folder for sockets that only this user can enter.

    Raises:
        PermissionError: Somebody else made a folder of this name, or opened it to others.
    """
    folder = Path(tempfile.gettempdir()) / f"xinyin-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "is not a folder of this user alone", str(folder))
    return folder


def authority_settings(crl_uri: str) -> AuthoritySettings:
    """Settings of an authority on a simulated key store: it marks what it issues as test."""
    return AuthoritySettings(policies=(PolicyStatement(TEST_POLICY),), crl_uris=(crl_uri,))


def _opener_of_keys(
    folder: Path, secret: Secrets, stack: ExitStack, *, stderr: int | IO[bytes] | None
) -> Callable[[int, bytes, PublicKey], Signer]:
    """How keys are opened: in the installation's own key store, or in the device the environment names."""
    named = os.environ.get(SOCKET_VARIABLE, "")
    place = read_key_place(named) if named else None
    if isinstance(place, DeviceLibrary):
        library = place
        return lambda index, pin, key: stack.enter_context(
            open_library_key(library, index, lambda: pin, registered=key)
        )
    process = stack.enter_context(start_key_store(key_store_settings(folder), secret.officer, stderr=stderr))
    client = stack.enter_context(process.client())
    return lambda index, pin, key: stack.enter_context(KeyStoreSigner(client, index, pin, key))


@contextmanager
def open_installation(
    folder: Path,
    *,
    clock: Callable[[], datetime],
    stderr: int | IO[bytes] | None = None,
    directory: Directory | None = None,
    stamp_clocks: Clocks = MACHINE_CLOCKS,
) -> Iterator[OpenInstallation]:
    """Start an installation's key store and join its services; stopped at the end.

    Args:
        folder: Of the installation.
        clock: Gives the current time, UTC, whole seconds.
        stderr: Where the key store's warning goes.
        directory: Who may issue what, in place of the installation's own catalogue.
        stamp_clocks: What its own time stamps are made by.

    Raises:
        MalformedDataError: A file of the installation breaks its schema.
        OSError: A file cannot be read.
        KeyStoreError: The key store does not open.
    """
    installation, secret = Installation.read(folder), Secrets.read(folder)
    with ExitStack() as stack:
        open_key = _opener_of_keys(folder, secret, stack, stderr=stderr)
        signers: dict[str, Signer] = {}
        for key in installation.keys.values():
            public_key = PublicKey(key.public_key)
            signer = open_key(key.index, secret.passwords[key.label], public_key)
            signers[key.label] = GuardedSigner(signer, StopFile(folder, public_key, clock=clock))
        ca_store = CaRegister(str(folder / "ca.sqlite"))
        stack.callback(ca_store.close)
        seal_store = SealRegister(str(folder / "seals.sqlite"))
        stack.callback(seal_store.close)
        licence_store = LicenceRegister(str(folder / "licences.sqlite"))
        stack.callback(licence_store.close)
        authority = CertificateAuthority(
            store=ca_store,
            signer=signers[installation.authority_key],
            chain=[read_certificate(certificate) for certificate in installation.chain],
            profiles=built_in_profiles(),
            settings=authority_settings(installation.crl_uri),
            clock=clock,
            random=secrets.token_bytes,
            profile=installation.profile,
        )
        authority.recover(actor="start")
        seals = SealService(
            store=seal_store,
            maker=SealMaker(
                certificate=installation.maker_certificate,
                signer=signers[installation.maker_key],
                vendor_id=installation.maker_vendor,
            ),
            maker_code=CreditCode.parse(installation.maker_code),
            keys=SignersByLabel(signers),
            clock=clock,
            stamper=None
            if installation.stamping is None
            else stamper_of(installation.stamping, folder, signers, stamp_clocks, stack),
        )
        sealer = SealServiceSealer(
            seals,
            {
                issuer.code: IssuerSeal(
                    SealId.parse(issuer.seal_id), issuer.seal_name, issuer.width_mm, issuer.height_mm
                )
                for issuer in installation.issuers.values()
            },
        )
        licences = LicenceService(
            store=licence_store,
            files=FolderFileStore(folder / "licences"),
            sealer=sealer,
            directory=directory or CatalogueDirectory(CatalogueService(CatalogueFile(folder / CATALOGUE))),
            types=built_in_types(),
            painter=FacePainter(installed_fonts()),
            index_key=secret.index_key,
            clock=clock,
        )
        yield OpenInstallation(folder, installation, signers, authority, seals, licences)


def _read_key(node: JsonNode) -> KeyEntry:
    members = node.members(required=("label", "index", "public_key"))
    try:
        public_key = bytes.fromhex(members["public_key"].text())
    except ValueError:
        members["public_key"].fail("not hexadecimal")
    return KeyEntry(members["label"].text(longest=128), members["index"].integer(least=1, most=4096), public_key)


def _read_issuer(node: JsonNode) -> IssuerEntry:
    members = node.members(
        required=(
            "key",
            "name",
            "code",
            "area_code",
            "key_label",
            "seal_id",
            "seal_name",
            "size_mm",
            "certificate",
        )
    )
    size = [item.integer(least=1, most=100) for item in members["size_mm"].items(most=2)]
    if len(size) != 2:
        members["size_mm"].fail("width and height belong here")
    return IssuerEntry(
        key=members["key"].text(longest=64),
        name=members["name"].text(),
        code=members["code"].text(longest=18),
        area_code=members["area_code"].text(longest=6),
        key_label=members["key_label"].text(longest=128),
        seal_id=members["seal_id"].text(longest=64),
        seal_name=members["seal_name"].text(),
        width_mm=size[0],
        height_mm=size[1],
        certificate=members["certificate"].octets(longest=_LONGEST_CERTIFICATE),
    )


def _text(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")


__all__ = ["Installation", "OpenInstallation", "Secrets", "open_installation"]
