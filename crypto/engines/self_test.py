"""Known answers an engine gives before it is trusted: the example of GB/T 32918.5, and pairs of its own making."""

from typing import Final

from crypto.engines.protocol import Engine
from crypto.errors import CryptoError
from crypto.sm3 import sm3

# The published example key and values; the key protects nothing.
_SCALAR: Final = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
_POINT: Final = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
_DIGEST: Final = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
_SIGNATURE: Final = bytes.fromhex(
    "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
_PLAINTEXT: Final = b"encryption standard"
_CIPHERTEXT: Final = bytes.fromhex(
    "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
    "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
    "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
    "041321886ca989ca9c7d58087307ca93092d651efa"
)


def self_test(engine: Engine) -> str | None:
    """Run the known answers.

    Returns:
        None if all of them came out right, else what failed first.
    """
    try:
        return _first_failure(engine)
    except (CryptoError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        # A broken engine may fail in any way; the reason goes into the warning or the error above.
        return f"{type(error).__name__}: {error}"


def _first_failure(engine: Engine) -> str | None:
    if engine.public_point(_SCALAR) != _POINT:
        return "wrong public key for a known private key"
    if not engine.verify(_POINT, _DIGEST, _SIGNATURE):
        return "a known good signature does not verify"
    altered = bytes((_DIGEST[0] ^ 1,)) + _DIGEST[1:]
    if engine.verify(_POINT, altered, _SIGNATURE):
        return "a signature verifies under a digest it was not made for"
    key = engine.private_handle(_SCALAR, _POINT)
    if engine.decrypt(key, _CIPHERTEXT) != _PLAINTEXT:
        return "a known ciphertext does not open"
    # Enough for one step of every engine that computes several at once, and one more.
    made = engine.sign_batch(key, [altered] * 9)
    digests = [altered] * 8 + [_DIGEST]
    if engine.verify_batch([_POINT] * 9, digests, made) != [True] * 8 + [False]:
        return "its own signature does not verify"
    if not engine.verify(_POINT, altered, engine.sign(key, altered)):
        return "its own single signature does not verify"
    if len(set(made)) != len(made):
        return "two signatures over one digest are equal: the nonce does not change"
    if engine.sm3_batch([_PLAINTEXT] * 9, [_PLAINTEXT] * 9) != [sm3(_PLAINTEXT * 2)] * 9:
        return "wrong SM3 digests of several messages"
    if engine.decrypt(key, engine.encrypt(_POINT, _PLAINTEXT)) != _PLAINTEXT:
        return "its own ciphertext does not open"
    return None
