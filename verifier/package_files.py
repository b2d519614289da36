"""The files of one package as verification sees them: octets, their SM3, and whether they look like a signature.

Documents of one kind share their largest files, see ``shared_files``.
"""

import re
from typing import Final

from crypto import sm3
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.references import ReferenceResult, check_references
from formats.gbt33190.signature_model import Reference, SignatureFile
from verifier.shared_files import FileFacts, SharedFiles

_XML_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*<")


class PackageFiles:
    """Files of one package.

    Attributes:
        package: The package.
    """

    __slots__ = ("_data", "_facts", "_shared", "package")

    def __init__(self, package: OfdPackage, data: bytes, shared: SharedFiles) -> None:
        """Look at a package.

        Args:
            package: The package opened from ``data``.
            data: The whole document.
            shared: Facts remembered between documents.
        """
        self.package = package
        self._data = data
        self._shared = shared
        self._facts: dict[str, FileFacts] = {}

    def facts(self, name: str) -> FileFacts:
        """Facts of one file.

        Raises:
            MalformedDataError: There is no such file, or its data is damaged.
            LimitExceededError: It costs more than allowed.
        """
        found = self._facts.get(name)
        if found is None:
            found = self._facts[name] = self._find(name)
        return found

    def digest(self, name: str) -> bytes | None:
        """SM3 of one file; None if there is no such file or its data is damaged.

        Raises:
            LimitExceededError: It costs more than allowed.
        """
        try:
            return self.facts(name).digest
        except LimitExceededError:
            raise
        except MalformedDataError:
            return None

    def _find(self, name: str) -> FileFacts:
        entry = self.package.entries.get(name)
        if entry is None:
            return _facts(self.package.read(name))
        return self._shared.facts(self._data, entry, lambda: _facts(self.package.read(name)))

    def check_references(self, file: SignatureFile) -> tuple[ReferenceResult, ...]:
        """What each Reference of a signature file turned out to be, in its order.

        Raises:
            LimitExceededError: An entry costs more than allowed.
        """
        if file.check_method.algorithm is not DigestAlgorithm.SM3:
            return tuple(check_references(self.package, file))
        return tuple([self._check(reference) for reference in file.references])

    def _check(self, reference: Reference) -> ReferenceResult:
        path = reference.path
        if path is None:
            return ReferenceResult(reference.file_ref, found=False, matches=None, algorithm=DigestAlgorithm.SM3)
        try:
            facts = self._facts.get(path) or self.facts(path)
        except LimitExceededError:
            raise
        except MalformedDataError:  # its data is damaged: there is no file to compare with
            return ReferenceResult(path, found=False, matches=None, algorithm=DigestAlgorithm.SM3)
        matches = facts.digest == reference.check_value
        return ReferenceResult(path, found=True, matches=matches, algorithm=DigestAlgorithm.SM3)


def _facts(data: bytes) -> FileFacts:
    return FileFacts(sm3(data), _looks_like_signature(data))


def _looks_like_signature(data: bytes) -> bool:
    if _XML_START.match(data) is None:
        return False
    # XML-DSig, which attachments may carry, has SignatureValue and Reference instead.
    return b"SignedInfo" in data and b"SignedValue" in data and b"References" in data
