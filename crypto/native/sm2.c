/* The parts of SM2 that are the same on every path: keys, nonces, the ends of signing and verifying, DER. */
#include "sm2.h"

#include <string.h>

#include "core.h"
#include "digits.h"
#include "point.h"
#include "scalar.h"
#include "secrecy.h"
#include "sm3.h"

void sm2_wipe(void *memory, size_t length) {
    memset(memory, 0, length);
    /* The compiler must assume that the zeros are read. */
    __asm__ volatile("" : : "r"(memory) : "memory");
}

/* ---- private keys ---- */

static const uint64_t ORDER_MINUS_ONE[4] = {0x53bbf40939d54122, 0x7203df6b21c6052b, 0xffffffffffffffff,
                                            0xfffffffeffffffff};

int sm2_scalar_is_private(const uint8_t scalar[32]) {
    uint64_t d[4];
    words_load(d, scalar);
    uint64_t fits = words_below_mask(d, ORDER_MINUS_ONE) & ~words_zero_mask(d);
    sm2_wipe(d, sizeof d);
    PUBLIC(&fits, sizeof fits);
    return fits != 0;
}

int sm2_private_key_load(sm2_private_key *key, const uint8_t scalar[32]) {
    static const uint8_t label[] = "xinyin sm2 nonce";
    sm3_state hash;
    uint64_t sum[4];
    memset(key, 0, sizeof *key);
    if (!sm2_scalar_is_private(scalar)) {
        return 0;
    }
    words_load(key->scalar, scalar);
    (void)words_add(sum, key->scalar, WORDS_ONE); /* at most n - 1 */
    scalar_multiply(sum, sum, ORDER_R2);
    scalar_invert(key->inverse, sum);
    sm3_start(&hash);
    sm3_take(&hash, label, sizeof label - 1);
    sm3_take(&hash, scalar, 32);
    sm3_finish(&hash, key->nonce_key);
    sm2_wipe(sum, sizeof sum);
    return 1;
}

void sm2_private_key_scalar(uint8_t scalar[32], const sm2_private_key *key) {
    words_store(scalar, key->scalar);
}

/* ---- signing ---- */

uint8_t sm2_nonce_load(uint64_t k[4], const uint8_t nonce[32]) {
    words_load(k, nonce);
    uint64_t serves = scalar_in_range_mask(k);
    words_select(k, WORDS_ONE, ~serves);
    PUBLIC(&serves, sizeof serves);
    return (uint8_t)(serves & 1);
}

uint8_t sm2_sign_finish(uint8_t signature[64], const sm2_private_key *key, const uint8_t *digest,
                        const uint64_t k[4], const uint64_t x1[4]) {
    uint64_t e[4], r[4], s[4], sum[4];
    scalar_load_reduced(e, digest);
    scalar_reduce_once(r, x1, 0);
    scalar_add(r, r, e);
    scalar_add(sum, r, k);
    /* s = (1 + d)^-1 (k - r d) = (1 + d)^-1 (k + r) - r */
    scalar_multiply(s, sum, key->inverse);
    scalar_subtract(s, s, r);
    uint64_t fails = words_zero_mask(r) | words_zero_mask(sum) | words_zero_mask(s);
    PUBLIC(&fails, sizeof fails);
    PUBLIC(r, sizeof r);
    PUBLIC(s, sizeof s);
    words_store(signature, r);
    words_store(signature + 32, s);
    sm2_wipe(sum, sizeof sum);
    return (uint8_t)(~fails & 1);
}

enum { NONCES = 256 };

/* The octets after the first block: digest, number of the signature in its call, try, and SM3's padding. */
static void nonce_block(uint8_t block[64], const uint8_t *digest, uint64_t number, uint64_t attempt) {
    memset(block, 0, 64);
    memcpy(block, digest, 32);
    store_be64(block + 32, number);
    store_be64(block + 40, attempt);
    block[48] = 0x80;
    store_be64(block + 56, 8 * (64 + 48));
}

/* Nonces are SM3(nonce key || entropy || e || number || attempt): a good generator makes them random, the key makes
 * them secret and the digest makes them differ even if the generator repeats itself. A nonce outside [1, n-1] or one
 * that does not serve is drawn again, so they are uniform. */
static void draw_nonces(const sm2_path *path, uint8_t (*nonces)[32], const uint32_t midstate[8],
                        const uint8_t *const *digests, const uint64_t *numbers, uint64_t attempt, size_t count) {
    uint8_t blocks[16][64];
    for (size_t start = 0; start < count; start += 16) {
        size_t length = count - start < 16 ? count - start : 16;
        for (size_t i = 0; i < length; i++) {
            nonce_block(blocks[i], digests[start + i], numbers[start + i], attempt);
        }
        path->sm3_last_blocks(nonces + start, midstate, (const uint8_t(*)[64])blocks, length);
    }
}

void sm2_sign(const sm2_path *path, uint8_t (*signatures)[64], const sm2_private_key *key,
              const uint8_t *const *digests, size_t count, const uint8_t entropy[32]) {
    uint8_t nonces[NONCES][32], ok[NONCES], first[64];
    uint64_t numbers[NONCES];
    sm3_state hash;
    memcpy(first, key->nonce_key, 32);
    memcpy(first + 32, entropy, 32);
    sm3_start(&hash);
    sm3_take(&hash, first, 64);
    for (size_t start = 0; start < count; start += NONCES) {
        size_t length = count - start < NONCES ? count - start : NONCES;
        for (size_t i = 0; i < length; i++) {
            numbers[i] = start + i;
        }
        draw_nonces(path, nonces, hash.words, digests + start, numbers, 0, length);
        path->sign_with_nonces(signatures + start, ok, key, digests + start, (const uint8_t(*)[32])nonces, length);
        for (size_t i = 0; i < length; i++) {
            /* Once in 2^32 draws. */
            for (uint64_t attempt = 1; !ok[i]; attempt++) {
                draw_nonces(path, nonces + i, hash.words, digests + start + i, numbers + i, attempt, 1);
                path->sign_with_nonces(signatures + start + i, ok + i, key, digests + start + i,
                                       (const uint8_t(*)[32])(nonces + i), 1);
            }
        }
    }
    sm2_wipe(nonces, sizeof nonces);
    sm2_wipe(first, sizeof first);
    sm2_wipe(&hash, sizeof hash);
}

/* ---- verifying ---- */

int sm2_equation_make(sm2_equation *equation, const sm2_verification *item) {
    uint64_t r[4], e[4];
    words_load(r, item->signature);
    words_load(equation->s, item->signature + 32);
    if (!(scalar_in_range_mask(r) & scalar_in_range_mask(equation->s))) {
        return 0;
    }
    scalar_add(equation->t, r, equation->s);
    if (words_zero_mask(equation->t)) {
        return 0;
    }
    scalar_load_reduced(e, item->digest);
    scalar_subtract(equation->x, r, e);
    return 1;
}

/* ---- points ---- */

static int load_coordinate(element *out, const uint8_t octets[32]) {
    uint64_t number[4];
    words_load(number, octets);
    if (!words_below_mask(number, FIELD_P)) {
        return 0;
    }
    field_enter(out, number);
    return 1;
}

/* out = x^3 - 3x + b */
static void curve_side(element *out, const element *x) {
    element t;
    field_square(&t, x);
    field_multiply(&t, &t, x);
    field_subtract(&t, &t, x);
    field_subtract(&t, &t, x);
    field_subtract(&t, &t, x);
    field_add(out, &t, &CURVE_B);
}

int sm2_point_check(const uint8_t point[64]) {
    element x, y, side;
    if (!load_coordinate(&x, point) || !load_coordinate(&y, point + 32)) {
        return 0;
    }
    curve_side(&side, &x);
    field_square(&y, &y);
    return field_equal_mask(&side, &y) != 0;
}

int sm2_point_decompress(uint8_t point[64], const uint8_t x[32], int sign) {
    element loaded, side, y, square;
    uint64_t number[4];
    if (!load_coordinate(&loaded, x)) {
        return 0;
    }
    curve_side(&side, &loaded);
    field_root(&y, &side);
    field_square(&square, &y);
    if (!field_equal_mask(&square, &side)) {
        return 0;
    }
    field_leave(number, &y);
    if ((int)(number[0] & 1) != sign) {
        field_negate(&y, &y); /* y is not 0: the order is prime, so no point has order two */
        field_leave(number, &y);
    }
    memcpy(point, x, 32);
    words_store(point + 32, number);
    return 1;
}

/* ---- a secret scalar times any point: encryption and its opening ---- */

enum { ANY_WIDTH = 4, ANY_ROWS = 64, ANY_LENGTH = 8 };

static void read_multiple(jacobian *out, const jacobian multiples[ANY_LENGTH], uint64_t index) {
    memset(out, 0, sizeof *out);
    for (uint64_t i = 0; i < ANY_LENGTH; i++) {
        uint64_t difference = i ^ index;
        uint64_t mask = opaque(((difference | (0 - difference)) >> 63) - 1);
        field_select(&out->x, &multiples[i].x, mask);
        field_select(&out->y, &multiples[i].y, mask);
        field_select(&out->z, &multiples[i].z, mask);
    }
}

static void multiply_secret(jacobian *sum, const affine *point, const uint64_t k[4]) {
    jacobian multiples[ANY_LENGTH], twice, entry;
    odd_scalar odd;
    uint64_t negative;
    point_from_affine(&multiples[0], point);
    point_double(&twice, &multiples[0]);
    for (int i = 1; i < ANY_LENGTH; i++) {
        point_add(&multiples[i], &multiples[i - 1], &twice);
    }
    odd_scalar_make(&odd, k, ANY_WIDTH * ANY_ROWS);
    for (int i = ANY_ROWS - 1; i >= 0; i--) {
        element turned;
        uint64_t window = odd_scalar_window(&odd, (unsigned)i * ANY_WIDTH, ANY_WIDTH);
        uint64_t index = odd_digit_index(window, ANY_WIDTH, odd.turn, &negative);
        read_multiple(&entry, multiples, index);
        field_negate(&turned, &entry.y);
        field_select(&entry.y, &turned, negative);
        if (i == ANY_ROWS - 1) {
            *sum = entry;
            continue;
        }
        for (int j = 0; j < ANY_WIDTH; j++) {
            point_double(sum, sum);
        }
        point_add(sum, sum, &entry);
    }
    sm2_wipe(&odd, sizeof odd);
    sm2_wipe(&entry, sizeof entry);
}

void sm2_point_multiply(uint8_t product[64], const uint8_t point[64], const uint8_t scalar[32]) {
    affine p;
    jacobian sum;
    uint64_t k[4];
    element z;
    point_load(&p, point);
    words_load(k, scalar);
    multiply_secret(&sum, &p, k);
    uint64_t rare = field_zero_mask(&sum.z);
    PUBLIC(&rare, sizeof rare);
    for (uint64_t c = 1; rare; c++) {
        /* k is one of the few known numbers where a sum meets equal points: k P = (k - c) P + c P. */
        uint64_t small[4] = {c, 0, 0, 0}, rest[4];
        jacobian other;
        scalar_subtract(rest, k, small);
        if (words_zero_mask(rest)) {
            continue;
        }
        multiply_secret(&sum, &p, rest);
        multiply_secret(&other, &p, small);
        rare = field_zero_mask(&sum.z) | field_zero_mask(&other.z);
        if (!rare) {
            point_add_any(&sum, &sum, &other);
        }
    }
    field_invert(&z, &sum.z);
    point_scale(&p, &sum, &z);
    point_store(product, &p);
    sm2_wipe(k, sizeof k);
    sm2_wipe(&sum, sizeof sum);
}

/* ---- DER ---- */

/* Read one INTEGER of at most 256 bits; returns its end, or 0 if it is not minimal and positive. */
static size_t read_integer(uint8_t out[32], const uint8_t *der, size_t offset, size_t total) {
    if (offset + 2 > total || der[offset] != 0x02) {
        return 0;
    }
    size_t length = der[offset + 1], start = offset + 2;
    if (length == 0 || length > 33 || start + length > total || der[start] >= 0x80) {
        return 0;
    }
    if (der[start] == 0) {
        if (length > 1 && der[start + 1] < 0x80) {
            return 0;
        }
        start++;
        length--;
    } else if (length == 33) {
        return 0;
    }
    memset(out, 0, 32);
    memcpy(out + 32 - length, der + start, length);
    return start + length;
}

int sm2_signature_from_der(uint8_t raw[64], const uint8_t *der, size_t length) {
    uint64_t number[4];
    if (length < 8 || length > SM2_DER_CAPACITY || der[0] != 0x30 || der[1] != length - 2) {
        return 0;
    }
    size_t end = read_integer(raw, der, 2, length);
    if (end == 0) {
        return 0;
    }
    end = read_integer(raw + 32, der, end, length);
    if (end != length) {
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        words_load(number, raw + 32 * i);
        if (!scalar_in_range_mask(number)) {
            return 0;
        }
    }
    return 1;
}

static size_t write_integer(uint8_t *der, const uint8_t number[32]) {
    size_t skip = 0;
    while (skip < 31 && number[skip] == 0) {
        skip++;
    }
    size_t pad = number[skip] >> 7, length = 32 - skip + pad;
    der[0] = 0x02;
    der[1] = (uint8_t)length;
    der[2] = 0;
    memcpy(der + 2 + pad, number + skip, 32 - skip);
    return 2 + length;
}

size_t sm2_signature_to_der(uint8_t der[SM2_DER_CAPACITY], const uint8_t raw[64]) {
    size_t length = 2;
    length += write_integer(der + length, raw);
    length += write_integer(der + length, raw + 32);
    der[0] = 0x30;
    der[1] = (uint8_t)(length - 2);
    return length;
}
