"""Judging a ceremony by its transcript and artefacts alone: no device is asked, and nobody who was there.

Every check runs, and each gives a finding. What is not there, such as shares that were handed out, is told and
is no fault; whether the device's and the root's keys are the right ones is for whoever compares them with what
was noted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from api.ceremony.plan import Plan, plan_of
from api.ceremony.running import BACKUP, DRY_RUN, LIST, LOG, PLAN, ROOT
from api.ceremony.transcript import MAX_TRANSCRIPT, Signatures, Transcript, authority_statement, read_transcript
from crypto import DEFAULT_USER_ID, CryptoError, PublicKey, sm3, verify
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, certificate_verify, crl_verify, der_or_pem, read_certificate, read_crl
from hsm_sim.custody.backups import read_header
from hsm_sim.custody.checkpoints import check
from hsm_sim.custody.commands import MAX_BACKUP, Checkpoint
from hsm_sim.custody.log_files import LogFileError, read_log
from hsm_sim.custody.shares import MAX_SHARE_FILE, ShareFile
from hsm_sim.return_codes import DeviceError

_LARGEST = MAX_BACKUP + (1 << 20)


class Mark(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check.

    Attributes:
        check: What was judged.
        mark: How it ended.
        detail: A name, a digest, or what is wrong.
    """

    check: str
    mark: Mark
    detail: str = ""


class _FaultError(Exception):
    """A check failed; the text says why."""


def judge(path: Path) -> tuple[Finding, ...]:
    """Judge a transcript and the files beside it.

    Args:
        path: Of the transcript.

    Raises:
        OSError: The transcript cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MAX_TRANSCRIPT + 1)
    try:
        transcript = read_transcript(data)
    except MalformedDataError as error:
        return (Finding("chain", Mark.FAILED, str(error)),)
    judging = _Judging(path.parent, transcript)
    return (
        Finding("chain", Mark.PASSED, transcript.head.hex()),
        *(judging.finding(name) for name in judging.checks),
        *judging.files(),
    )


class _Judging:
    def __init__(self, folder: Path, transcript: Transcript) -> None:
        self._folder = folder
        self._transcript = transcript
        told = transcript.entries[0].told if transcript.entries else {}
        self._dry_run = told.get("dry_run") is True
        self.checks: tuple[str, ...] = ("plan", "steps", "device", "custody", "backup", "restored", "log")
        if transcript.entry("root-key") is not None:
            self.checks += ("root", "below", "list", "authority")

    def finding(self, name: str) -> Finding:
        try:
            return Finding(name, Mark.PASSED, getattr(self, f"_{name}")())
        except FileNotFoundError as error:
            return Finding(name, Mark.ABSENT, Path(error.filename or "").name)
        except (MalformedDataError, CryptoError, DeviceError, LogFileError, _FaultError) as error:
            return Finding(name, Mark.FAILED, str(error) or type(error).__name__)
        except (KeyError, TypeError, ValueError) as error:  # the transcript does not tell what a step tells
            return Finding(name, Mark.FAILED, f"not told: {error}")

    def files(self) -> Iterator[Finding]:
        """Every file the transcript names, by its digest."""
        for entry in self._transcript.entries:
            for name, digest in sorted(entry.files.items()):
                if "/" in name or name in ("", ".", ".."):
                    yield Finding("file", Mark.FAILED, f"{name!r} is no name of a file")
                    continue
                try:
                    found = sm3(self._bytes(name)).hex()
                except FileNotFoundError:
                    yield Finding("file", Mark.ABSENT, name)
                    continue
                except OSError as error:
                    yield Finding("file", Mark.FAILED, f"{name}: {error.strerror}")
                    continue
                yield Finding("file", Mark.PASSED if found == digest else Mark.FAILED, name)

    def _bytes(self, name: str) -> bytes:
        with (self._folder / name).open("rb") as file:
            return file.read(_LARGEST)

    def _artefact(self, name: str) -> bytes:
        return self._bytes((DRY_RUN if self._dry_run else "") + name)

    def _told(self, step: str) -> dict[str, object]:
        entry = self._transcript.entry(step)
        if entry is None:
            raise _FaultError(f"step {step} is missing")
        return dict(entry.told)

    def _plan_read(self) -> Plan:
        plan = plan_of(self._artefact(PLAN), self._folder)
        if plan.digest.hex() != self._told("plan")["digest"]:
            raise _FaultError("the plan is not the one that was read out")
        return plan

    def _plan(self) -> str:
        return self._plan_read().digest.hex()

    def _steps(self) -> str:
        taken = tuple(entry.step for entry in self._transcript.entries)
        if taken != self._plan_read().steps:
            raise _FaultError("the steps are not those of the plan, in its order")
        times = [entry.time for entry in self._transcript.entries]
        if times != sorted(times):
            raise _FaultError("a step was finished before the one it follows")
        return str(len(taken))

    def _device(self) -> str:
        signatures, told = self._signatures(), self._told("initialise")
        device = signatures.device
        checkpoint = Checkpoint(
            device["serial"],
            device["length"],
            bytes.fromhex(device["head"]),
            bytes.fromhex(device["signature"]),
        )
        if checkpoint.serial != told["serial"]:
            raise _FaultError("another device signed")
        check(checkpoint, self._device_key(), signatures.head)
        return f"{checkpoint.serial} {self._device_key().point.hex()}"

    def _custody(self) -> str:
        told, plan = self._told("custody"), self._plan_read()
        if (told["threshold"], told["custodians"]) != (plan.threshold, list(plan.custodians)):
            raise _FaultError("the shares are not those of the plan")
        for name in plan.custodians:
            try:
                data = self._artefact(f"{name}.share.json")
            except FileNotFoundError:
                continue  # handed out; told among the files
            share = ShareFile.from_json(data[: MAX_SHARE_FILE + 1])
            if share.custody_set.set_id.hex() != told["set"] or share.custodian != name:
                raise _FaultError(f"the share of {name} is of another set")
        return f"{told['set']} {plan.threshold}/{len(plan.custodians)}"

    def _backup(self) -> str:
        told, header = self._told("backup"), read_header(self._artefact(BACKUP))
        if (header.serial, header.generation) != (told["serial"], told["generation"]):
            raise _FaultError("the backup is of another device or moment")
        if header.custody_set.set_id.hex() != self._told("custody")["set"]:
            raise _FaultError("the backup was made under other shares")
        return f"{header.serial} generation {header.generation}"

    def _restored(self) -> str:
        told = self._told("restore-test")
        if told["serial"] == self._told("initialise")["serial"]:
            raise _FaultError("the backup was not restored into another device")
        if self._transcript.entry("root-key") is not None and told["root_key_signed"] is not True:
            raise _FaultError("the restored root key was not tried")
        return str(told["serial"])

    def _log(self) -> str:
        judged = read_log(self._artefact(LOG).splitlines(keepends=True))
        if judged.device_key != self._device_key().point:
            raise _FaultError("the log is of another device")
        return f"{len(judged.entries)} {judged.last.head.hex()}"

    def _root(self) -> str:
        root, told = self._root_certificate(), self._told("root-certificate")
        if root.digest().hex() != told["digest"] or root.public_key is None:
            raise _FaultError("the certificate is not the one that was made")
        if root.public_key.point.hex() != self._told("root-key")["public_key"]:
            raise _FaultError("the certificate is of another key")
        certificate_verify(root, root.public_key)
        return f"{root.subject} {root.digest().hex()}"

    def _below(self) -> str:
        plan, names = self._plan_read(), []
        for one in plan.authority.issue if plan.authority is not None else ():
            certificate = self._certificate(f"{one.name}.cer")
            told = self._told(f"issue-{one.name}")
            if (certificate.digest().hex(), one.request_digest.lower()) != (
                told["digest"],
                str(told["request"]).lower(),
            ):
                raise _FaultError(f"{one.name} is not the certificate that was issued")
            certificate_verify(certificate, self._root_key())
            names.append(one.name)
        return " ".join(names)

    def _list(self) -> str:
        crl = read_crl(self._artefact(LIST))
        crl_verify(crl, self._root_key())
        if crl.number != self._told("first-list")["number"]:
            raise _FaultError("the list is another one")
        return str(crl.number)

    def _authority(self) -> str:
        signatures = self._signatures()
        statement = authority_statement(signatures.head)
        verify(self._root_key(), statement, signatures.authority, user_id=DEFAULT_USER_ID)
        return self._root_key().point.hex()

    def _signatures(self) -> Signatures:
        if self._transcript.signatures is None:
            raise _FaultError("the ceremony was not finished: nobody signed")
        return self._transcript.signatures

    def _device_key(self) -> PublicKey:
        return PublicKey.from_point(bytes.fromhex(str(self._told("initialise")["device_key"])))

    def _certificate(self, name: str) -> Certificate:
        return read_certificate(der_or_pem(self._artefact(name), "CERTIFICATE"))

    def _root_certificate(self) -> Certificate:
        return self._certificate(ROOT)

    def _root_key(self) -> PublicKey:
        key = self._root_certificate().public_key
        if key is None:
            raise _FaultError("the root certificate has no SM2 key")
        return key
