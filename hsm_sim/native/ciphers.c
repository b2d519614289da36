/* Symmetric ciphers and codes with session keys. */
#include <string.h>

#include "call.h"

#define IV_LENGTH 16
#define MODE_ECB 0x01

enum kind { ENCRYPTING = 1, DECRYPTING = 2, CODING = 3, AUTH_ENCRYPTING = 4, AUTH_DECRYPTING = 5 };

/* ECB has no initial value; what the caller passes there is not looked at. */
static unsigned int iv_length(const unsigned char *iv, unsigned int algorithm) {
    return iv == NULL || (algorithm & 0xFF) == MODE_ECB ? 0 : IV_LENGTH;
}

static int at_once(void *session, enum command command, void *key, unsigned int algorithm, unsigned char *iv,
                   const unsigned char *in, unsigned int in_length, unsigned char *out, unsigned int *out_length) {
    call this;
    call_begin(&this, session, command);
    if (out_length == NULL || (out == NULL && in_length > 0)) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_handle(&this, key);
    put_u32(&this, algorithm);
    put_octets(&this, iv, iv_length(iv, algorithm));
    put_octets(&this, in, in_length);
    if (call_exchange(&this)) {
        unsigned char next[IV_LENGTH];
        unsigned int next_length = sizeof next;
        get_octets(&this, next, &next_length);
        get_octets(&this, out, out_length);
        if (this.code == SDR_OK && !this.malformed && next_length == IV_LENGTH && iv != NULL) {
            memcpy(iv, next, IV_LENGTH);
        }
    }
    return call_end(&this);
}

int SDF_Encrypt(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned char *in,
                unsigned int in_length, unsigned char *out, unsigned int *out_length) {
    return at_once(session, ENCRYPT, key, algorithm, iv, in, in_length, out, out_length);
}

int SDF_Decrypt(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned char *in,
                unsigned int in_length, unsigned char *out, unsigned int *out_length) {
    return at_once(session, DECRYPT, key, algorithm, iv, in, in_length, out, out_length);
}

int SDF_CalculateMAC(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned char *in,
                     unsigned int in_length, unsigned char *mac, unsigned int *mac_length) {
    return at_once(session, CALCULATE_MAC, key, algorithm, iv, in, in_length, mac, mac_length);
}

int SDF_AuthEnc(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                unsigned char *aad, unsigned int aad_length, unsigned char *in, unsigned int in_length,
                unsigned char *out, unsigned int *out_length, unsigned char *tag, unsigned int *tag_length) {
    call this;
    call_begin(&this, session, AUTH_ENCRYPT);
    if (out_length == NULL || tag == NULL || tag_length == NULL || (out == NULL && in_length > 0)) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_handle(&this, key);
    put_u32(&this, algorithm);
    put_octets(&this, start, start_length);
    put_octets(&this, aad, aad_length);
    put_octets(&this, in, in_length);
    if (call_exchange(&this)) {
        get_octets(&this, out, out_length);
        if (this.code == SDR_OK) {
            get_octets(&this, tag, tag_length);
        }
    }
    return call_end(&this);
}

int SDF_AuthDec(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                unsigned char *aad, unsigned int aad_length, unsigned char *tag, unsigned int tag_length,
                unsigned char *in, unsigned int in_length, unsigned char *out, unsigned int *out_length) {
    call this;
    call_begin(&this, session, AUTH_DECRYPT);
    if (out_length == NULL || (out == NULL && in_length > 0)) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_handle(&this, key);
    put_u32(&this, algorithm);
    put_octets(&this, start, start_length);
    put_octets(&this, aad, aad_length);
    put_octets(&this, tag, tag_length);
    put_octets(&this, in, in_length);
    if (call_exchange(&this)) {
        get_octets(&this, out, out_length);
        get_rest(&this);
    }
    return call_end(&this);
}

/* ---- in parts ---- */

typedef struct {
    unsigned char *octets;
    unsigned int length;
} span;

static int begin(void *session, enum kind kind, void *key, unsigned int algorithm, span iv, span aad, span tag,
                 unsigned int total) {
    call this;
    call_begin(&this, session, OPERATION_INIT);
    put_u8(&this, (unsigned int)kind);
    put_handle(&this, key);
    put_u32(&this, algorithm);
    put_octets(&this, iv.octets, iv.length);
    put_octets(&this, aad.octets, aad.length);
    put_octets(&this, tag.octets, tag.length);
    put_u32(&this, total);
    call_exchange(&this);
    return call_end(&this);
}

static int update(void *session, enum kind kind, const unsigned char *in, unsigned int in_length, unsigned char *out,
                  unsigned int *out_length) {
    call this;
    call_begin(&this, session, OPERATION_UPDATE);
    if (out_length == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u8(&this, (unsigned int)kind);
    put_octets(&this, in, in_length);
    if (call_exchange(&this)) {
        get_octets(&this, out, out_length);
    }
    return call_end(&this);
}

static int finish(void *session, enum kind kind, span *last, unsigned int *last_length, span *tag,
                  unsigned int *tag_length) {
    call this;
    call_begin(&this, session, OPERATION_FINAL);
    if ((last != NULL && last_length == NULL) || (tag != NULL && tag_length == NULL)) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    put_u8(&this, (unsigned int)kind);
    if (call_exchange(&this)) {
        size_t nothing;
        if (last != NULL) {
            get_octets(&this, last->octets, last_length);
        } else {
            get_span(&this, &nothing);
        }
        if (this.code == SDR_OK && tag != NULL) {
            get_octets(&this, tag->octets, tag_length);
        }
        get_rest(&this);
    }
    return call_end(&this);
}

static const span NONE = {NULL, 0};

static int begin_plain(void *session, enum kind kind, void *key, unsigned int algorithm, unsigned char *iv,
                       unsigned int length) {
    span value = {iv, iv == NULL || iv_length(iv, algorithm) == 0 ? 0 : length};
    return begin(session, kind, key, algorithm, value, NONE, NONE, 0);
}

static int finish_plain(void *session, enum kind kind, unsigned char *octets, unsigned int *length) {
    span last = {octets, 0};
    return finish(session, kind, &last, length, NULL, NULL);
}

int SDF_EncryptInit(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned int length) {
    return begin_plain(session, ENCRYPTING, key, algorithm, iv, length);
}

int SDF_EncryptUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length) {
    return update(session, ENCRYPTING, in, in_length, out, out_length);
}

int SDF_EncryptFinal(void *session, unsigned char *last, unsigned int *last_length) {
    return finish_plain(session, ENCRYPTING, last, last_length);
}

int SDF_DecryptInit(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned int length) {
    return begin_plain(session, DECRYPTING, key, algorithm, iv, length);
}

int SDF_DecryptUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length) {
    return update(session, DECRYPTING, in, in_length, out, out_length);
}

int SDF_DecryptFinal(void *session, unsigned char *last, unsigned int *last_length) {
    return finish_plain(session, DECRYPTING, last, last_length);
}

int SDF_CalculateMACInit(void *session, void *key, unsigned int algorithm, unsigned char *iv, unsigned int length) {
    return begin_plain(session, CODING, key, algorithm, iv, length);
}

int SDF_CalculateMACUpdate(void *session, unsigned char *in, unsigned int in_length) {
    unsigned int nothing = 0;
    return update(session, CODING, in, in_length, NULL, &nothing);
}

int SDF_CalculateMACFinal(void *session, unsigned char *mac, unsigned int *mac_length) {
    span code = {mac, 0};
    return finish(session, CODING, NULL, NULL, &code, mac_length);
}

int SDF_AuthEncInit(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                    unsigned char *aad, unsigned int aad_length, unsigned int total_length) {
    span first = {start, start_length}, additional = {aad, aad_length};
    return begin(session, AUTH_ENCRYPTING, key, algorithm, first, additional, NONE, total_length);
}

int SDF_AuthEncUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length) {
    return update(session, AUTH_ENCRYPTING, in, in_length, out, out_length);
}

int SDF_AuthEncFinal(void *session, unsigned char *last, unsigned int *last_length, unsigned char *tag,
                     unsigned int *tag_length) {
    span end = {last, 0}, code = {tag, 0};
    return finish(session, AUTH_ENCRYPTING, &end, last_length, &code, tag_length);
}

int SDF_AuthDecInit(void *session, void *key, unsigned int algorithm, unsigned char *start, unsigned int start_length,
                    unsigned char *aad, unsigned int aad_length, unsigned char *tag, unsigned int tag_length,
                    unsigned int total_length) {
    span first = {start, start_length}, additional = {aad, aad_length}, code = {tag, tag_length};
    return begin(session, AUTH_DECRYPTING, key, algorithm, first, additional, code, total_length);
}

int SDF_AuthDecUpdate(void *session, unsigned char *in, unsigned int in_length, unsigned char *out,
                      unsigned int *out_length) {
    return update(session, AUTH_DECRYPTING, in, in_length, out, out_length);
}

int SDF_AuthDecFinal(void *session, unsigned char *last, unsigned int *last_length) {
    return finish_plain(session, AUTH_DECRYPTING, last, last_length);
}
