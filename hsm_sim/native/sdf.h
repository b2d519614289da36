/* The device interface of GM/T 0018 over the simulated key store: structures, codes and functions.
 *
 * Written for this project after the standard's tables. Integers are of the machine's own order, coordinates big-endian
 * and right-aligned in fields of ECCref_MAX_LEN octets. Every output length is in and out: the caller sets it to the room
 * there is, the library to what it wrote, and SDR_OUTARGERR says that there was too little.
 *
 * What vendors do otherwise can be switched on where the library is compiled, so that a client can be tried against it:
 *
 *   XINYIN_SDF_COORDINATE=32             fields of 32 octets
 *   XINYIN_SDF_CIPHER_LENGTH_FIRST       ECCCipher as clength, x, y, C[136], M
 *   XINYIN_SDF_RIGHT_MISSING=code        what is returned for a missing access right
 *   XINYIN_SDF_WRONG_PASSWORD=code       what is returned for a wrong password
 *   XINYIN_SDF_DECRYPT_WITHOUT_ALGORITHM SDF_InternalDecrypt_ECC has no algorithm argument
 *   XINYIN_SDF_OPEN_ONCE                 a second SDF_OpenDevice fails
 */
#ifndef XINYIN_SDF_H
#define XINYIN_SDF_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef XINYIN_SDF_COORDINATE
#define XINYIN_SDF_COORDINATE 64
#endif

#define ECCref_MAX_LEN XINYIN_SDF_COORDINATE
#define ECCref_MAX_BITS (8 * ECCref_MAX_LEN)
#define RSAref_MAX_LEN 256

#define SDR_OK 0x0
#define SDR_BASE 0x01000000
#define SDR_UNKNOWERR (SDR_BASE + 0x01)
#define SDR_NOTSUPPORT (SDR_BASE + 0x02)
#define SDR_COMMFAIL (SDR_BASE + 0x03)
#define SDR_HARDFAIL (SDR_BASE + 0x04)
#define SDR_OPENDEVICE (SDR_BASE + 0x05)
#define SDR_OPENSESSION (SDR_BASE + 0x06)
#define SDR_PARDENY (SDR_BASE + 0x07)
#define SDR_KEYNOTEXIST (SDR_BASE + 0x08)
#define SDR_ALGNOTSUPPORT (SDR_BASE + 0x09)
#define SDR_ALGMODNOTSUPPORT (SDR_BASE + 0x0A)
#define SDR_PKOPERR (SDR_BASE + 0x0B)
#define SDR_SKOPERR (SDR_BASE + 0x0C)
#define SDR_SIGNERR (SDR_BASE + 0x0D)
#define SDR_VERIFYERR (SDR_BASE + 0x0E)
#define SDR_SYMOPERR (SDR_BASE + 0x0F)
#define SDR_STEPERR (SDR_BASE + 0x10)
#define SDR_FILESIZEERR (SDR_BASE + 0x11)
#define SDR_FILENOEXIST (SDR_BASE + 0x12)
#define SDR_FILEOFSERR (SDR_BASE + 0x13)
#define SDR_KEYTYPEERR (SDR_BASE + 0x14)
#define SDR_KEYERR (SDR_BASE + 0x15)
#define SDR_ENCDATAERR (SDR_BASE + 0x16)
#define SDR_RANDERR (SDR_BASE + 0x17)
#define SDR_PRKRERR (SDR_BASE + 0x18)
#define SDR_MACERR (SDR_BASE + 0x19)
#define SDR_FILEEXISTS (SDR_BASE + 0x1A)
#define SDR_FILEWERR (SDR_BASE + 0x1B)
#define SDR_NOBUFFER (SDR_BASE + 0x1C)
#define SDR_INARGERR (SDR_BASE + 0x1D)
#define SDR_OUTARGERR (SDR_BASE + 0x1E)
#define SDR_USERIDERR (SDR_BASE + 0x1F)

typedef struct DeviceInfo_st {
    unsigned char IssuerName[40];
    unsigned char DeviceName[16];
    unsigned char DeviceSerial[16];
    unsigned int DeviceVersion;
    unsigned int StandardVersion;
    unsigned int AsymAlgAbility[2];
    unsigned int SymAlgAbility;
    unsigned int HashAlgAbility;
    unsigned int BufferSize;
} DEVICEINFO;

typedef struct ECCrefPublicKey_st {
    unsigned int bits;
    unsigned char x[ECCref_MAX_LEN];
    unsigned char y[ECCref_MAX_LEN];
} ECCrefPublicKey;

typedef struct ECCSignature_st {
    unsigned char r[ECCref_MAX_LEN];
    unsigned char s[ECCref_MAX_LEN];
} ECCSignature;

#ifdef XINYIN_SDF_CIPHER_LENGTH_FIRST
typedef struct ECCCipher_st {
    unsigned int L;
    unsigned char x[ECCref_MAX_LEN];
    unsigned char y[ECCref_MAX_LEN];
    unsigned char C[136];
    unsigned char M[32];
} ECCCipher;
#else
typedef struct ECCCipher_st {
    unsigned char x[ECCref_MAX_LEN];
    unsigned char y[ECCref_MAX_LEN];
    unsigned char M[32];
    unsigned int L;
    unsigned char C[]; /* L octets */
} ECCCipher;
#endif

typedef struct RSArefPublicKey_st {
    unsigned int bits;
    unsigned char m[RSAref_MAX_LEN];
    unsigned char e[RSAref_MAX_LEN];
} RSArefPublicKey;

#pragma GCC visibility push(default)

/* Device */
int SDF_OpenDevice(void **device);
int SDF_CloseDevice(void *device);
int SDF_OpenSession(void *device, void **session);
int SDF_CloseSession(void *session);
int SDF_GetDeviceInfo(void *session, DEVICEINFO *info);
int SDF_GenerateRandom(void *session, unsigned int length, unsigned char *random);
int SDF_GetPrivateKeyAccessRight(void *session, unsigned int index, unsigned char *password, unsigned int length);
int SDF_ReleasePrivateKeyAccessRight(void *session, unsigned int index);

/* Keys */
int SDF_ExportSignPublicKey_ECC(void *session, unsigned int index, ECCrefPublicKey *key);
int SDF_ExportEncPublicKey_ECC(void *session, unsigned int index, ECCrefPublicKey *key);
int SDF_GenerateKeyWithIPK_ECC(void *session, unsigned int index, unsigned int bits, ECCCipher *wrapped, void **key);
int SDF_GenerateKeyWithEPK_ECC(void *session, unsigned int bits, unsigned int algorithm, ECCrefPublicKey *public_key,
                               ECCCipher *wrapped, void **key);
int SDF_ImportKeyWithISK_ECC(void *session, unsigned int index, ECCCipher *wrapped, void **key);
int SDF_GenerateAgreementDataWithECC(void *session, unsigned int index, unsigned int bits, unsigned char *sponsor_id,
                                     unsigned int sponsor_id_length, ECCrefPublicKey *sponsor_key,
                                     ECCrefPublicKey *sponsor_fleeting_key, void **agreement);
int SDF_GenerateKeyWithECC(void *session, unsigned char *response_id, unsigned int response_id_length,
                           ECCrefPublicKey *response_key, ECCrefPublicKey *response_fleeting_key, void *agreement,
                           void **key);
int SDF_GenerateAgreementDataAndKeyWithECC(void *session, unsigned int index, unsigned int bits,
                                           unsigned char *response_id, unsigned int response_id_length,
                                           unsigned char *sponsor_id, unsigned int sponsor_id_length,
                                           ECCrefPublicKey *sponsor_key, ECCrefPublicKey *sponsor_fleeting_key,
                                           ECCrefPublicKey *response_key, ECCrefPublicKey *response_fleeting_key,
                                           void **key);
int SDF_GenerateKeyWithKEK(void *session, unsigned int bits, unsigned int algorithm, unsigned int kek_index,
                           unsigned char *wrapped, unsigned int *wrapped_length, void **key);
int SDF_ImportKeyWithKEK(void *session, unsigned int algorithm, unsigned int kek_index, unsigned char *wrapped,
                         unsigned int wrapped_length, void **key);
int SDF_DestroyKey(void *session, void *key);
int SDF_ExchangeDigitEnvelopeBaseOnECC(void *session, unsigned int index, unsigned int algorithm,
                                       ECCrefPublicKey *public_key, ECCCipher *in, ECCCipher *out);

/* Public and private keys */
int SDF_ExternalVerify_ECC(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *digest,
                           unsigned int digest_length, ECCSignature *signature);
int SDF_InternalSign_ECC(void *session, unsigned int index, unsigned char *digest, unsigned int digest_length,
                         ECCSignature *signature);
int SDF_InternalVerify_ECC(void *session, unsigned int index, unsigned char *digest, unsigned int digest_length,
                           ECCSignature *signature);
int SDF_ExternalEncrypt_ECC(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *data,
                            unsigned int length, ECCCipher *cipher);
int SDF_InternalEncrypt_ECC(void *session, unsigned int index, unsigned char *data, unsigned int length,
                            ECCCipher *cipher);
#ifdef XINYIN_SDF_DECRYPT_WITHOUT_ALGORITHM
int SDF_InternalDecrypt_ECC(void *session, unsigned int index, ECCCipher *cipher, unsigned char *data,
                            unsigned int *length);
#else
int SDF_InternalDecrypt_ECC(void *session, unsigned int index, unsigned int algorithm, ECCCipher *cipher,
                            unsigned char *data, unsigned int *length);
#endif

/* RSA: SDR_NOTSUPPORT */
int SDF_ExportSignPublicKey_RSA(void *session, unsigned int index, RSArefPublicKey *key);
int SDF_ExportEncPublicKey_RSA(void *session, unsigned int index, RSArefPublicKey *key);
int SDF_GenerateKeyWithIPK_RSA(void *session, unsigned int index, unsigned int bits, unsigned char *wrapped,
                               unsigned int *wrapped_length, void **key);
int SDF_GenerateKeyWithEPK_RSA(void *session, unsigned int bits, RSArefPublicKey *public_key, unsigned char *wrapped,
                               unsigned int *wrapped_length, void **key);
int SDF_ImportKeyWithISK_RSA(void *session, unsigned int index, unsigned char *wrapped, unsigned int wrapped_length,
                             void **key);
int SDF_ExchangeDigitEnvelopeBaseOnRSA(void *session, unsigned int index, RSArefPublicKey *public_key,
                                       unsigned char *in, unsigned int in_length, unsigned char *out,
                                       unsigned int *out_length);
int SDF_ExternalPublicKeyOperation_RSA(void *session, RSArefPublicKey *key, unsigned char *in, unsigned int in_length,
                                       unsigned char *out, unsigned int *out_length);
int SDF_InternalPublicKeyOperation_RSA(void *session, unsigned int index, unsigned char *in, unsigned int in_length,
                                       unsigned char *out, unsigned int *out_length);
int SDF_InternalPrivateKeyOperation_RSA(void *session, unsigned int index, unsigned char *in, unsigned int in_length,
                                        unsigned char *out, unsigned int *out_length);

/* Ciphers and codes; the initial value is 16 octets and is updated in place, NULL where the mode has none */
int SDF_Encrypt(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned char *in,
                unsigned int in_length, unsigned char *out, unsigned int *out_length);
int SDF_Decrypt(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned char *in,
                unsigned int in_length, unsigned char *out, unsigned int *out_length);
int SDF_CalculateMAC(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned char *in,
                     unsigned int in_length, unsigned char *mac, unsigned int *mac_length);
int SDF_AuthEnc(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                unsigned char *aad, unsigned int aad_length, unsigned char *in, unsigned int in_length,
                unsigned char *out, unsigned int *out_length, unsigned char *tag, unsigned int *tag_length);
int SDF_AuthDec(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                unsigned char *aad, unsigned int aad_length, unsigned char *tag, unsigned int tag_length,
                unsigned char *in, unsigned int in_length, unsigned char *out, unsigned int *out_length);
int SDF_EncryptInit(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned int iv_length);
int SDF_EncryptUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length);
int SDF_EncryptFinal(void *session, unsigned char *last, unsigned int *last_length);
int SDF_DecryptInit(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned int iv_length);
int SDF_DecryptUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length);
int SDF_DecryptFinal(void *session, unsigned char *last, unsigned int *last_length);
int SDF_CalculateMACInit(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned int iv_length);
int SDF_CalculateMACUpdate(void *session, unsigned char *in, unsigned int in_length);
int SDF_CalculateMACFinal(void *session, unsigned char *mac, unsigned int *mac_length);
int SDF_AuthEncInit(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                    unsigned char *aad, unsigned int aad_length, unsigned int total_length);
int SDF_AuthEncUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length);
int SDF_AuthEncFinal(void *session, unsigned char *last, unsigned int *last_length, unsigned char *tag,
                     unsigned int *tag_length);
int SDF_AuthDecInit(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                    unsigned char *aad, unsigned int aad_length, unsigned char *tag, unsigned int tag_length,
                    unsigned int total_length);
int SDF_AuthDecUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length);
int SDF_AuthDecFinal(void *session, unsigned char *last, unsigned int *last_length);

/* Digests */
int SDF_HashInit(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *id,
                 unsigned int id_length);
int SDF_HashUpdate(void *session, unsigned char *data, unsigned int length);
int SDF_HashFinal(void *session, unsigned char *digest, unsigned int *length);
int SDF_HMACInit(void *session, void *key, unsigned int algorithm);
int SDF_HMACUpdate(void *session, unsigned char *data, unsigned int length);
int SDF_HMACFinal(void *session, unsigned char *code, unsigned int *length);

/* Files */
int SDF_CreateFile(void *session, unsigned char *name, unsigned int name_length, unsigned int size);
int SDF_ReadFile(void *session, unsigned char *name, unsigned int name_length, unsigned int offset,
                 unsigned int *length, unsigned char *buffer);
int SDF_WriteFile(void *session, unsigned char *name, unsigned int name_length, unsigned int offset,
                  unsigned int length, unsigned char *buffer);
int SDF_DeleteFile(void *session, unsigned char *name, unsigned int name_length);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
