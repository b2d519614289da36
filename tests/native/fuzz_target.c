/* libFuzzer's target: octets from outside meet the DER reader, points, verification and many-lane hashing.
 *
 * What it judges itself: DER has one form; a decompressed point is on the curve and compresses back; every path gives the
 * same answers; a signature made here verifies, and with the input's change to it does not.
 */
#include <stdlib.h>
#include <string.h>

#include "sm2.h"

enum { MANY = 12 };

static void expect(int holds) {
    if (!holds) {
        abort();
    }
}

static void der(const uint8_t *data, size_t size) {
    uint8_t raw[64], again[SM2_DER_CAPACITY];
    if (sm2_signature_from_der(raw, data, size)) {
        expect(sm2_signature_to_der(again, raw) == size && memcmp(again, data, size) == 0);
    }
}

static void decompress(const uint8_t *data, size_t size) {
    uint8_t point[64];
    if (size >= 33 && sm2_point_decompress(point, data + 1, data[0] & 1)) {
        expect(sm2_point_check(point) && memcmp(point, data + 1, 32) == 0 && (point[63] & 1) == (data[0] & 1));
    }
    if (size >= 64 && sm2_point_check(data)) {
        expect(sm2_point_decompress(point, data, data[63] & 1) && memcmp(point, data, 64) == 0);
    }
}

/* d, e, nonce and a change to the signature; one octet says how many copies are verified together. */
static void sign(const uint8_t *data, size_t size) {
    uint8_t first[64] = {0}, point[1][64], ok;
    sm2_private_key key;
    int have = 0;
    if (size < 96 + 64 + 1 || !sm2_private_key_load(&key, data)) {
        return;
    }
    const uint8_t *digest = data + 32, *change = data + 96;
    size_t count = 1 + data[160] % MANY;
    for (const sm2_path *const *path = sm2_paths(); *path != NULL; path++) {
        uint8_t signatures[MANY][64], oks[MANY], nonces[MANY][32], answers[MANY];
        const uint8_t *digests[MANY];
        sm2_verification items[MANY];
        for (size_t i = 0; i < count; i++) {
            memcpy(nonces[i], data + 64, 32);
            digests[i] = digest;
        }
        (*path)->sign_with_nonces(signatures, oks, &key, digests, (const uint8_t(*)[32])nonces, count);
        if (!have) {
            memcpy(first, signatures[0], 64);
            ok = oks[0];
            have = 1;
        }
        for (size_t i = 0; i < count; i++) {
            expect(oks[i] == ok && memcmp(signatures[i], first, 64) == 0);
        }
        if (!ok) {
            continue;
        }
        (*path)->base_multiply(point, (const uint8_t(*)[32])data, 1);
        sm2_public_key public = {.table = NULL};
        memcpy(public.point, point[0], 64);
        int changed = 0;
        for (size_t i = 0; i < count; i++) {
            items[i] = (sm2_verification){&public, digest, signatures[i]};
        }
        for (size_t i = 0; i < 64; i++) { /* the last copy */
            signatures[count - 1][i] ^= change[i];
            changed |= change[i];
        }
        (*path)->verify(answers, items, count);
        for (size_t i = 0; i < count; i++) {
            expect(answers[i] == (i + 1 < count || !changed));
        }
    }
}

/* A key by its x, and anything as digest and signature: only agreement can be asked. */
static void verify(const uint8_t *data, size_t size) {
    static sm2_table *table;
    sm2_public_key keys[2] = {{.table = NULL}, {.table = NULL}};
    if (size < 33 + 96 || !sm2_point_decompress(keys[0].point, data + 1, data[0] & 1)) {
        return;
    }
    memcpy(keys[1].point, keys[0].point, 64);
    int expected = -1;
    for (const sm2_path *const *path = sm2_paths(); *path != NULL; path++) {
        sm2_verification items[MANY];
        uint8_t answers[MANY];
        size_t count = 2 + data[0] / 2 % (MANY - 1);
        if (table == NULL && (table = aligned_alloc(64, (*path)->table_size)) == NULL) {
            abort();
        }
        (*path)->table_fill(table, keys[0].point);
        keys[1].table = table;
        for (size_t i = 0; i < count; i++) {
            items[i] = (sm2_verification){&keys[i % 2], data + 33, data + 65};
        }
        (*path)->verify(answers, items, count);
        for (size_t i = 0; i < count; i++) {
            expected = expected < 0 ? answers[i] : expected;
            expect(answers[i] == expected);
        }
    }
}

static void hash(const uint8_t *data, size_t size) {
    sm3_message prefixes[MANY], messages[MANY];
    uint8_t first[MANY][32], digests[MANY][32];
    size_t count = 0, place = 0;
    while (count < MANY && place < size) {
        size_t length = (size_t)data[place++] * 2, left = size - place, cut;
        length = length < left ? length : left;
        cut = length / 3;
        prefixes[count] = (sm3_message){data + place, cut};
        messages[count++] = (sm3_message){data + place + cut, length - cut};
        place += length;
    }
    if (count == 0) {
        return;
    }
    for (const sm2_path *const *path = sm2_paths(); *path != NULL; path++) {
        uint8_t(*out)[32] = path == sm2_paths() ? first : digests;
        (*path)->sm3_many(out, prefixes, messages, count);
        expect(memcmp(first, out, 32 * count) == 0);
        for (size_t i = 0; i < count; i++) { /* prefix and message side by side in memory are one message */
            messages[i].octets -= prefixes[i].length;
            messages[i].length += prefixes[i].length;
        }
        (*path)->sm3_many(digests, NULL, messages, count);
        expect(memcmp(first, digests, 32 * count) == 0);
        for (size_t i = 0; i < count; i++) {
            messages[i].octets += prefixes[i].length;
            messages[i].length -= prefixes[i].length;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sm2_tables_prepare();
    if (size == 0) {
        return 0;
    }
    switch (data[0] % 5) {
        case 0: der(data + 1, size - 1); break;
        case 1: decompress(data + 1, size - 1); break;
        case 2: sign(data + 1, size - 1); break;
        case 3: verify(data + 1, size - 1); break;
        default: hash(data + 1, size - 1); break;
    }
    return 0;
}
