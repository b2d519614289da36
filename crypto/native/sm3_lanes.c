/* SM3 of many messages side by side: lane i of every vector belongs to message i.
 *
 * Compiled once for each path with SM3_LANES lanes of 32 bits (4, 8 or 16).
 */
#include <string.h>

#include "core.h"
#include "sm3.h"
#include "words.h"

typedef uint32_t lanes __attribute__((vector_size(4 * SM3_LANES)));

static inline lanes turn(lanes value, int by) {
    return value << by | value >> (32 - by);
}

/* One block for each lane; words[i] holds word i of all states. */
static void compress(lanes words[8], const uint8_t *const blocks[SM3_LANES]) {
    lanes w[68];
    for (int i = 0; i < SM3_LANES; i++) {
        for (int j = 0; j < 16; j++) {
            uint32_t word;
            memcpy(&word, blocks[i] + 4 * j, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            word = __builtin_bswap32(word);
#endif
            ((uint32_t *)&w[j])[i] = word;
        }
    }
    for (int j = 16; j < 68; j++) {
        lanes x = w[j - 16] ^ w[j - 9] ^ turn(w[j - 3], 15);
        w[j] = (x ^ turn(x, 15) ^ turn(x, 23)) ^ turn(w[j - 13], 7) ^ w[j - 6];
    }
    lanes a = words[0], b = words[1], c = words[2], d = words[3];
    lanes e = words[4], f = words[5], g = words[6], h = words[7];
    for (int j = 0; j < 64; j++) {
        lanes turned = turn(a, 12), ss1 = turn(turned + e + SM3_ROUND[j], 7), ss2 = ss1 ^ turned, ff, gg;
        if (j < 16) {
            ff = a ^ b ^ c;
            gg = e ^ f ^ g;
        } else {
            ff = (a & b) | (c & (a | b));
            gg = g ^ (e & (f ^ g));
        }
        lanes tt1 = ff + d + ss2 + (w[j] ^ w[j + 4]), tt2 = gg + h + ss1 + w[j];
        d = c, c = turn(b, 9), b = a, a = tt1;
        h = g, g = turn(f, 19), f = e, e = tt2 ^ turn(tt2, 9) ^ turn(tt2, 17);
    }
    words[0] ^= a, words[1] ^= b, words[2] ^= c, words[3] ^= d;
    words[4] ^= e, words[5] ^= f, words[6] ^= g, words[7] ^= h;
}

static void put_digest(uint8_t digest[32], const lanes words[8], int lane) {
    for (int i = 0; i < 8; i++) {
        uint32_t word = ((const uint32_t *)&words[i])[lane];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        word = __builtin_bswap32(word);
#endif
        memcpy(digest + 4 * i, &word, 4);
    }
}

void SM2_CORE(sm3_last_blocks)(uint8_t (*digests)[32], const uint32_t midstate[8], const uint8_t (*blocks)[64],
                               size_t count) {
    lanes words[8];
    const uint8_t *chosen[SM3_LANES];
    for (size_t start = 0; start < count; start += SM3_LANES) {
        size_t length = count - start < SM3_LANES ? count - start : SM3_LANES;
        for (int i = 0; i < 8; i++) {
            words[i] = (lanes){0} + midstate[i];
        }
        for (size_t i = 0; i < SM3_LANES; i++) {
            chosen[i] = blocks[start + (i < length ? i : 0)];
        }
        compress(words, chosen);
        for (size_t i = 0; i < length; i++) {
            put_digest(digests[start + i], words, (int)i);
        }
    }
    sm2_wipe(words, sizeof words);
}

/* One message on its way through a lane. */
typedef struct {
    sm3_message prefix, message;
    size_t block, blocks, number;
    uint8_t room[64]; /* for a block that is not one stretch of the message */
} journey;

static void begin(journey *j, const sm3_message *prefix, const sm3_message *message, size_t number) {
    static const sm3_message nothing = {NULL, 0};
    j->prefix = prefix != NULL ? *prefix : nothing;
    j->message = *message;
    j->block = 0;
    /* An octet 0x80 and eight of length follow the message. */
    j->blocks = (j->prefix.length + j->message.length + 9 + 63) / 64;
    j->number = number;
}

/* The octets of prefix || message from offset on, as many as fit 64; returns how many. */
static size_t copy_some(uint8_t out[64], const journey *j, size_t offset) {
    size_t copied = 0, rest;
    if (offset < j->prefix.length) {
        rest = j->prefix.length - offset;
        copied = rest < 64 ? rest : 64;
        memcpy(out, j->prefix.octets + offset, copied);
    }
    if (copied == 64) {
        return copied;
    }
    offset = offset + copied - j->prefix.length; /* now within the message */
    if (offset < j->message.length) {
        rest = j->message.length - offset;
        rest = rest < 64 - copied ? rest : 64 - copied;
        memcpy(out + copied, j->message.octets + offset, rest);
        copied += rest;
    }
    return copied;
}

static const uint8_t *next_block(journey *j) {
    size_t offset = 64 * j->block++, total = j->prefix.length + j->message.length;
    if (offset >= j->prefix.length && offset + 64 <= total) {
        return j->message.octets + (offset - j->prefix.length);
    }
    size_t copied = offset < total ? copy_some(j->room, j, offset) : 0;
    if (copied < 64) {
        memset(j->room + copied, 0, 64 - copied);
        if (offset + copied == total) {
            j->room[copied] = 0x80;
        }
        if (j->block == j->blocks) {
            store_be64(j->room + 56, (uint64_t)total * 8);
        }
    }
    return j->room;
}

void SM2_CORE(sm3_many)(uint8_t (*digests)[32], const sm3_message *prefixes, const sm3_message *messages,
                        size_t count) {
    static const uint8_t idle[64];
    journey journeys[SM3_LANES];
    lanes words[8];
    const uint8_t *blocks[SM3_LANES];
    size_t begun = 0, running = 0;
    uint8_t busy[SM3_LANES] = {0};
    memset(words, 0, sizeof words);
    do {
        for (int i = 0; i < SM3_LANES; i++) {
            if (!busy[i] && begun < count) {
                begin(&journeys[i], prefixes != NULL ? &prefixes[begun] : NULL, &messages[begun], begun);
                for (int k = 0; k < 8; k++) {
                    ((uint32_t *)&words[k])[i] = SM3_START[k];
                }
                busy[i] = 1;
                begun++;
                running++;
            }
            blocks[i] = busy[i] ? next_block(&journeys[i]) : idle;
        }
        compress(words, blocks);
        for (int i = 0; i < SM3_LANES; i++) {
            if (busy[i] && journeys[i].block == journeys[i].blocks) {
                put_digest(digests[journeys[i].number], words, i);
                busy[i] = 0;
                running--;
            }
        }
    } while (running > 0 || begun < count);
    sm2_wipe(journeys, sizeof journeys);
}
