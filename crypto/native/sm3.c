#include "sm3.h"

#include <string.h>

#include "words.h"

const uint32_t SM3_START[8] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                               0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};

#define TURN(value, by) ((value) << ((by)&31) | (value) >> ((32 - (by)) & 31))
#define EARLY(j) TURN(0x79cc4519u, j)
#define LATE(j) TURN(0x7a879d8au, j)
#define FOUR(make, j) make(j), make(j + 1), make(j + 2), make(j + 3)
const uint32_t SM3_ROUND[64] = {FOUR(EARLY, 0),  FOUR(EARLY, 4),  FOUR(EARLY, 8),  FOUR(EARLY, 12),
                                FOUR(LATE, 16), FOUR(LATE, 20), FOUR(LATE, 24), FOUR(LATE, 28),
                                FOUR(LATE, 32), FOUR(LATE, 36), FOUR(LATE, 40), FOUR(LATE, 44),
                                FOUR(LATE, 48), FOUR(LATE, 52), FOUR(LATE, 56), FOUR(LATE, 60)};

static inline uint32_t load_be32(const uint8_t *octets) {
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static inline uint32_t p0(uint32_t x) {
    return x ^ TURN(x, 9) ^ TURN(x, 17);
}

static inline uint32_t p1(uint32_t x) {
    return x ^ TURN(x, 15) ^ TURN(x, 23);
}

#define ROUND(j, ff, gg)                                                                                              \
    do {                                                                                                              \
        uint32_t turned = TURN(a, 12), ss1 = TURN(turned + e + SM3_ROUND[j], 7), ss2 = ss1 ^ turned;                  \
        uint32_t tt1 = (ff) + d + ss2 + (w[j] ^ w[j + 4]), tt2 = (gg) + h + ss1 + w[j];                               \
        d = c, c = TURN(b, 9), b = a, a = tt1;                                                                        \
        h = g, g = TURN(f, 19), f = e, e = p0(tt2);                                                                   \
    } while (0)

void sm3_compress(uint32_t words[8], const uint8_t *blocks, size_t count) {
    uint32_t w[68];
    for (; count > 0; count--, blocks += 64) {
        for (int j = 0; j < 16; j++) {
            w[j] = load_be32(blocks + 4 * j);
        }
        for (int j = 16; j < 68; j++) {
            w[j] = p1(w[j - 16] ^ w[j - 9] ^ TURN(w[j - 3], 15)) ^ TURN(w[j - 13], 7) ^ w[j - 6];
        }
        uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
        uint32_t e = words[4], f = words[5], g = words[6], h = words[7];
        for (int j = 0; j < 16; j++) {
            ROUND(j, a ^ b ^ c, e ^ f ^ g);
        }
        for (int j = 16; j < 64; j++) {
            ROUND(j, (a & b) | (c & (a | b)), g ^ (e & (f ^ g)));
        }
        words[0] ^= a, words[1] ^= b, words[2] ^= c, words[3] ^= d;
        words[4] ^= e, words[5] ^= f, words[6] ^= g, words[7] ^= h;
    }
}

void sm3_start(sm3_state *state) {
    memcpy(state->words, SM3_START, sizeof state->words);
    state->length = 0;
}

void sm3_take(sm3_state *state, const uint8_t *octets, size_t length) {
    size_t held = state->length % 64;
    if (length == 0) {
        return;
    }
    state->length += length;
    if (held > 0) {
        size_t wanted = 64 - held, part = length < wanted ? length : wanted;
        memcpy(state->buffer + held, octets, part);
        if (part < wanted) {
            return;
        }
        sm3_compress(state->words, state->buffer, 1);
        octets += part;
        length -= part;
    }
    sm3_compress(state->words, octets, length / 64);
    memcpy(state->buffer, octets + (length - length % 64), length % 64);
}

void sm3_finish(sm3_state *state, uint8_t digest[32]) {
    size_t held = state->length % 64;
    uint64_t bits = state->length * 8;
    state->buffer[held++] = 0x80;
    if (held > 56) {
        memset(state->buffer + held, 0, 64 - held);
        sm3_compress(state->words, state->buffer, 1);
        held = 0;
    }
    memset(state->buffer + held, 0, 56 - held);
    store_be64(state->buffer + 56, bits);
    sm3_compress(state->words, state->buffer, 1);
    for (int i = 0; i < 8; i++) {
        digest[4 * i] = (uint8_t)(state->words[i] >> 24);
        digest[4 * i + 1] = (uint8_t)(state->words[i] >> 16);
        digest[4 * i + 2] = (uint8_t)(state->words[i] >> 8);
        digest[4 * i + 3] = (uint8_t)state->words[i];
    }
}
