/* Arithmetic modulo the order n of the curve, in constant time. Numbers are four words below n. */
#ifndef XINYIN_SCALAR_H
#define XINYIN_SCALAR_H

#include "words.h"

static const uint64_t ORDER_N[4] = {0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff, 0xfffffffeffffffff};
static const uint64_t ORDER_FACTOR = 0x327f9e8872350975; /* -1/n mod 2^64 */
static const uint64_t ORDER_R2[4] = {0x901192af7c114f20, 0x3464504ade6fa2fa, 0x620fc84c3affe0d4, 0x1eb5e412a22b3d3b};
static const uint64_t WORDS_ONE[4] = {1, 0, 0, 0};

/* out = value (with a fifth word carry) - n if that does not wrap, else value; value < 2n. */
static inline void scalar_reduce_once(uint64_t out[4], const uint64_t value[4], uint64_t carry) {
    uint64_t reduced[4];
    uint64_t keep = opaque(words_subtract(reduced, value, ORDER_N) & (carry - 1));
    for (int i = 0; i < 4; i++) {
        out[i] = reduced[i] ^ (keep & (reduced[i] ^ value[i]));
    }
}

static inline void scalar_add(uint64_t out[4], const uint64_t left[4], const uint64_t right[4]) {
    uint64_t sum[4];
    uint64_t carry = words_add(sum, left, right);
    scalar_reduce_once(out, sum, carry);
}

static inline void scalar_subtract(uint64_t out[4], const uint64_t left[4], const uint64_t right[4]) {
    uint64_t mask = opaque(words_subtract(out, left, right));
    const uint64_t n[4] = {mask & ORDER_N[0], mask & ORDER_N[1], mask, mask & ORDER_N[3]};
    (void)words_add(out, out, n);
}

/* Any 256-bit number modulo n: it is below 2n. */
static inline void scalar_load_reduced(uint64_t out[4], const uint8_t octets[32]) {
    uint64_t value[4];
    words_load(value, octets);
    scalar_reduce_once(out, value, 0);
}

/* out = left * right / 2^256 mod n. out may be an input. */
static inline void scalar_multiply(uint64_t out[4], const uint64_t left[4], const uint64_t right[4]) {
    uint64_t t[5] = {0};
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0, over = 0, m;
        for (int j = 0; j < 4; j++) {
            t[j] = multiply_add(t[j], left[j], right[i], &carry);
        }
        t[4] = add_carry(t[4], carry, &over);
        m = t[0] * ORDER_FACTOR;
        carry = 0;
        (void)multiply_add(t[0], m, ORDER_N[0], &carry);
        for (int j = 1; j < 4; j++) {
            t[j - 1] = multiply_add(t[j], m, ORDER_N[j], &carry);
        }
        uint64_t next = 0;
        t[3] = add_carry(t[4], carry, &next);
        t[4] = over + next;
    }
    scalar_reduce_once(out, t, t[4]);
}

/* out = value^(n - 2), the inverse, both in Montgomery form. The exponent is public. */
static inline void scalar_invert(uint64_t out[4], const uint64_t value[4]) {
    uint64_t powers[16][4], result[4];
    memcpy(powers[1], value, 32);
    for (int i = 2; i < 16; i++) {
        scalar_multiply(powers[i], powers[i - 1], value);
    }
    const uint64_t exponent[4] = {ORDER_N[0] - 2, ORDER_N[1], ORDER_N[2], ORDER_N[3]};
    memcpy(result, powers[exponent[3] >> 60], 32); /* the first digit is 15 */
    for (int position = 248; position >= 0; position -= 4) {
        for (int i = 0; i < 4; i++) {
            scalar_multiply(result, result, result);
        }
        unsigned digit = (unsigned)(exponent[position / 64] >> (position % 64)) & 15;
        if (digit != 0) {
            scalar_multiply(result, result, powers[digit]);
        }
    }
    memcpy(out, result, 32);
}

/* All ones if 1 <= value < n, else 0. */
static inline uint64_t scalar_in_range_mask(const uint64_t value[4]) {
    return words_below_mask(value, ORDER_N) & ~words_zero_mask(value);
}

#endif
