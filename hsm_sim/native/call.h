/* One call of the interface: a request to the key store and its reply, over the session's own connection. */
#ifndef XINYIN_CALL_H
#define XINYIN_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "sdf.h"

enum command {
    OPEN_SESSION = 0x01,
    CLOSE_SESSION = 0x02,
    GENERATE_RANDOM = 0x04,
    GET_ACCESS_RIGHT = 0x05,
    RELEASE_ACCESS_RIGHT = 0x06,
    EXPORT_PUBLIC_KEY = 0x10,
    INTERNAL_SIGN = 0x20,
    INTERNAL_VERIFY = 0x22,
    INTERNAL_DECRYPT = 0x23,
    GENERATE_KEY_WITH_IPK = 0x100,
    GENERATE_KEY_WITH_EPK = 0x101,
    GENERATE_KEY_WITH_KEK = 0x102,
    IMPORT_KEY_WITH_ISK = 0x103,
    IMPORT_KEY_WITH_KEK = 0x104,
    DESTROY_KEY = 0x105,
    GENERATE_AGREEMENT_DATA = 0x106,
    GENERATE_KEY_WITH_AGREEMENT = 0x107,
    GENERATE_AGREEMENT_DATA_AND_KEY = 0x108,
    EXCHANGE_DIGIT_ENVELOPE = 0x109,
    ENCRYPT = 0x120,
    DECRYPT = 0x121,
    CALCULATE_MAC = 0x122,
    AUTH_ENCRYPT = 0x123,
    AUTH_DECRYPT = 0x124,
    OPERATION_INIT = 0x128,
    OPERATION_UPDATE = 0x129,
    OPERATION_FINAL = 0x12A,
    HASH_INIT = 0x140,
    HASH_UPDATE = 0x141,
    HASH_FINAL = 0x142,
    HMAC_INIT = 0x143,
    HMAC_UPDATE = 0x144,
    HMAC_FINAL = 0x145,
    CREATE_FILE = 0x150,
    READ_FILE = 0x151,
    WRITE_FILE = 0x152,
    DELETE_FILE = 0x153,
    EXTERNAL_VERIFY = 0x160,
    EXTERNAL_ENCRYPT = 0x161,
    INTERNAL_ENCRYPT = 0x162,
    DESCRIBE_DEVICE = 0x163
};

typedef struct connection connection;

typedef struct {
    connection *session;
    unsigned int command;
    uint8_t *request; /* header and body */
    size_t length, capacity;
    uint8_t *reply; /* body */
    size_t reply_length, offset;
    int code; /* the first thing that went wrong while writing or reading; SDR_OK so far */
    int malformed;
} call;

/* Begin a call on a session handle; whatever it returns, call_end must follow. */
void call_begin(call *this, void *handle, enum command command);
/* Note what is wrong with an argument; nothing is sent then. */
void call_refuse(call *this, int code);
/* Send, and wait for the reply. Returns whether there is a good one to be read. */
int call_exchange(call *this);
/* Let go of the session and say how it ended. */
int call_end(call *this);

void put_u8(call *this, unsigned int value);
void put_u32(call *this, unsigned int value);
void put_handle(call *this, void *handle);
void put_fixed(call *this, const uint8_t *octets, size_t length);
void put_octets(call *this, const unsigned char *octets, unsigned int length);
void put_point(call *this, const ECCrefPublicKey *key);
void put_signature(call *this, const ECCSignature *signature);
void put_cipher(call *this, const ECCCipher *cipher);

unsigned int get_u32(call *this);
void get_handle(call *this, void **handle);
void get_fixed(call *this, uint8_t *octets, size_t length);
/* Copy octets to a buffer with *length octets of room, and set *length. */
void get_octets(call *this, unsigned char *buffer, unsigned int *length);
/* Copy exactly this many octets, or none where the device gives none. */
void get_exactly(call *this, unsigned char *buffer, size_t length);
void get_text(call *this, unsigned char *field, size_t length);
void get_point(call *this, ECCrefPublicKey *key);
void get_signature(call *this, ECCSignature *signature);
void get_cipher(call *this, ECCCipher *cipher);
/* Pass over what the interface has no place for. */
void get_rest(call *this);

/* Borrow the octets of an octet string in the reply, NULL if there is none. */
const uint8_t *get_span(call *this, size_t *length);

#endif
