"""Which dialects would make the references of a signature file match (GB/T 33190-2016 18.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.signature_model import Reference, SignatureFile
from verifier.diagnosis import digest_search
from verifier.diagnosis.digested_octets import of_file
from verifier.diagnosis.model import Answer, Budget, Conclusion, Fit, Question
from verifier.findings import shown
from verifier.package_files import PackageFiles

_MOST_INDEXED: Final = 64 << 20
"""Octets of files whose digests are looked up for a reference that names another file."""


@dataclass(frozen=True, slots=True)
class _Explained:
    dialects: tuple[str, ...]
    detail: str


class ReferenceSearch:
    """Looks at every reference that does not match under SM3."""

    def __init__(self, files: PackageFiles, octets: bytes, z_values: Sequence[bytes], budget: Budget) -> None:
        self._files = files
        self._package = files.package
        self._octets = octets
        self._z_values = z_values
        self._budget = budget
        self._names: dict[bytes, str] | None = None

    def answer(self, file: SignatureFile, subject: str) -> Answer | None:
        """The answer about a file's references; None if there is nothing to answer."""
        before = self._budget.tried
        method = self._method(file)
        explained: dict[_Explained, list[str]] = {}
        unexplained: list[str] = []
        for reference in file.references:
            found = self._of(reference, file.check_method.algorithm, method)
            if found is None:
                unexplained.append(shown(reference.file_ref))
            elif found.dialects:
                explained.setdefault(found, []).append(shown(reference.file_ref))
        if not explained and not unexplained:
            return None
        most = self._budget.limits.paths
        return Answer(
            subject=subject,
            question=Question.REFERENCES,
            conclusion=self._conclusion(bool(explained), bool(unexplained)),
            fits=tuple(Fit(each.dialects, each.detail, _cut(paths, most)) for each, paths in explained.items()),
            unexplained=_cut(unexplained, most),
            tried=self._budget.tried - before,
        )

    def _conclusion(self, explained: bool, unexplained: bool) -> Conclusion:  # noqa: FBT001 - two facts
        if explained:
            return Conclusion.PARTLY if unexplained else Conclusion.FITS
        return Conclusion.STOPPED if self._budget.exhausted else Conclusion.NONE

    def _method(self, file: SignatureFile) -> _Explained:
        """The dialect of the method's name, which all references of a file share."""
        if file.check_method.algorithm is DigestAlgorithm.SM3:
            return _Explained((), "")
        if file.check_method.written is None:
            return _Explained(("method.absent",), "")
        return _Explained(("method.name",), shown(file.check_method.written, 60))

    def _of(
        self, reference: Reference, algorithm: DigestAlgorithm | None, method: _Explained
    ) -> _Explained | None:
        """What explains one reference; no dialects if it matches, None if nothing explains it."""
        for name, path_dialects in self._paths(reference):
            digest = self._files.digest(name)
            if digest is None:
                continue
            if digest == reference.check_value:
                return _Explained((*method.dialects, *path_dialects), method.detail)
            if self._budget.exhausted:
                return None
            data = self._package.read(name)
            if self._is_of(reference, data, algorithm):
                return _Explained((*path_dialects, "digest.other-algorithm"), algorithm.label if algorithm else "")
            contents = of_file(name, data, self._package, self._octets, self._budget)
            fit = digest_search.search(reference.check_value, contents, self._z_values, self._budget)
            if fit is not None:
                dialects = (*method.dialects, *path_dialects, *fit.dialects)
                return _Explained(dialects, fit.detail or method.detail) if len(dialects) <= 2 else None
        other = self._other(reference.check_value)
        return None if other is None else _Explained((*method.dialects, "reference.other-file"), other)

    def _is_of(self, reference: Reference, data: bytes, algorithm: DigestAlgorithm | None) -> bool:
        """Whether the digest is of the algorithm the file names, one that protects nothing."""
        if algorithm is None or not self._budget.may_digest(len(data)):
            return False
        return algorithm.digest(data) == reference.check_value

    def _paths(self, reference: Reference) -> list[tuple[str, tuple[str, ...]]]:
        """Entries the reference may mean, each with the dialect of writing it so."""
        written = reference.file_ref
        if reference.path is not None:
            return [(reference.path, _writing(written, reference.path))]
        found: dict[str, tuple[str, ...]] = {}
        plain = unquote(written.strip()).replace("\\", "/")
        candidates = (plain.lstrip("/"), f"Doc_0/{plain.lstrip('/')}", plain.lstrip("./"))
        for name in candidates:
            names = [name] if name in self._package else self._package.names_folding_to(name)
            for each in names:
                found.setdefault(each, _writing(written, each))
        return list(found.items())

    def _other(self, digest: bytes) -> str | None:
        """The file of the package a digest belongs to."""
        if self._names is None:
            self._names = self._indexed()
        return self._names.get(digest)

    def _indexed(self) -> dict[bytes, str]:
        names: dict[bytes, str] = {}
        for name, entry in self._package.entries.items():
            if entry.size <= _MOST_INDEXED and self._budget.may_digest(entry.size):
                digest = self._files.digest(name)
                if digest is not None:
                    names.setdefault(digest, shown(name))
        return names


def _writing(written: str, name: str) -> tuple[str, ...]:
    """How ``written`` departs from the absolute path of ``name``."""
    if written == f"/{name}":
        return ()
    if "\\" in written:
        return ("path.backslash",)
    if "%" in written and unquote(written.strip()).strip("/") == name:
        return ("path.percent-encoded",)
    if written.strip() == f"/{name}":
        return ("path.white-space",)
    if written.strip().strip("/") == name:
        return ("path.leading-slash",)
    if written.strip().strip("/").lower() == name.lower():
        return ("path.case",)
    return ("path.relative",)


def _cut(paths: Sequence[str], most: int) -> tuple[str, ...]:
    rest = len(paths) - most
    return tuple(paths) if rest <= 0 else (*paths[:most], f"… {rest}")
