"""The prototypes of GM/T 0018: the types of every function's arguments.

Written down for all of them, since ctypes passes an integer of unknown type as 32 bits and cuts a handle in two.
Each letter stands for one argument:

``h`` handle, ``H`` place for a handle, ``u`` unsigned int, ``U`` place for one, ``b`` octets, ``P``
ECCrefPublicKey, ``S`` ECCSignature, ``C`` ECCCipher, ``D`` DEVICEINFO, each by address.
"""

import ctypes
from typing import Any, Final

from hsm_sim.sdf.profile import DecryptArguments, VendorProfile
from hsm_sim.sdf.structures import DeviceInfoStructure, Structures

_PROTOTYPES: Final = {
    "SDF_OpenDevice": "H",
    "SDF_CloseDevice": "h",
    "SDF_OpenSession": "hH",
    "SDF_CloseSession": "h",
    "SDF_GetDeviceInfo": "hD",
    "SDF_GenerateRandom": "hub",
    "SDF_GetPrivateKeyAccessRight": "hubu",
    "SDF_ReleasePrivateKeyAccessRight": "hu",
    "SDF_ExportSignPublicKey_ECC": "huP",
    "SDF_ExportEncPublicKey_ECC": "huP",
    "SDF_GenerateKeyWithIPK_ECC": "huuCH",
    "SDF_GenerateKeyWithEPK_ECC": "huuPCH",
    "SDF_ImportKeyWithISK_ECC": "huCH",
    "SDF_GenerateAgreementDataWithECC": "huubuPPH",
    "SDF_GenerateKeyWithECC": "hbuPPhH",
    "SDF_GenerateAgreementDataAndKeyWithECC": "huububuPPPPH",
    "SDF_GenerateKeyWithKEK": "huuubUH",
    "SDF_ImportKeyWithKEK": "huubuH",
    "SDF_DestroyKey": "hh",
    "SDF_ExchangeDigitEnvelopeBaseOnECC": "huuPCC",
    "SDF_ExternalVerify_ECC": "huPbuS",
    "SDF_InternalSign_ECC": "hubuS",
    "SDF_InternalVerify_ECC": "hubuS",
    "SDF_ExternalEncrypt_ECC": "huPbuC",
    "SDF_InternalEncrypt_ECC": "hubuC",
    "SDF_Encrypt": "hhubbubU",
    "SDF_Decrypt": "hhubbubU",
    "SDF_CalculateMAC": "hhubbubU",
    "SDF_AuthEnc": "hhububububUbU",
    "SDF_AuthDec": "hhubububububU",
    "SDF_EncryptInit": "hhubu",
    "SDF_EncryptUpdate": "hbubU",
    "SDF_EncryptFinal": "hbU",
    "SDF_DecryptInit": "hhubu",
    "SDF_DecryptUpdate": "hbubU",
    "SDF_DecryptFinal": "hbU",
    "SDF_CalculateMACInit": "hhubu",
    "SDF_CalculateMACUpdate": "hbu",
    "SDF_CalculateMACFinal": "hbU",
    "SDF_AuthEncInit": "hhububuu",
    "SDF_AuthEncUpdate": "hbubU",
    "SDF_AuthEncFinal": "hbUbU",
    "SDF_AuthDecInit": "hhububu" + "buu",
    "SDF_AuthDecUpdate": "hbubU",
    "SDF_AuthDecFinal": "hbU",
    "SDF_HashInit": "huPbu",
    "SDF_HashUpdate": "hbu",
    "SDF_HashFinal": "hbU",
    "SDF_HMACInit": "hhu",
    "SDF_HMACUpdate": "hbu",
    "SDF_HMACFinal": "hbU",
    "SDF_CreateFile": "hbuu",
    "SDF_ReadFile": "hbuuUb",
    "SDF_WriteFile": "hbuuub",
    "SDF_DeleteFile": "hbu",
}
_DECRYPT: Final = {DecryptArguments.ALGORITHM: "huuCbU", DecryptArguments.NO_ALGORITHM: "huCbU"}


def argument_types(function: str, profile: VendorProfile, layout: Structures) -> list[Any] | None:
    """Types of a function's arguments; None if the profile has no such function."""
    prototypes = dict(_PROTOTYPES)
    if profile.decrypt_arguments is not DecryptArguments.ABSENT:
        prototypes["SDF_InternalDecrypt_ECC"] = _DECRYPT[profile.decrypt_arguments]
    letters = prototypes.get(function)
    if letters is None:
        return None
    types = {
        "h": ctypes.c_void_p,
        "H": ctypes.POINTER(ctypes.c_void_p),
        "u": ctypes.c_uint,
        "U": ctypes.POINTER(ctypes.c_uint),
        "b": ctypes.c_void_p,
        "P": ctypes.POINTER(layout.public_key),
        "S": ctypes.POINTER(layout.signature),
        "C": ctypes.POINTER(layout.cipher),
        "D": ctypes.POINTER(DeviceInfoStructure),
    }
    return [types[letter] for letter in letters]


FUNCTIONS: Final = (*_PROTOTYPES, "SDF_InternalDecrypt_ECC")
"""Every function this client knows."""
