"""What a session was handed and has not used yet: opened shares, a backup on its way."""

from dataclasses import dataclass, field

from hsm_sim.custody.shares import CustodySet, ShareCredential, ShareFile
from hsm_sim.return_codes import ShareError, StepError


@dataclass(slots=True)
class CustodyWork:
    """Shares and a backup on their way.

    Attributes:
        backup: As far as it has come.
    """

    backup: bytearray = field(default_factory=bytearray, repr=False)
    _files: dict[int, ShareFile] = field(default_factory=dict, repr=False)
    _shares: dict[int, bytes] = field(default_factory=dict, repr=False)

    def present(self, credential: ShareCredential) -> tuple[int, int]:
        """Open a share and keep it; how many are there, and how many it takes.

        Raises:
            ShareError: File or passphrase is wrong, or it is of another set than those before; those stay.
        """
        file = ShareFile.from_json(credential.share)
        others = next(iter(self._files.values()), None)
        if others is not None and others.custody_set != file.custody_set:
            raise ShareError(f"the share of {file.custodian} belongs to another set")
        if file.x in self._files:
            raise ShareError(f"the share of {file.custodian} was given twice")
        self._shares[file.x] = file.opened(credential.passphrase)
        self._files[file.x] = file
        return len(self._files), file.custody_set.threshold

    def take_secret(self) -> tuple[CustodySet, bytes]:
        """Join the shares and forget them.

        Raises:
            StepError: None was presented.
            ShareError: Too few, or one is false.
        """
        files, shares = dict(self._files), dict(self._shares)
        self.forget_shares()
        if not files:
            raise StepError("no share was presented")
        custody_set = next(iter(files.values())).custody_set
        secret = custody_set.joined(shares)
        for file in files.values():
            file.check_mac(secret)
        return custody_set, secret

    def forget_shares(self) -> None:
        """Drop what was presented."""
        self._files.clear()
        self._shares.clear()

    def wipe(self) -> None:
        """Drop everything."""
        self.forget_shares()
        self.backup.clear()
