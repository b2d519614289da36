"""The status service: from memory, from the store and signed on demand; over HTTP beside the responder of OpenSSL.

Over HTTP, ``wrk`` asks from the same machine, so it takes part of the cores it measures. Without ``wrk`` or
``openssl`` those lines are left out.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from benchmarks._ocsp_world import Made, as_json, make, serials

SMALL, LARGE = 10_000, 1_000_000
ASKED = 20_000
IN_MEMORY = 1000
BATCH = 64
CONNECTIONS = 64
SECONDS = 5
WORKERS = 2


def run(record: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = make(folder, SMALL, presigned=True)
        _in_process(record, small, SMALL)
        _on_demand(record, small)
        _over_http(record, folder, small)
        large = make(folder, LARGE, presigned=True)
        _in_process(record, large, LARGE)
        _http_growth(record, folder, small, large)


def _in_process(record: Callable[..., None], made: Made, count: int) -> None:
    asked = serials(count)[:: max(1, count // ASKED)][:ASKED]
    requests = [made.request(serial) for serial in asked]
    groups = [requests[start : start + BATCH] for start in range(0, len(requests), BATCH)]
    responder = made.responder()
    responder.answer_many(requests[:1])

    def all_groups() -> None:
        for group in groups:
            responder.answer_many(group)

    taken = _seconds(all_groups)
    record(f"OCSP answers from the store, {count} certificates", len(requests) / taken, "/s")
    kept = [each for each in requests if responder.remembered(each) is not None]

    def all_kept() -> None:
        for each in kept:
            responder.remembered(each)

    record(f"OCSP answers from memory, {count} certificates", len(kept) / _seconds(all_kept), "/s")


def _on_demand(record: Callable[..., None], made: Made) -> None:
    """Each is signed and verified; OpenSSL's own speed on one core is what its engine can reach."""
    peers = _openssl_speed()
    for engine in ("native", "openssl"):
        command = [sys.executable, "-m", "benchmarks._ocsp_world", "demand", "3000", str(BATCH)]
        environment = {**os.environ, "XINYIN_SM2_ENGINE": engine}
        done = subprocess.run(
            command, input=as_json(made), capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode == 0:
            record(f"OCSP answers signed on demand, engine {engine}", float(done.stdout), "/s", peers, cores=2)


def _openssl_speed() -> dict[str, float]:
    if shutil.which("openssl") is None:
        return {}
    done = subprocess.run(
        ["openssl", "speed", "-seconds", "2", "sm2"], capture_output=True, text=True, check=False
    )
    found = re.search(r"SM2 \(CurveSM2\).*?([0-9.]+)\s+([0-9.]+)\s*$", done.stdout, re.MULTILINE)
    if found is None:
        return {}
    both = 1 / (1 / float(found[1]) + 1 / float(found[2]))
    return {"openssl speed, sign and verify, one core": both}


def _over_http(record: Callable[..., None], folder: Path, made: Made) -> None:
    if shutil.which("wrk") is None:
        return
    asked = serials(SMALL)[:IN_MEMORY]
    peers = {}
    with _openssl_responder(folder) as peer:
        if peer is not None:
            port, requests = peer
            peers["openssl ocsp -port, P-256, signed on demand"] = _one_after_another(port, requests)
    with _server(made, WORKERS) as port:
        gets = [("GET", _path(made.request(serial)), b"") for serial in asked]
        _wrk(folder, port, gets)
        record(
            f"OCSP over HTTP GET, pre-signed, {WORKERS} workers", _wrk(folder, port, gets), "/s", peers, cores=2
        )
        posts = [("POST", "/ocsp", made.request(serial)) for serial in asked]
        record(
            f"OCSP over HTTP POST, pre-signed, {WORKERS} workers", _wrk(folder, port, posts), "/s", peers, cores=2
        )
        fresh = [
            ("POST", "/ocsp", made.request(serial, nonce=index.to_bytes(16, "big")))
            for index, serial in enumerate(asked)
        ]
        record(f"OCSP over HTTP POST, nonce, {WORKERS} workers", _wrk(folder, port, fresh), "/s", peers, cores=2)


def _http_growth(record: Callable[..., None], folder: Path, small: Made, large: Made) -> None:
    """Random certificates that no memory holds: every answer is looked up."""
    if shutil.which("wrk") is None:
        return
    for made, count in ((small, SMALL), (large, LARGE)):
        numbers = serials(count)
        asked = numbers[:: max(1, count // ASKED)][:ASKED]
        with _server(Made(**{**vars(made), "memory_octets": 0}), WORKERS) as port:
            gets = [("GET", _path(made.request(serial)), b"") for serial in asked]
            record(
                f"OCSP over HTTP, from the store, {count} certificates", _wrk(folder, port, gets), "/s", cores=2
            )


def _one_after_another(port: int, requests: Sequence[bytes]) -> float:
    """Answers in a second of a responder that takes one connection at a time, as OpenSSL's does."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        body = requests[count % len(requests)]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\n")
            connection.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.0 200"), answer[:100]
        count += 1
    return count / (time.perf_counter() - began)


def _path(request: bytes) -> str:
    return "/ocsp/" + quote(base64.b64encode(request).decode(), safe="")


def _wrk(folder: Path, port: int, asked: Sequence[tuple[str, str, bytes]]) -> float:
    """Answers in a second; every answer must be 200."""
    lines = folder / "asked.txt"
    lines.write_text("".join(f"{method} {path} {body.hex()}\n" for method, path, body in asked), encoding="ascii")
    script = folder / "asked.lua"
    script.write_text(_SCRIPT.replace("LINES", str(lines)), encoding="ascii")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])


_SCRIPT = """
local requests = {}
local at = 0
local headers = { ["Content-Type"] = "application/ocsp-request" }
function init(args)
  for line in io.lines("LINES") do
    local method, path, hex = line:match("^(%S+) (%S+) (%x*)$")
    local body = nil
    if #hex > 0 then body = hex:gsub("%x%x", function(d) return string.char(tonumber(d, 16)) end) end
    requests[#requests + 1] = wrk.format(method, path, body and headers or nil, body)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
"""


@contextmanager
def _server(made: Made, workers: int) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks._ocsp_world", "serve", str(workers)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(as_json(made))
    process.stdin.close()
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _openssl_responder(folder: Path) -> Iterator[tuple[int, list[bytes]] | None]:
    """OpenSSL's own responder over a twin in P-256, and requests to it; None without OpenSSL."""
    openssl = shutil.which("openssl")
    if openssl is None:
        yield None
        return
    own = folder / "openssl"
    own.mkdir()

    def call(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=own, check=True, capture_output=True)

    call("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key")
    call("req", "-x509", "-new", "-key", "ca.key", "-subj", "/C=CN/CN=Twin", "-days", "30", "-out", "ca.crt")
    numbers = serials(SMALL)
    (own / "index.txt").write_text(
        "".join(f"V\t350101000000Z\t\t{serial:038X}\tunknown\t/C=CN/CN={serial:x}\n" for serial in numbers),
        encoding="ascii",
    )
    requests = []
    for serial in numbers[:200]:
        call("ocsp", "-issuer", "ca.crt", "-serial", f"0x{serial:x}", "-no_nonce", "-reqout", "r.der")
        requests.append((own / "r.der").read_bytes())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [openssl, "ocsp", "-index", "index.txt", "-port", str(port), "-rsigner", "ca.crt", "-rkey", "ca.key"]
    process = subprocess.Popen(
        [*command, "-CA", "ca.crt", "-ndays", "1"], cwd=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()  # ACCEPT; a connection without a request would end it
    try:
        yield port, requests
    finally:
        process.terminate()
        process.wait()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
