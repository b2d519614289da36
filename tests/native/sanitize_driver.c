/* Calls every function of sm2.h on every path with memory that ends exactly where the contract says, for sanitizers.
 *
 *   sanitize_driver SEED ROUNDS
 *
 * Everything lies in blocks of its own from malloc, so that an octet too far is found. Answers are compared between paths.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm2.h"

static uint64_t state;

static uint64_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

static void fill(uint8_t *out, size_t length) {
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(draw() >> 24);
    }
}

static void *room(size_t length) {
    void *memory = malloc(length);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0xaa, length);
    return memory;
}

static void expect(int holds, const char *what) {
    if (!holds) {
        printf("FAILED: %s\n", what);
        exit(1);
    }
}

static void scalar(uint8_t out[32]) {
    fill(out, 32);
    out[0] &= 0x7f; /* below n, and as good as never 0 */
    if (draw() % 8 == 0) {
        memset(out, 0, 31);
        out[31] |= 1;
    }
}

/* A different block for every element, aligned by nothing but malloc. */
static uint8_t **blocks(size_t count, size_t size) {
    uint8_t **out = room(count * sizeof *out + 1);
    for (size_t i = 0; i < count; i++) {
        out[i] = room(size);
        fill(out[i], size);
    }
    return out;
}

static void release(uint8_t **these, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(these[i]);
    }
    free(these);
}

static void sign_and_verify(const sm2_path *const *paths, size_t count) {
    uint8_t d[32], entropy[32], *first = NULL;
    sm2_private_key key;
    scalar(d);
    fill(entropy, 32);
    expect(sm2_private_key_load(&key, d), "a key loads");
    uint8_t **digests = blocks(count, 32);
    uint8_t(*nonces)[32] = room(count * 32 + 1), (*point)[64] = room(64), *oks = room(count + 1);
    for (size_t i = 0; i < count; i++) {
        fill(nonces[i], 32);
        if (draw() % 16 == 0) {
            memset(nonces[i], draw() % 2 ? 0 : 0xff, 32);
        }
    }
    for (; *paths != NULL; paths++) {
        const sm2_path *path = *paths;
        uint8_t(*signatures)[64] = room(count * 64 + 1);
        free(oks);
        oks = room(count);
        path->sign_with_nonces(signatures, oks, &key, (const uint8_t *const *)digests, (const uint8_t(*)[32])nonces, count);
        if (first == NULL) {
            first = room(count * 64 + 1);
            memcpy(first, signatures, count * 64);
        }
        expect(memcmp(first, signatures, count * 64) == 0, "paths sign alike");
        sm2_sign(path, signatures, &key, (const uint8_t *const *)digests, count, entropy);
        path->base_multiply(point, (const uint8_t(*)[32])d, 1);
        expect(sm2_point_check(point[0]), "a public key is on the curve");
        sm2_table *table = aligned_alloc(64, path->table_size);
        path->table_fill(table, point[0]);
        sm2_public_key *keys = room(2 * sizeof *keys);
        memcpy(keys[0].point, point[0], 64);
        memcpy(keys[1].point, point[0], 64);
        keys[0].table = NULL;
        keys[1].table = table;
        sm2_verification *items = room(count * sizeof *items + 1);
        uint8_t *answers = room(count), *expected = room(count + 1);
        for (size_t i = 0; i < count; i++) {
            items[i] = (sm2_verification){&keys[draw() % 2], digests[i], signatures[i]};
            expected[i] = draw() % 4 != 0;
            if (!expected[i]) {
                signatures[i][draw() % 64] ^= (uint8_t)(1u << (draw() % 8));
            }
        }
        path->verify(answers, items, count);
        expect(memcmp(answers, expected, count) == 0, "answers");
        free(answers);
        free(expected);
        free(items);
        free(keys);
        free(table);
        free(signatures);
    }
    free(first);
    free(oks);
    free(nonces);
    free(point);
    release(digests, count);
    sm2_wipe(&key, sizeof key);
}

static void hash(const sm2_path *const *paths, size_t count) {
    sm3_message *messages = room(count * sizeof *messages + 1), *prefixes = room(count * sizeof *prefixes + 1);
    for (size_t i = 0; i < count; i++) {
        messages[i].length = draw() % 4 ? draw() % 200 : draw() % 3000;
        prefixes[i].length = draw() % 3 ? draw() % 140 : 0;
        messages[i].octets = messages[i].length ? room(messages[i].length) : NULL;
        prefixes[i].octets = prefixes[i].length ? room(prefixes[i].length) : NULL;
        fill((uint8_t *)messages[i].octets, messages[i].length);
        fill((uint8_t *)prefixes[i].octets, prefixes[i].length);
    }
    uint8_t *first = NULL, midstate[32], (*last)[64] = room(count * 64 + 1);
    fill(midstate, 32);
    fill(last[0], count * 64);
    uint32_t words[8];
    memcpy(words, midstate, 32);
    for (; *paths != NULL; paths++) {
        uint8_t(*digests)[32] = room(count * 96);
        (*paths)->sm3_many(digests, prefixes, messages, count);
        (*paths)->sm3_many(digests + count, NULL, messages, count);
        (*paths)->sm3_last_blocks(digests + 2 * count, words, (const uint8_t(*)[64])last, count);
        if (first == NULL) {
            first = (uint8_t *)digests;
            continue;
        }
        expect(memcmp(first, digests, count * 96) == 0, "paths hash alike");
        free(digests);
    }
    free(first);
    free(last);
    for (size_t i = 0; i < count; i++) {
        free((void *)messages[i].octets);
        free((void *)prefixes[i].octets);
    }
    free(messages);
    free(prefixes);
}

static void points(const sm2_path *const *paths) {
    uint8_t *x = room(32), *point = room(64), *k = room(32), *product = room(64);
    fill(x, 32);
    (void)sm2_point_check(point);
    if (sm2_point_decompress(point, x, (int)(draw() % 2))) {
        scalar(k);
        sm2_point_multiply(product, point, k);
        expect(sm2_point_check(point) && sm2_point_check(product), "points on the curve");
    }
    size_t count = draw() % 40;
    uint8_t(*scalars)[32] = room(count * 32 + 1), (*first)[64] = NULL;
    for (size_t i = 0; i < count; i++) {
        scalar(scalars[i]);
    }
    for (; *paths != NULL; paths++) {
        uint8_t(*out)[64] = room(count * 64 + (count == 0));
        (*paths)->base_multiply(out, (const uint8_t(*)[32])scalars, count);
        if (first == NULL) {
            first = out;
            continue;
        }
        expect(memcmp(first, out, count * 64) == 0, "paths multiply alike");
        free(out);
    }
    free(first);
    free(scalars);
    free(x);
    free(point);
    free(k);
    free(product);
}

static void der(void) {
    uint8_t *raw = room(64), *back = room(64), whole[SM2_DER_CAPACITY];
    scalar(raw);
    scalar(raw + 32);
    size_t length = sm2_signature_to_der(whole, raw);
    for (int i = 0; i < 200; i++) {
        size_t cut = i == 0 ? length : draw() % (length + 1);
        uint8_t *exact = room(cut + (cut == 0));
        memcpy(exact, whole, cut);
        if (i > 0 && cut > 0) {
            exact[draw() % cut] = (uint8_t)draw();
            if (cut > 1 && draw() % 2) {
                exact[1] = (uint8_t)(cut - 2);
            }
        }
        int answer = sm2_signature_from_der(back, exact, cut);
        if (i == 0) {
            expect(answer && memcmp(back, raw, 64) == 0, "DER comes back");
        } else if (answer) {
            uint8_t again[SM2_DER_CAPACITY];
            expect(sm2_signature_to_der(again, back) == cut && memcmp(again, exact, cut) == 0, "DER has one form");
        }
        free(exact);
    }
    free(raw);
    free(back);
}

int main(int count, char **arguments) {
    if (count != 3) {
        return 2;
    }
    state = strtoull(arguments[1], NULL, 10) * 2 + 1;
    const sm2_path *const *paths = sm2_paths();
    expect(sm2_path_by_name("unknown") == NULL, "an unknown path is NULL");
    sm2_tables_prepare();
    for (int round = 0; round < atoi(arguments[2]); round++) {
        sign_and_verify(paths, round == 0 ? 300 : draw() % 70); /* more than one chunk once */
        hash(paths, 1 + draw() % 50);
        points(paths);
        der();
    }
    for (; *paths != NULL; paths++) {
        printf("%s ", (*paths)->name);
    }
    printf("done\n");
    return 0;
}
