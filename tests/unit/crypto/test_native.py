"""What only the native engine has: paths, tables of keys, its own arguments, its place among interpreters."""

import gc
import subprocess
import sys
import threading

import pytest

from crypto import EngineUnavailableError, PrivateKey, engines, sign_digest, sm3, verify_many
from tests import sm2_engines

SCALAR = bytes(31) + b"\x07"
DIGEST = sm3(b"x")


@pytest.fixture(params=sm2_engines.NATIVE_PATHS)
def kernel(request: pytest.FixtureRequest):
    """The C side itself, two tables at most, a table after three uses."""
    sm2_engines.load_or_skip(f"native:{request.param}")
    module = pytest.importorskip("crypto.engines._native", reason="the native engine is not built here")
    return module.Kernel(request.param, 2, 3)


def _signed(kernel, scalar: bytes = SCALAR) -> tuple[bytes, bytes, bytes]:
    key = kernel.private_key(scalar)
    return kernel.public_points(scalar)[0], DIGEST, kernel.sign(key, DIGEST)


def test_a_key_gets_a_table_when_it_is_met_often(kernel) -> None:
    """The answer is the same before and after; the table comes with the third use."""
    item = _signed(kernel)
    tables = []
    for _ in range(4):
        assert kernel.verify(*item)
        assert not kernel.verify(item[0], bytes(32), item[2])
        tables.append(kernel.tables())
    assert tables == [0, 1, 1, 1]
    kernel.forget()
    assert kernel.tables() == 0
    assert kernel.verify(*item)


def test_a_batch_counts_as_many_uses(kernel) -> None:
    """A key repeated in a batch has its table before the batch is computed, one met once has none."""
    first, second = _signed(kernel), _signed(kernel, bytes(31) + b"\x08")
    batch = [first] * 5 + [second]
    assert kernel.verify_many(*zip(*batch, strict=True)) == [True] * 6
    assert kernel.tables() == 1


def test_tables_are_bounded(kernel) -> None:
    """The least recently used table makes room; keys without a table verify as before."""
    items = [_signed(kernel, bytes(31) + bytes((number,))) for number in range(3, 9)]
    for item in items * 2:
        assert kernel.verify_many(*zip(*[item] * 5, strict=True)) == [True] * 5
        assert kernel.tables() <= 2
    mixed = [item for _ in range(4) for item in items]
    assert kernel.verify_many(*zip(*mixed, strict=True)) == [True] * len(mixed)


def test_many_keys_stay_bounded() -> None:
    """More keys than the memory holds leave it at its size, and every answer right."""
    sm2_engines.load_or_skip("native:portable")
    module = pytest.importorskip("crypto.engines._native")
    best = module.Kernel(module.paths()[0], 2, 3)
    scalars = [number.to_bytes(32, "big") for number in range(1, 5001)]
    points = best.public_points(b"".join(scalars))
    key = best.private_key(scalars[0])
    signature = best.sign(key, DIGEST)
    answers = best.verify_many(points, [DIGEST] * len(points), [signature] * len(points))
    assert answers == [True] + [False] * (len(points) - 1)


def test_points_off_the_curve_verify_nothing(kernel) -> None:
    """The C side checks each point itself when it first meets it."""
    point, digest, signature = _signed(kernel)
    off = point[:-1] + bytes((point[-1] ^ 1,))
    assert not kernel.verify(off, digest, signature)
    assert kernel.verify_many([off, point], [digest] * 2, [signature] * 2) == [False, True]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("sign", ()),
        ("sign", (b"", DIGEST)),
        ("sign", ("key", DIGEST[:31])),
        ("sign", ("key", "x" * 32)),
        ("sign_many", ("key", [DIGEST, b""])),
        ("sign_many", ("key", 5)),
        ("sign_records", ("key", bytes(33))),
        ("verify", (bytes(65), DIGEST, b"")),
        ("verify", ("point", DIGEST[:31], b"")),
        ("verify", ("point", DIGEST, None)),
        ("verify_many", ([b""], [DIGEST], [b""])),
        ("verify_many", (["point"], [], [])),
        ("verify_records", (bytes(159),)),
        ("public_points", (bytes(32),)),
        ("public_points", (bytes(31),)),
        ("private_key", (bytes(32),)),
        ("private_key", (b"\xff" * 32,)),
        ("multiply", ("point", bytes(32))),
        ("multiply", (b"\x04" + bytes(64), SCALAR)),
        ("decompress", (b"",)),
        ("sm3_many", (None, None)),
        ("sm3_many", ([b""], [])),
        ("sm3_many", (None, [1])),
        ("check_point", ("",)),
    ],
)
def test_wrong_arguments_are_errors(kernel, method: str, arguments: tuple) -> None:
    """No argument, however wrong, does more than raise ValueError or TypeError."""
    stand_ins = {"key": kernel.private_key(SCALAR), "point": kernel.public_points(SCALAR)[0]}

    def real(argument):
        if isinstance(argument, list):
            return [real(one) for one in argument]
        return stand_ins.get(argument, argument) if isinstance(argument, str) else argument

    with pytest.raises((ValueError, TypeError)):
        getattr(kernel, method)(*map(real, arguments))


def test_a_private_key_shows_nothing(kernel) -> None:
    """The object can neither be made nor read from Python, and its repr says nothing."""
    key = kernel.private_key(b"\x11" * 32)
    assert repr(key) == "<native SM2 private key (hidden)>"
    assert [name for name in dir(key) if not name.startswith("__")] == []
    with pytest.raises(TypeError):
        type(key)()


def test_unknown_paths() -> None:
    """A path that is not there is refused by name, as is a path of an engine that has none."""
    sm2_engines.load_or_skip("native:portable")
    with pytest.raises(EngineUnavailableError, match=r"no path 'sse9' .*portable"):
        engines.load("native:sse9")
    with pytest.raises(EngineUnavailableError, match="unknown SM2 engine"):
        engines.load("openssl:portable")


def test_other_threads_run_while_a_batch_is_computed(kernel) -> None:
    """The lock of Python is released: a counter in another thread moves during one long call."""
    point, digest, signature = _signed(kernel)
    count = 3000
    moved, stop = [], threading.Event()

    def move() -> None:
        while not stop.wait(0.0001):
            moved.append(1)

    kernel.verify(point, digest, signature)
    worker = threading.Thread(target=move)
    worker.start()
    try:
        for _ in range(20):
            before = len(moved)
            assert kernel.verify_many([point] * count, [digest] * count, [signature] * count) == [True] * count
            if len(moved) > before:
                break
        else:
            pytest.fail("no other thread ran")
    finally:
        stop.set()
        worker.join()


def test_inputs_may_be_dropped_while_they_are_used(kernel) -> None:
    """A list changed by another thread during a call changes nothing: the call holds what it reads."""
    point, digest, signature = _signed(kernel)
    signatures = [bytes(bytearray(signature)) for _ in range(2000)]
    emptied = threading.Thread(target=lambda: (signatures.clear(), gc.collect()))
    points, digests = [point] * 2000, [digest] * 2000
    try:
        emptied.start()
        assert all(kernel.verify_many(points, digests, signatures))
    except ValueError:
        assert signatures == []  # emptied before the call began
    emptied.join()


_INSIDE = """
import importlib.util
spec = importlib.util.spec_from_file_location("crypto.engines._native", {file!r})
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
kernel = native.Kernel(native.paths()[0], 2, 1)
key = kernel.private_key(bytes(31) + bytes([5]))
point = kernel.public_points(bytes(31) + bytes([5]))[0]
assert kernel.verify(point, bytes(32), kernel.sign(key, bytes(32)))
assert kernel.tables() == 1
"""
_INTERPRETERS = """
import _xxsubinterpreters as interpreters
import crypto.engines._native as outer
text = {inside!r}.format(file=outer.__file__)
for _ in range(5):
    number = interpreters.create()
    interpreters.run_string(number, text)
    interpreters.destroy(number)
print("ok")
"""


def test_subinterpreters_have_their_own() -> None:
    """Each interpreter of a process can load the module, use it and go, and leaves the others whole."""
    sm2_engines.load_or_skip("native:portable")
    pytest.importorskip("_xxsubinterpreters", reason="this Python names its interpreters' module otherwise")
    ran = subprocess.run(
        [sys.executable, "-c", _INTERPRETERS.format(inside=_INSIDE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout.strip(), ran.stderr) == ("ok", "")


def test_paths_sign_for_each_other() -> None:
    """What one path signs, every other verifies, alone and among neighbours."""
    loaded = [engines.load(f"native:{path}") for path in sm2_engines.NATIVE_PATHS if _present(path)]
    if not loaded:
        pytest.skip("the native engine is not built here")
    key = PrivateKey.generate()
    signature = sign_digest(key, DIGEST)
    point = key.public_key.point
    for engine in loaded:
        assert engine.verify(point, DIGEST, signature)
        assert engine.verify_batch([point] * 11, [DIGEST] * 11, [signature] * 11) == [True] * 11
    assert verify_many([(key.public_key, DIGEST, signature)] * 2) == [True, True]


def _present(path: str) -> bool:
    try:
        engines.load(f"native:{path}")
    except EngineUnavailableError:
        return False
    return True
