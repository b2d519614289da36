"""Settings of the server: strict, bounded, options before the file."""

import json
from pathlib import Path

import pytest

from api.http.settings import FILE, Address, ServerSettings, read_server_settings, server_settings
from formats.errors import MalformedDataError


def written(**members: object) -> bytes:
    return json.dumps({"schema": "xinyin.server/1", **members}).encode()


def test_without_a_file_only_this_machine_can_reach_it(tmp_path: Path) -> None:
    """The default listens on the loopback address."""
    assert read_server_settings(tmp_path).listen.host == "127.0.0.1"


def test_file_and_options(tmp_path: Path) -> None:
    """The file changes the defaults, options change the file, and an option not given changes nothing."""
    (tmp_path / FILE).write_bytes(written(listen="[::1]:80", workers=3, access_log=False))
    settings = read_server_settings(tmp_path).changed(workers=2, listen=None, access_log=None)
    assert (settings.listen, settings.workers, settings.access_log) == (Address("::1", 80), 2, False)
    assert str(settings.listen) == "[::1]:80"


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"schema": "xinyin.server/2"}',
        written(workers=0),
        written(workers=True),
        written(listen="80"),
        written(listen="host:99999"),
        written(listen="a b:80"),
        written(port=80),
        written(access_log="no"),
    ],
)
def test_what_the_schema_does_not_know_is_refused(data: bytes) -> None:
    """A wrong file keeps the server from starting; nothing is guessed."""
    with pytest.raises(MalformedDataError):
        server_settings(data)


def test_numbers_have_bounds() -> None:
    """Settings that bound nothing cannot be made."""
    with pytest.raises(ValueError, match="head_seconds"):
        ServerSettings(head_seconds=0)
