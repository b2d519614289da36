"""What lies beside a signature for showing its seal, against the seal that was signed with."""

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.signature_model import SignatureFile
from formats.gbt38540 import SealSignature


def seal_file_matches(package: OfdPackage, file: SignatureFile, value: object) -> bool | None:
    """Seal.esl against the seal inside the signature, octet by octet (GB/T 33190 18.2, Seal/BaseLoc).

    A digital signature holds no seal: one that is named beside it would be shown without having sealed anything.
    """
    if file.seal is None:
        return False if file.missing else None  # it names a seal, or its image, that is not there
    if not isinstance(value, SealSignature):
        return False
    return _is(package, file.seal, value.seal.encoded)


def seal_image_matches(package: OfdPackage, file: SignatureFile, value: object) -> bool | None:
    """The image beside a signature against the picture inside its seal (GM/T 0099-2020, Seal/ImageLoc)."""
    if file.seal_image is None:
        return None
    return isinstance(value, SealSignature) and _is(package, file.seal_image, value.seal.picture.data)


def _is(package: OfdPackage, name: str, octets: bytes) -> bool:
    try:
        return package.read(name) == octets
    except LimitExceededError:
        raise
    except MalformedDataError:
        return False
