"""From a request frame to a reply frame: decode, carry out, encode; every failure becomes a return code."""

from collections.abc import Callable
from typing import Any, Final

from formats.errors import MalformedDataError
from hsm_sim.application_handlers import ApplicationHandlers
from hsm_sim.commands import (
    CloseSession,
    Command,
    DeviceInfo,
    Done,
    GetDeviceInfo,
    OpenSession,
    Request,
    SessionOpened,
)
from hsm_sim.custody.handlers import CustodySetHandlers
from hsm_sim.custody_handlers import CustodyHandlers
from hsm_sim.device import Device
from hsm_sim.encoding import decode, encode
from hsm_sim.frames import Frame, FrameKind
from hsm_sim.functions.joining import function_tables
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.key_use import KeyUse
from hsm_sim.management_handlers import ManagementHandlers
from hsm_sim.model import MAX_BATCH
from hsm_sim.protection import RandomOctets
from hsm_sim.return_codes import (
    SDR_OK,
    DeviceError,
    HardwareError,
    InputArgumentError,
    NotSupportedError,
    StepError,
    UnknownDeviceError,
    VerificationError,
)
from hsm_sim.sessions import Session
from hsm_sim.wrapped_key_handlers import WrappedKeyHandlers

_MAX_DETAIL: Final = 512


class Dispatcher:
    """Carries out requests on one device.

    Args:
        device: The device.
        random: Source of what GENERATE_RANDOM gives out.
        say: Takes one line for the operator when something failed that nobody foresaw.
        functions: Algorithm identifiers and quotas.
        further: Handlers of commands that only some devices answer.
    """

    def __init__(
        self,
        device: Device,
        random: RandomOctets,
        say: Callable[[str], None],
        functions: FunctionSettings | None = None,
        *,
        further: Handlers | None = None,
    ) -> None:
        self._device = device
        self._say = say
        use = KeyUse(device)
        tables: tuple[Handlers, ...] = (
            {
                OpenSession: self._open_session,
                CloseSession: self._close_session,
                GetDeviceInfo: self._get_device_info,
            },
            ApplicationHandlers(device, use, random).table(),
            ManagementHandlers(device, use).table(),
            WrappedKeyHandlers(device, random).table(),
            further or {},
            *function_tables(device, use, random, functions or FunctionSettings()),
            CustodySetHandlers(device, random).table(),
            CustodyHandlers(device, self._perform, self._request_class).table(),
        )
        self._handlers: dict[int, tuple[type[Request[Any]], Callable[[Session, Any], Any]]] = {
            request.command: (request, handler) for table in tables for request, handler in table.items()
        }

    def handle(self, session: Session, frame: Frame) -> Frame:
        """Answer one request; never raises for what the other end sent."""
        try:
            body = self._carry_out(session, frame)
        except DeviceError as error:
            refusal = error
        except MalformedDataError as error:
            refusal = InputArgumentError(str(error))
        except Exception as error:  # noqa: BLE001 - one broken request must not take the device from the others
            self._say(f"unforeseen {type(error).__name__} in command {frame.command:#04x}")
            refusal = UnknownDeviceError(f"internal {type(error).__name__}")
        else:
            self._device.keep_checkpoints()
            return self._reply(frame, SDR_OK, body)
        # A wrong signature is an answer; and what a device in its error state refuses would only repeat itself.
        if not isinstance(refusal, VerificationError | HardwareError):
            self._device.log_refusal(session, _name(frame.command), refusal)
        detail = refusal.detail.encode()[:_MAX_DETAIL]
        return self._reply(frame, refusal.return_code, detail)

    def reply_class(self, command: int) -> type:
        """Class of the reply to a command that is answered here."""
        request_class, _ = self._handlers[command]
        return request_class.reply

    def _carry_out(self, session: Session, frame: Frame) -> bytes:
        if not session.client and frame.command != Command.OPEN_SESSION:
            raise StepError("OPEN_SESSION comes first")
        return self._perform(session, frame.command, frame.body)

    def _perform(self, session: Session, command: int, body: bytes) -> bytes:
        request_class, handler = self._found(command)
        session.command = command
        return encode(handler(session, decode(request_class, body, what=_name(command))))

    def _found(self, command: int) -> tuple[type[Request[Any]], Callable[[Session, Any], Any]]:
        try:
            return self._handlers[command]
        except KeyError:
            raise NotSupportedError(f"command {command:#06x}") from None

    def _request_class(self, command: Command) -> type[Request[Any]]:
        return self._found(command)[0]

    @staticmethod
    def _reply(request: Frame, return_code: int, body: bytes) -> Frame:
        return Frame(FrameKind.REPLY, request.command, request.request_id, return_code, body)

    def _open_session(self, session: Session, request: OpenSession) -> SessionOpened:
        if session.client:
            raise StepError("the session is open")
        if not request.client:
            raise InputArgumentError("a client names itself")
        session.client = request.client
        self._device.begin_session(session)
        return SessionOpened(session.number, MAX_BATCH, self._device.state)

    def _close_session(self, session: Session, _request: CloseSession) -> Done:
        self._device.end_session(session)
        session.closed = True
        return DONE

    def _get_device_info(self, _session: Session, _request: GetDeviceInfo) -> DeviceInfo:
        return self._device.info()


def _name(command: int) -> str:
    try:
        return Command(command).name.lower().replace("_", "-")
    except ValueError:
        return "unknown-command"
