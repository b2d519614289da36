/* Public keys, session keys, agreements, signatures, public-key encryption. */
#include <string.h>

#include "call.h"

#define SGD_SM2_1 0x00020200
#define USAGE_SIGN 1
#define USAGE_ENCRYPT 2

static int export_key(void *session, unsigned int index, unsigned int usage, ECCrefPublicKey *key) {
    call this;
    call_begin(&this, session, EXPORT_PUBLIC_KEY);
    if (key == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u32(&this, index);
    put_u8(&this, usage);
    if (call_exchange(&this)) {
        uint8_t told[9]; /* index, usage, algorithm */
        get_fixed(&this, told, sizeof told);
        get_point(&this, key);
        get_rest(&this);
    }
    return call_end(&this);
}

int SDF_ExportSignPublicKey_ECC(void *session, unsigned int index, ECCrefPublicKey *key) {
    return export_key(session, index, USAGE_SIGN, key);
}

int SDF_ExportEncPublicKey_ECC(void *session, unsigned int index, ECCrefPublicKey *key) {
    return export_key(session, index, USAGE_ENCRYPT, key);
}

/* ---- session keys ---- */

static void want_key(call *this, void **key) {
    if (key == NULL) {
        call_refuse(this, SDR_OUTARGERR);
    } else {
        *key = NULL;
    }
}

static int made_with_point(call *this, ECCCipher *wrapped, void **key) {
    want_key(this, key);
    if (wrapped == NULL) {
        call_refuse(this, SDR_OUTARGERR);
    }
    if (call_exchange(this)) {
        get_handle(this, key);
        get_cipher(this, wrapped);
    }
    return call_end(this);
}

static int imported(call *this, void **key) {
    want_key(this, key);
    if (call_exchange(this)) {
        get_handle(this, key);
    }
    return call_end(this);
}

int SDF_GenerateKeyWithIPK_ECC(void *session, unsigned int index, unsigned int bits, ECCCipher *wrapped, void **key) {
    call this;
    call_begin(&this, session, GENERATE_KEY_WITH_IPK);
    put_u32(&this, index);
    put_u32(&this, bits);
    return made_with_point(&this, wrapped, key);
}

int SDF_GenerateKeyWithEPK_ECC(void *session, unsigned int bits, unsigned int algorithm, ECCrefPublicKey *public_key,
                               ECCCipher *wrapped, void **key) {
    call this;
    call_begin(&this, session, GENERATE_KEY_WITH_EPK);
    put_u32(&this, bits);
    put_u32(&this, algorithm);
    put_point(&this, public_key);
    return made_with_point(&this, wrapped, key);
}

int SDF_ImportKeyWithISK_ECC(void *session, unsigned int index, ECCCipher *wrapped, void **key) {
    call this;
    call_begin(&this, session, IMPORT_KEY_WITH_ISK);
    put_u32(&this, index);
    put_cipher(&this, wrapped);
    return imported(&this, key);
}

int SDF_GenerateKeyWithKEK(void *session, unsigned int bits, unsigned int algorithm, unsigned int kek_index,
                           unsigned char *wrapped, unsigned int *wrapped_length, void **key) {
    call this;
    call_begin(&this, session, GENERATE_KEY_WITH_KEK);
    want_key(&this, key);
    if (wrapped == NULL || wrapped_length == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u32(&this, bits);
    put_u32(&this, algorithm);
    put_u32(&this, kek_index);
    if (call_exchange(&this)) {
        get_handle(&this, key);
        get_octets(&this, wrapped, wrapped_length);
    }
    return call_end(&this);
}

int SDF_ImportKeyWithKEK(void *session, unsigned int algorithm, unsigned int kek_index, unsigned char *wrapped,
                         unsigned int wrapped_length, void **key) {
    call this;
    call_begin(&this, session, IMPORT_KEY_WITH_KEK);
    put_u32(&this, algorithm);
    put_u32(&this, kek_index);
    put_octets(&this, wrapped, wrapped_length);
    return imported(&this, key);
}

int SDF_DestroyKey(void *session, void *key) {
    call this;
    call_begin(&this, session, DESTROY_KEY);
    put_handle(&this, key);
    call_exchange(&this);
    return call_end(&this);
}

int SDF_ExchangeDigitEnvelopeBaseOnECC(void *session, unsigned int index, unsigned int algorithm,
                                       ECCrefPublicKey *public_key, ECCCipher *in, ECCCipher *out) {
    call this;
    call_begin(&this, session, EXCHANGE_DIGIT_ENVELOPE);
    if (out == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u32(&this, index);
    put_u32(&this, algorithm);
    put_point(&this, public_key);
    put_cipher(&this, in);
    if (call_exchange(&this)) {
        get_cipher(&this, out);
    }
    return call_end(&this);
}

/* ---- agreements ---- */

static int agreed(call *this, ECCrefPublicKey *key, ECCrefPublicKey *fleeting_key, void **handle) {
    want_key(this, handle);
    if (key == NULL || fleeting_key == NULL) {
        call_refuse(this, SDR_OUTARGERR);
    }
    if (call_exchange(this)) {
        get_handle(this, handle);
        get_point(this, key);
        get_point(this, fleeting_key);
    }
    return call_end(this);
}

int SDF_GenerateAgreementDataWithECC(void *session, unsigned int index, unsigned int bits, unsigned char *sponsor_id,
                                     unsigned int sponsor_id_length, ECCrefPublicKey *sponsor_key,
                                     ECCrefPublicKey *sponsor_fleeting_key, void **agreement) {
    call this;
    call_begin(&this, session, GENERATE_AGREEMENT_DATA);
    put_u32(&this, index);
    put_u32(&this, bits);
    put_octets(&this, sponsor_id, sponsor_id_length);
    return agreed(&this, sponsor_key, sponsor_fleeting_key, agreement);
}

int SDF_GenerateKeyWithECC(void *session, unsigned char *response_id, unsigned int response_id_length,
                           ECCrefPublicKey *response_key, ECCrefPublicKey *response_fleeting_key, void *agreement,
                           void **key) {
    call this;
    call_begin(&this, session, GENERATE_KEY_WITH_AGREEMENT);
    put_handle(&this, agreement);
    put_octets(&this, response_id, response_id_length);
    put_point(&this, response_key);
    put_point(&this, response_fleeting_key);
    return imported(&this, key);
}

int SDF_GenerateAgreementDataAndKeyWithECC(void *session, unsigned int index, unsigned int bits,
                                           unsigned char *response_id, unsigned int response_id_length,
                                           unsigned char *sponsor_id, unsigned int sponsor_id_length,
                                           ECCrefPublicKey *sponsor_key, ECCrefPublicKey *sponsor_fleeting_key,
                                           ECCrefPublicKey *response_key, ECCrefPublicKey *response_fleeting_key,
                                           void **key) {
    call this;
    call_begin(&this, session, GENERATE_AGREEMENT_DATA_AND_KEY);
    put_u32(&this, index);
    put_u32(&this, bits);
    put_octets(&this, response_id, response_id_length);
    put_octets(&this, sponsor_id, sponsor_id_length);
    put_point(&this, sponsor_key);
    put_point(&this, sponsor_fleeting_key);
    return agreed(&this, response_key, response_fleeting_key, key);
}

/* ---- signatures ---- */

int SDF_InternalSign_ECC(void *session, unsigned int index, unsigned char *digest, unsigned int digest_length,
                         ECCSignature *signature) {
    call this;
    call_begin(&this, session, INTERNAL_SIGN);
    if (signature == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u32(&this, index);
    put_octets(&this, digest, digest_length);
    if (call_exchange(&this)) {
        get_signature(&this, signature);
    }
    return call_end(&this);
}

int SDF_InternalVerify_ECC(void *session, unsigned int index, unsigned char *digest, unsigned int digest_length,
                           ECCSignature *signature) {
    call this;
    call_begin(&this, session, INTERNAL_VERIFY);
    put_u32(&this, index);
    put_octets(&this, digest, digest_length);
    put_signature(&this, signature);
    call_exchange(&this);
    return call_end(&this);
}

int SDF_ExternalVerify_ECC(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *digest,
                           unsigned int digest_length, ECCSignature *signature) {
    call this;
    call_begin(&this, session, EXTERNAL_VERIFY);
    put_u32(&this, algorithm);
    put_point(&this, key);
    put_octets(&this, digest, digest_length);
    put_signature(&this, signature);
    call_exchange(&this);
    return call_end(&this);
}

/* ---- encryption ---- */

static int encrypted(call *this, const unsigned char *data, unsigned int length, ECCCipher *cipher) {
    if (cipher == NULL) {
        call_refuse(this, SDR_OUTARGERR);
    }
    put_octets(this, data, length);
    if (call_exchange(this)) {
        get_cipher(this, cipher);
    }
    return call_end(this);
}

int SDF_ExternalEncrypt_ECC(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *data,
                            unsigned int length, ECCCipher *cipher) {
    call this;
    call_begin(&this, session, EXTERNAL_ENCRYPT);
    put_u32(&this, algorithm);
    put_point(&this, key);
    return encrypted(&this, data, length, cipher);
}

int SDF_InternalEncrypt_ECC(void *session, unsigned int index, unsigned char *data, unsigned int length,
                            ECCCipher *cipher) {
    call this;
    call_begin(&this, session, INTERNAL_ENCRYPT);
    put_u32(&this, index);
    return encrypted(&this, data, length, cipher);
}

static int decrypted(void *session, unsigned int index, const ECCCipher *cipher, unsigned char *data,
                     unsigned int *length) {
    call this;
    call_begin(&this, session, INTERNAL_DECRYPT);
    if (data == NULL || length == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u32(&this, index);
    put_cipher(&this, cipher);
    if (call_exchange(&this)) {
        get_octets(&this, data, length);
    }
    return call_end(&this);
}

#ifdef XINYIN_SDF_DECRYPT_WITHOUT_ALGORITHM
int SDF_InternalDecrypt_ECC(void *session, unsigned int index, ECCCipher *cipher, unsigned char *data,
                            unsigned int *length) {
    return decrypted(session, index, cipher, data, length);
}
#else
int SDF_InternalDecrypt_ECC(void *session, unsigned int index, unsigned int algorithm, ECCCipher *cipher,
                            unsigned char *data, unsigned int *length) {
    if (algorithm == SGD_SM2_1) {
        return SDR_ALGNOTSUPPORT; /* the signing pair decrypts nothing */
    }
    return decrypted(session, index, cipher, data, length);
}
#endif

/* ---- RSA ---- */

#define UNUSED __attribute__((unused))

int SDF_ExportSignPublicKey_RSA(UNUSED void *session, UNUSED unsigned int index, UNUSED RSArefPublicKey *key) {
    return SDR_NOTSUPPORT;
}

int SDF_ExportEncPublicKey_RSA(UNUSED void *session, UNUSED unsigned int index, UNUSED RSArefPublicKey *key) {
    return SDR_NOTSUPPORT;
}

int SDF_GenerateKeyWithIPK_RSA(UNUSED void *session, UNUSED unsigned int index, UNUSED unsigned int bits,
                               UNUSED unsigned char *wrapped, UNUSED unsigned int *wrapped_length,
                               UNUSED void **key) {
    return SDR_NOTSUPPORT;
}

int SDF_GenerateKeyWithEPK_RSA(UNUSED void *session, UNUSED unsigned int bits, UNUSED RSArefPublicKey *public_key,
                               UNUSED unsigned char *wrapped, UNUSED unsigned int *wrapped_length,
                               UNUSED void **key) {
    return SDR_NOTSUPPORT;
}

int SDF_ImportKeyWithISK_RSA(UNUSED void *session, UNUSED unsigned int index, UNUSED unsigned char *wrapped,
                             UNUSED unsigned int wrapped_length, UNUSED void **key) {
    return SDR_NOTSUPPORT;
}

int SDF_ExchangeDigitEnvelopeBaseOnRSA(UNUSED void *session, UNUSED unsigned int index,
                                       UNUSED RSArefPublicKey *public_key, UNUSED unsigned char *in,
                                       UNUSED unsigned int in_length, UNUSED unsigned char *out,
                                       UNUSED unsigned int *out_length) {
    return SDR_NOTSUPPORT;
}

int SDF_ExternalPublicKeyOperation_RSA(UNUSED void *session, UNUSED RSArefPublicKey *key, UNUSED unsigned char *in,
                                       UNUSED unsigned int in_length, UNUSED unsigned char *out,
                                       UNUSED unsigned int *out_length) {
    return SDR_NOTSUPPORT;
}

int SDF_InternalPublicKeyOperation_RSA(UNUSED void *session, UNUSED unsigned int index, UNUSED unsigned char *in,
                                       UNUSED unsigned int in_length, UNUSED unsigned char *out,
                                       UNUSED unsigned int *out_length) {
    return SDR_NOTSUPPORT;
}

int SDF_InternalPrivateKeyOperation_RSA(UNUSED void *session, UNUSED unsigned int index, UNUSED unsigned char *in,
                                        UNUSED unsigned int in_length, UNUSED unsigned char *out,
                                        UNUSED unsigned int *out_length) {
    return SDR_NOTSUPPORT;
}
