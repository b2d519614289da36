"""Share files: one custodian's part of the custody secret, under that custodian's own passphrase.

```
custody secret S     32 random octets, split by secret_sharing; never written in clear
commitment to share  SM3("xinyin custody share" ‖ x ‖ share)             a custodian's false share is named by it
commitment to S      SM3("xinyin custody secret" ‖ S)
set id               first 16 octets of SM3 over scheme, m, n and all commitments: no file can tell other
commitments MAC                  HMAC-SM3 under a key derived from S, over the file's other fields: checked when
S is there wrapped share        SM4-GCM under PBKDF2-SM3(passphrase, salt, iterations), all other fields as
additional data
```

A share and S are 32 uniformly random octets, so their plain digests give nothing away. A file is strict JSON
(``xinyin.key-share/1``), octets in base64. It is worth nothing without its passphrase, and fewer than m are worth
nothing with them.
"""

import base64
import hmac
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Self

from crypto import DecryptionError, hmac_sm3, pbkdf2_sm3, sm3, sm4_gcm_decrypt, sm4_gcm_encrypt
from formats.errors import MalformedDataError
from formats.json_data import read_json
from hsm_sim.custody.secret_sharing import MAX_SHARES, SECRET_LENGTH, check_threshold, join, split
from hsm_sim.encoding import Fixed, ListOf, Octets, Text, Unsigned, encode
from hsm_sim.model import MAX_NAME
from hsm_sim.return_codes import ShareError

SCHEMA: Final = "xinyin.key-share/1"
SCHEME: Final = "shamir-gf256-11b"
MAX_SHARE_FILE: Final = 16 * 1024
PASSPHRASE_LENGTHS: Final = range(8, 257)
"""Octets of a custodian's passphrase."""
_SALT: Final = 16
_NONCE: Final = 12
_ITERATIONS: Final = (1_000, 50_000_000)


@dataclass(frozen=True, slots=True)
class CustodySet:
    """What all shares of one splitting have in common; public.

    Attributes:
        threshold: Shares needed, m.
        custodians: Names in the order of their points 1 to n.
        commitments: To each share, in the same order, 32 octets each.
        secret_commitment: To the secret, 32 octets.
    """

    threshold: Annotated[int, Unsigned(1)]
    custodians: Annotated[tuple[str, ...], ListOf(Text(MAX_NAME), MAX_SHARES)]
    commitments: Annotated[tuple[bytes, ...], ListOf(Fixed(32), MAX_SHARES)]
    secret_commitment: Annotated[bytes, Fixed(32)]

    def __post_init__(self) -> None:
        check_threshold(self.threshold, len(self.custodians))
        if len(self.commitments) != len(self.custodians) or len(set(self.custodians)) != len(self.custodians):
            raise ValueError("a commitment for each custodian, and names that differ")
        if not all(name.strip() == name and name for name in self.custodians):
            raise ValueError("custodians have names")

    @property
    def set_id(self) -> bytes:
        """Name of the set, 16 octets."""
        return sm3(b"xinyin custody set\x00" + SCHEME.encode() + b"\x00" + encode(self))[:16]

    def joined(self, shares: dict[int, bytes]) -> bytes:
        """Give the secret back from shares that were unwrapped.

        Raises:
            ShareError: Too few, one is not what was committed to (the custodian is named), or the secret is not.
        """
        for x, share in shares.items():
            if not 1 <= x <= len(self.custodians):
                raise ShareError(f"there is no share {x} in this set")
            if not hmac.compare_digest(_commitment(x, share), self.commitments[x - 1]):
                raise ShareError(f"the share of {self.custodians[x - 1]} is not the one that was given out")
        if len(shares) < self.threshold:
            raise ShareError(f"{len(shares)} of {self.threshold} shares")
        secret = join(dict(itertools.islice(shares.items(), self.threshold)))
        if not hmac.compare_digest(_secret_commitment(secret), self.secret_commitment):
            raise ShareError("the shares do not give the secret of this set")
        return secret


@dataclass(frozen=True, slots=True)
class ShareFile:
    """One custodian's file.

    Attributes:
        custody_set: What it is a part of.
        x: Its point, 1 to n.
        salt: For the passphrase, 16 octets.
        iterations: Of PBKDF2-SM3.
        wrapped: nonce ‖ ciphertext ‖ tag, 60 octets.
        mac: 32 octets.
    """

    custody_set: CustodySet
    x: int
    salt: bytes
    iterations: int
    wrapped: bytes = field(repr=False)
    mac: bytes = field(default=bytes(32), repr=False)

    @property
    def custodian(self) -> str:
        """Whose it is."""
        return self.custody_set.custodians[self.x - 1]

    def to_json(self) -> bytes:
        """The file's octets."""
        one = self.custody_set
        content = {
            "schema": SCHEMA,
            "scheme": SCHEME,
            "set": one.set_id.hex(),
            "threshold": one.threshold,
            "x": self.x,
            "custodians": list(one.custodians),
            "commitments": [each.hex() for each in one.commitments],
            "secret_commitment": one.secret_commitment.hex(),
            "kdf": {"name": "PBKDF2-SM3", "salt": self.salt.hex(), "iterations": self.iterations},
            "wrapped": base64.b64encode(self.wrapped).decode("ascii"),
            "mac": self.mac.hex(),
        }
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a file, strictly.

        Raises:
            ShareError: It breaks its schema, or its set id does not belong to what it tells.
        """
        try:
            return cls._read(data)
        except (MalformedDataError, ValueError) as error:
            raise ShareError(str(error)[:200]) from None

    @classmethod
    def _read(cls, data: bytes) -> Self:
        top = read_json(data, what="key share", most=MAX_SHARE_FILE).members(
            required=(
                "schema",
                "scheme",
                "set",
                "threshold",
                "x",
                "custodians",
                "commitments",
                "secret_commitment",
                "kdf",
                "wrapped",
                "mac",
            )
        )
        top["schema"].choice((SCHEMA,))
        top["scheme"].choice((SCHEME,))
        kdf = top["kdf"].members(required=("name", "salt", "iterations"))
        kdf["name"].choice(("PBKDF2-SM3",))
        custody_set = CustodySet(
            top["threshold"].integer(least=2, most=MAX_SHARES),
            tuple(each.text(longest=MAX_NAME) for each in top["custodians"].items(most=MAX_SHARES)),
            tuple(bytes.fromhex(each.text(longest=64)) for each in top["commitments"].items(most=MAX_SHARES)),
            bytes.fromhex(top["secret_commitment"].text(longest=64)),
        )
        if custody_set.set_id.hex() != top["set"].text(longest=32):
            raise ValueError("the set id does not belong to what the file tells")
        made = cls(
            custody_set,
            top["x"].integer(least=1, most=len(custody_set.custodians)),
            bytes.fromhex(kdf["salt"].text(longest=2 * _SALT)),
            kdf["iterations"].integer(least=_ITERATIONS[0], most=_ITERATIONS[1]),
            top["wrapped"].octets(longest=80),
            bytes.fromhex(top["mac"].text(longest=64)),
        )
        if (len(made.salt), len(made.wrapped), len(made.mac)) != (_SALT, _NONCE + SECRET_LENGTH + 16, 32):
            raise ValueError("a field has another length")
        return made

    def opened(self, passphrase: bytes) -> bytes:
        """Unwrap the share with its custodian's passphrase; 32 octets.

        Raises:
            ShareError: The passphrase is wrong or the file was altered; the two look the same.
        """
        key = pbkdf2_sm3(passphrase, self.salt, self.iterations, 16)
        try:
            share = sm4_gcm_decrypt(key, self.wrapped[:_NONCE], self.wrapped[_NONCE:], self.binding())
        except DecryptionError:
            raise ShareError(f"the share of {self.custodian} does not open") from None
        if not hmac.compare_digest(_commitment(self.x, share), self.custody_set.commitments[self.x - 1]):
            raise ShareError(f"the share of {self.custodian} is not the one that was given out")
        return share

    def check_mac(self, secret: bytes) -> None:
        """Judge the file as a whole, once the secret is there.

        Raises:
            ShareError: Its MAC does not fit.
        """
        if not hmac.compare_digest(_mac(self, secret), self.mac):
            raise ShareError(f"the share file of {self.custodian} does not bear its MAC")

    def binding(self) -> bytes:
        """All of the file but its wrapped share and MAC: the additional data of GCM."""
        return (
            b"xinyin share file\x00"
            + self.custody_set.set_id
            + bytes((self.x,))
            + self.iterations.to_bytes(4, "big")
            + self.salt
        )


@dataclass(frozen=True, slots=True)
class Custodian:
    """Who is to get a share, with the passphrase it will be under."""

    name: Annotated[str, Text(MAX_NAME)]
    passphrase: Annotated[bytes, Octets(256)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShareCredential:
    """A share file and its passphrase, as a custodian hands them to the device."""

    share: Annotated[bytes, Octets(MAX_SHARE_FILE)] = field(repr=False)
    passphrase: Annotated[bytes, Octets(256)] = field(repr=False)


def new_set(
    secret: bytes,
    threshold: int,
    custodians: Sequence[Custodian],
    *,
    iterations: int,
    random: Callable[[int], bytes],
) -> tuple[CustodySet, tuple[ShareFile, ...]]:
    """Split a secret among custodians, and try every subset that must be able to give it back.

    Args:
        secret: 32 random octets.
        threshold: Shares needed.
        custodians: Names that differ, passphrases of 8 to 256 octets.
        iterations: Of PBKDF2-SM3.
        random: Source of coefficients, salts and nonces.

    Raises:
        ValueError: Numbers, names or passphrases break a rule.
        ShareError: A subset did not give the secret back; nothing may be handed out then.
    """
    if any(len(each.passphrase) not in PASSPHRASE_LENGTHS for each in custodians):
        raise ValueError("a custodian's passphrase has 8 to 256 octets")
    shares = split(secret, threshold, len(custodians), random=random)
    custody_set = CustodySet(
        threshold,
        tuple(each.name for each in custodians),
        tuple(_commitment(x, share) for x, share in shares.items()),
        _secret_commitment(secret),
    )
    for subset in itertools.combinations(shares.items(), threshold):
        custody_set.joined(dict(subset))
    files = []
    for (x, share), custodian in zip(shares.items(), custodians, strict=True):
        salt = random(_SALT)
        bare = ShareFile(custody_set, x, salt, iterations, b"")
        key, nonce = pbkdf2_sm3(custodian.passphrase, salt, iterations, 16), random(_NONCE)
        whole = replace(bare, wrapped=nonce + sm4_gcm_encrypt(key, nonce, share, bare.binding()))
        files.append(replace(whole, mac=_mac(whole, secret)))
    return custody_set, tuple(files)


def join_credentials(credentials: Iterable[ShareCredential]) -> tuple[CustodySet, bytes]:
    """Open share files of one set and give its secret.

    Raises:
        ShareError: A file or passphrase is wrong, files are of different sets or of one custodian twice, or too
        few.
    """
    files = [(ShareFile.from_json(each.share), each.passphrase) for each in credentials]
    if not files:
        raise ShareError("no share was given")
    custody_set = files[0][0].custody_set
    shares: dict[int, bytes] = {}
    for file, passphrase in files:
        if file.custody_set != custody_set:
            raise ShareError(f"the share of {file.custodian} belongs to another set")
        if file.x in shares:
            raise ShareError(f"the share of {file.custodian} was given twice")
        shares[file.x] = file.opened(passphrase)
    secret = custody_set.joined(shares)
    for file, _ in files:
        file.check_mac(secret)
    return custody_set, secret


def _commitment(x: int, share: bytes) -> bytes:
    return sm3(b"xinyin custody share\x00" + bytes((x,)) + share)


def _secret_commitment(secret: bytes) -> bytes:
    return sm3(b"xinyin custody secret\x00" + secret)


def _mac(file: ShareFile, secret: bytes) -> bytes:
    key = hmac_sm3(secret, b"xinyin custody: share files")
    return hmac_sm3(key, file.binding() + file.wrapped)
