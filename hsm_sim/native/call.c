#define _GNU_SOURCE
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "connection.h"

#define COORDINATE 32
#define PADDING (ECCref_MAX_LEN - COORDINATE)

/* ---- a call from beginning to end ---- */

void call_begin(call *this, void *handle, enum command command) {
    memset(this, 0, sizeof *this);
    this->command = (unsigned int)command;
    this->length = HEADER_LENGTH;
    this->code = session_take(handle, &this->session);
}

void call_refuse(call *this, int code) {
    if (this->code == SDR_OK) {
        this->code = code;
    }
}

int call_exchange(call *this) {
    if (this->length - HEADER_LENGTH > MAX_BODY) {
        call_refuse(this, SDR_INARGERR);
    }
    if (this->code == SDR_OK && this->capacity == 0) {
        put_fixed(this, NULL, 0); /* a body of nothing: room for the header */
    }
    if (this->code != SDR_OK) {
        return 0;
    }
    this->code = session_exchange(this->session, this->request, this->length, this->command, &this->reply,
                                  &this->reply_length);
    return this->code == SDR_OK;
}

static void wipe(uint8_t *octets, size_t length) {
    if (octets != NULL) {
        explicit_bzero(octets, length);
        free(octets);
    }
}

static int as_vendor(int code) {
#ifdef XINYIN_SDF_RIGHT_MISSING
    if (code == SDR_PARDENY) {
        return XINYIN_SDF_RIGHT_MISSING;
    }
#endif
#ifdef XINYIN_SDF_WRONG_PASSWORD
    if (code == SDR_PRKRERR) {
        return XINYIN_SDF_WRONG_PASSWORD;
    }
#endif
    return code;
}

int call_end(call *this) {
    int unread = this->reply != NULL && this->code == SDR_OK && this->offset != this->reply_length;
    if (this->session != NULL && (this->malformed || unread)) {
        session_break(this->session);
        this->code = SDR_COMMFAIL;
    }
    wipe(this->request, this->capacity);
    wipe(this->reply, this->reply_length);
    if (this->session != NULL) {
        session_give_back(this->session);
    }
    return as_vendor(this->code);
}

/* ---- writing ---- */

static uint8_t *room(call *this, size_t length) {
    if (this->code != SDR_OK) {
        return NULL;
    }
    if (length > MAX_BODY) {
        call_refuse(this, SDR_INARGERR);
        return NULL;
    }
    size_t needed = this->length + length;
    if (needed > this->capacity) {
        size_t capacity = needed + needed / 2 + 64;
        uint8_t *grown = malloc(capacity); /* not realloc, which would leave the old octets behind */
        if (grown == NULL) {
            call_refuse(this, SDR_NOBUFFER);
            return NULL;
        }
        if (this->request != NULL) {
            memcpy(grown, this->request, this->length);
        }
        wipe(this->request, this->capacity);
        this->request = grown;
        this->capacity = capacity;
    }
    uint8_t *place = this->request + this->length;
    this->length = needed;
    return place;
}

void put_fixed(call *this, const uint8_t *octets, size_t length) {
    uint8_t *place = room(this, length);
    if (place != NULL && length > 0) {
        memcpy(place, octets, length);
    }
}

void put_u8(call *this, unsigned int value) {
    const uint8_t octet = (uint8_t)value;
    put_fixed(this, &octet, 1);
}

void put_u32(call *this, unsigned int value) {
    const uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    put_fixed(this, octets, sizeof octets);
}

void put_handle(call *this, void *handle) {
    uint64_t number = (uintptr_t)handle;
    put_u32(this, (unsigned int)(number >> 32));
    put_u32(this, (unsigned int)number);
}

void put_octets(call *this, const unsigned char *octets, unsigned int length) {
    if (octets == NULL && length > 0) {
        call_refuse(this, SDR_INARGERR);
        return;
    }
    put_u32(this, length);
    put_fixed(this, octets, length);
}

/* A field of ECCref_MAX_LEN octets holds 32, right-aligned; anything before them must be zero. */
static const uint8_t *coordinate(call *this, const unsigned char field[ECCref_MAX_LEN]) {
    unsigned char before = 0;
    for (const unsigned char *at = field; at != field + PADDING; at++) {
        before |= *at;
    }
    if (before != 0) {
        call_refuse(this, SDR_INARGERR);
    }
    return field + PADDING;
}

void put_point(call *this, const ECCrefPublicKey *key) {
    if (key == NULL || key->bits != 256) {
        call_refuse(this, SDR_INARGERR);
        return;
    }
    put_u8(this, 4);
    put_fixed(this, coordinate(this, key->x), COORDINATE);
    put_fixed(this, coordinate(this, key->y), COORDINATE);
}

/* DER INTEGER of 32 octets big-endian. Returns what follows it. */
static uint8_t *write_integer(uint8_t *out, const uint8_t value[COORDINATE]) {
    size_t zeros = 0;
    while (zeros < COORDINATE - 1 && value[zeros] == 0) {
        zeros++;
    }
    size_t length = COORDINATE - zeros;
    int sign = value[zeros] >= 0x80;
    *out++ = 0x02;
    *out++ = (uint8_t)(length + (size_t)sign);
    if (sign) {
        *out++ = 0;
    }
    memcpy(out, value + zeros, length);
    return out + length;
}

void put_signature(call *this, const ECCSignature *signature) {
    uint8_t der[80];
    if (signature == NULL) {
        call_refuse(this, SDR_INARGERR);
        return;
    }
    uint8_t *end = write_integer(der + 2, coordinate(this, signature->r));
    end = write_integer(end, coordinate(this, signature->s));
    der[0] = 0x30;
    der[1] = (uint8_t)(end - der - 2);
    put_octets(this, der, (unsigned int)(end - der));
}

static size_t header_length(size_t content) { return content < 0x80 ? 2 : content < 0x100 ? 3 : content < 0x10000 ? 4 : 5; }

static uint8_t *write_header(uint8_t *out, uint8_t tag, size_t content) {
    *out++ = tag;
    size_t more = header_length(content) - 2;
    if (more > 0) {
        *out++ = (uint8_t)(0x80 | more);
    } else {
        more = 1;
    }
    while (more > 0) {
        *out++ = (uint8_t)(content >> (8 * --more));
    }
    return out;
}

void put_cipher(call *this, const ECCCipher *cipher) {
    uint8_t points[2 * (COORDINATE + 3)];
    if (cipher == NULL || cipher->L == 0 || cipher->L > MAX_BODY) {
        call_refuse(this, SDR_INARGERR);
        return;
    }
#ifdef XINYIN_SDF_CIPHER_LENGTH_FIRST
    if (cipher->L > sizeof cipher->C) {
        call_refuse(this, SDR_INARGERR);
        return;
    }
#endif
    uint8_t *end = write_integer(points, coordinate(this, cipher->x));
    end = write_integer(end, coordinate(this, cipher->y));
    size_t content = (size_t)(end - points) + 2 + 32 + header_length(cipher->L) + cipher->L;
    uint8_t header[8];
    size_t head = (size_t)(write_header(header, 0x30, content) - header);
    put_u32(this, (unsigned int)(head + content));
    put_fixed(this, header, head);
    put_fixed(this, points, (size_t)(end - points));
    put_fixed(this, header, (size_t)(write_header(header, 0x04, 32) - header));
    put_fixed(this, cipher->M, 32);
    put_fixed(this, header, (size_t)(write_header(header, 0x04, cipher->L) - header));
    put_fixed(this, cipher->C, cipher->L);
}

/* ---- reading ---- */

static const uint8_t *taken(call *this, size_t length) {
    if (this->malformed || this->reply_length - this->offset < length) {
        this->malformed = 1;
        return NULL;
    }
    const uint8_t *place = this->reply + this->offset;
    this->offset += length;
    return place;
}

unsigned int get_u32(call *this) {
    const uint8_t *place = taken(this, 4);
    return place == NULL ? 0
                         : (unsigned int)place[0] << 24 | (unsigned int)place[1] << 16 | (unsigned int)place[2] << 8 |
                               place[3];
}

void get_handle(call *this, void **handle) {
    uint64_t high = get_u32(this), low = get_u32(this);
    uint64_t number = high << 32 | low;
    if (number == 0 || number > UINTPTR_MAX) {
        this->malformed = 1;
        return;
    }
    *handle = (void *)(uintptr_t)number;
}

void get_fixed(call *this, uint8_t *octets, size_t length) {
    const uint8_t *place = taken(this, length);
    if (place != NULL) {
        memcpy(octets, place, length);
    }
}

const uint8_t *get_span(call *this, size_t *length) {
    *length = get_u32(this);
    return taken(this, *length);
}

void get_octets(call *this, unsigned char *buffer, unsigned int *length) {
    size_t found;
    const uint8_t *place = get_span(this, &found);
    if (place == NULL) {
        return;
    }
    if (found > *length || (buffer == NULL && found > 0)) {
        this->offset = this->reply_length;
        call_refuse(this, SDR_OUTARGERR);
        return;
    }
    if (found > 0) {
        memcpy(buffer, place, found);
    }
    *length = (unsigned int)found;
}

void get_exactly(call *this, unsigned char *buffer, size_t length) {
    size_t found;
    const uint8_t *place = get_span(this, &found);
    if (place != NULL && found == length && buffer != NULL) {
        memcpy(buffer, place, length);
    } else if (place != NULL && found != 0 && buffer != NULL) {
        this->malformed = 1;
    }
}

void get_text(call *this, unsigned char *field, size_t length) {
    const uint8_t *head = taken(this, 2);
    size_t found = head == NULL ? 0 : (size_t)(head[0] << 8 | head[1]);
    const uint8_t *place = taken(this, found);
    memset(field, 0, length);
    if (place != NULL) {
        memcpy(field, place, found < length ? found : length);
    }
}

static void set_coordinate(unsigned char field[ECCref_MAX_LEN], const uint8_t *value) {
    memset(field, 0, ECCref_MAX_LEN);
    memcpy(field + PADDING, value, COORDINATE);
}

void get_point(call *this, ECCrefPublicKey *key) {
    const uint8_t *point = taken(this, 1 + 2 * COORDINATE);
    if (point == NULL || point[0] != 4) {
        this->malformed = 1;
        return;
    }
    key->bits = 256;
    set_coordinate(key->x, point + 1);
    set_coordinate(key->y, point + 1 + COORDINATE);
}

/* The content of a DER element; NULL where there is none of this tag, or its length leads past the end. */
static const uint8_t *element(const uint8_t **at, const uint8_t *end, uint8_t tag, size_t *length) {
    const uint8_t *place = *at;
    if (end - place < 2 || place[0] != tag) {
        return NULL;
    }
    size_t found = place[1];
    place += 2;
    if (found >= 0x80) {
        size_t octets = found & 0x7F;
        if (octets == 0 || octets > 3 || (size_t)(end - place) < octets) {
            return NULL;
        }
        found = 0;
        while (octets-- > 0) {
            found = found << 8 | *place++;
        }
    }
    if ((size_t)(end - place) < found) {
        return NULL;
    }
    *at = place + found;
    *length = found;
    return place;
}

static int read_integer(const uint8_t **at, const uint8_t *end, unsigned char field[ECCref_MAX_LEN]) {
    size_t length;
    const uint8_t *content = element(at, end, 0x02, &length);
    if (content != NULL && length == COORDINATE + 1 && content[0] == 0) {
        content++;
        length--;
    }
    if (content == NULL || length == 0 || length > COORDINATE) {
        return 0;
    }
    memset(field, 0, ECCref_MAX_LEN);
    memcpy(field + ECCref_MAX_LEN - length, content, length);
    return 1;
}

void get_signature(call *this, ECCSignature *signature) {
    size_t length;
    const uint8_t *at = get_span(this, &length);
    if (at == NULL) {
        return;
    }
    const uint8_t *end = at + length;
    const uint8_t *content = element(&at, end, 0x30, &length);
    if (content == NULL || at != end || !read_integer(&content, end, signature->r) ||
        !read_integer(&content, end, signature->s) || content != end) {
        this->malformed = 1;
    }
}

void get_cipher(call *this, ECCCipher *cipher) {
    size_t length, tag_length, text_length;
    const uint8_t *at = get_span(this, &length);
    if (at == NULL) {
        return;
    }
    const uint8_t *end = at + length;
    const uint8_t *content = element(&at, end, 0x30, &length);
    if (content == NULL || at != end || !read_integer(&content, end, cipher->x) ||
        !read_integer(&content, end, cipher->y)) {
        this->malformed = 1;
        return;
    }
    const uint8_t *tag = element(&content, end, 0x04, &tag_length);
    const uint8_t *text = tag == NULL ? NULL : element(&content, end, 0x04, &text_length);
    if (text == NULL || tag_length != 32 || content != end) {
        this->malformed = 1;
        return;
    }
#ifdef XINYIN_SDF_CIPHER_LENGTH_FIRST
    if (text_length > sizeof cipher->C) {
        call_refuse(this, SDR_OUTARGERR);
        return;
    }
#endif
    memcpy(cipher->M, tag, 32);
    memcpy(cipher->C, text, text_length);
    cipher->L = (unsigned int)text_length;
}

void get_rest(call *this) { this->offset = this->reply_length; }
