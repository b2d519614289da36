/* Arithmetic modulo p in eight lanes: limb i of lane k is element k of vector i.
 *
 * An element is five limbs of 52 bits, in Montgomery form for 2^260. Since p is four bits shorter than 2^260, a product
 * of inputs below A p and B p is below (A B / 16 + 1) p without any comparison. Bounds stand beside each function as
 * multiples of p. "Loose" limbs are sums and differences whose limbs have not passed their carries on (they may be
 * negative); products take limbs that have.
 *
 * A product is first ten loose columns, then a fold, then carries. Sums of products are taken on the columns, so that
 * they are folded once, and other summands are added after the fold, so that they need no carries of their own.
 *
 * p = -1 + q1 2^52 - 2^104 + q4 2^208 with q1 = 2^52 - 2^44 + 2^12 and q4 = 2^48 - 2^16, so a reduction step that adds
 * m p costs two multiplications instead of five, and its factor m is the lowest limb itself.
 */
#ifndef XINYIN_LANE_FIELD_H
#define XINYIN_LANE_FIELD_H

#include <string.h>

#include "lane_tables.h"

/* Products are calls: copies of them in every formula would not fit the processor's store of decoded instructions,
 * which costs a fifth of the speed. */
#define LANE_PRODUCT static __attribute__((noinline))

typedef uint64_t lane8 __attribute__((vector_size(64)));
typedef int64_t signed8 __attribute__((vector_size(64)));

typedef struct {
    lane8 l[LIMBS];
} lane_element;

static inline lane8 all_lanes(uint64_t value) {
    return (lane8){value, value, value, value, value, value, value, value};
}

#ifdef __AVX512IFMA__
#include <immintrin.h>
static inline lane8 add_low(lane8 sum, lane8 left, lane8 right) {
    return (lane8)_mm512_madd52lo_epu64((__m512i)sum, (__m512i)left, (__m512i)right);
}
static inline lane8 add_high(lane8 sum, lane8 left, lane8 right) {
    return (lane8)_mm512_madd52hi_epu64((__m512i)sum, (__m512i)left, (__m512i)right);
}
#else
static inline lane8 add_low(lane8 sum, lane8 left, lane8 right) {
    for (int i = 0; i < 8; i++) {
        sum[i] += (uint64_t)((uint128_t)(left[i] & LIMB_MASK) * (right[i] & LIMB_MASK)) & LIMB_MASK;
    }
    return sum;
}
static inline lane8 add_high(lane8 sum, lane8 left, lane8 right) {
    for (int i = 0; i < 8; i++) {
        sum[i] += (uint64_t)(((uint128_t)(left[i] & LIMB_MASK) * (right[i] & LIMB_MASK)) >> LIMB_BITS);
    }
    return sum;
}
#endif

/* The carry that leaves a limb, with its sign. */
static inline lane8 carry_of(lane8 limb) {
    return (lane8)((signed8)limb >> LIMB_BITS);
}

/* 2p and 4p, limb by limb. */
#define LIMBS_OF_P {0xfffffffffffff, 0xff00000000fff, 0xfffffffffffff, 0xfffffffffffff, 0xfffffffeffff}
static const uint64_t P_LIMBS[LIMBS] = LIMBS_OF_P;

/* Pass carries on; the value must not be negative. */
static inline void lane_carry(lane_element *e) {
    const lane8 mask = all_lanes(LIMB_MASK);
    for (int i = 0; i < LIMBS - 1; i++) {
        e->l[i + 1] += carry_of(e->l[i]);
        e->l[i] &= mask;
    }
}

/* From loose limbs of a value between 0.5 p and 15 p to the same value modulo p, below 1.01 p, carries passed. Limbs 0
 * to 3 together may stand for no less than -8 * 2^208. What stands above bit 256, less those 8, is taken off as q p with
 * q from 0 to 15: as -q (2^48 - 2^16) modulo 2^52 in limb 4, where what is left is positive and below 2^49, and as
 * q (2^44 - 2^12) in limb 1. */
static inline void lane_reduce(lane_element *e) {
    lane8 q = (lane8)((signed8)(e->l[4] - 8) >> 48);
    e->l[0] += q;
    e->l[1] = add_low(e->l[1], q, all_lanes(0xffffffff000));
    e->l[4] = add_low(e->l[4], q, all_lanes(0xf000000010000));
    lane_carry(e);
    e->l[4] &= all_lanes(LIMB_MASK);
}

/* out = left - right + multiple * p, loose. */
static inline void lane_subtract_loose(lane_element *out, const lane_element *left, const lane_element *right,
                                       uint64_t multiple) {
    for (int i = 0; i < LIMBS; i++) {
        out->l[i] = left->l[i] - right->l[i] + all_lanes(multiple * P_LIMBS[i]);
    }
}

/* Ten columns; column i stands for its value times 2^(52 i). Those of one product are below 10 * 2^52. */
typedef struct {
    lane8 c[2 * LIMBS];
} lane_columns;

static inline void columns_multiply(lane_columns *out, const lane_element *left, const lane_element *right) {
    lane8 c[2 * LIMBS] = {{0}}, high[2 * LIMBS] = {{0}};
    for (int i = 0; i < LIMBS; i++) {
        for (int j = 0; j < LIMBS; j++) {
            c[i + j] = add_low(c[i + j], left->l[i], right->l[j]);
            high[i + j + 1] = add_high(high[i + j + 1], left->l[i], right->l[j]);
        }
    }
    for (int i = 0; i < 2 * LIMBS; i++) {
        out->c[i] = c[i] + high[i];
    }
}

static inline void columns_square(lane_columns *out, const lane_element *value) {
    lane8 c[2 * LIMBS] = {{0}}, high[2 * LIMBS] = {{0}};
    for (int i = 0; i < LIMBS; i++) {
        for (int j = i + 1; j < LIMBS; j++) {
            c[i + j] = add_low(c[i + j], value->l[i], value->l[j]);
            high[i + j + 1] = add_high(high[i + j + 1], value->l[i], value->l[j]);
        }
    }
    for (int i = 1; i < 2 * LIMBS; i++) {
        c[i] += high[i];
        c[i] += c[i];
    }
    for (int i = 0; i < LIMBS; i++) {
        c[2 * i] = add_low(c[2 * i], value->l[i], value->l[i]);
        c[2 * i + 1] = add_high(c[2 * i + 1], value->l[i], value->l[i]);
    }
    memcpy(out->c, c, sizeof c);
}

/* Five reduction steps: from columns (each within +-2^62) of V p^2 to loose limbs between V / 16 p and (V / 16 + 1) p.
 * V may be negative. */
static inline void lane_fold(lane_element *out, lane_columns *columns) {
    const lane8 mask = all_lanes(LIMB_MASK), q1 = all_lanes(0xff00000001000), q4 = all_lanes(0xffffffff0000);
    lane8 *c = columns->c;
    for (int i = 0; i < LIMBS; i++) {
        lane8 m = c[i] & mask;
        c[i + 1] += carry_of(c[i]);
        c[i + 1] = add_low(c[i + 1], m, q1);
        c[i + 2] = add_high(c[i + 2], m, q1) - m;
        c[i + 4] = add_low(c[i + 4], m, q4);
        c[i + 5] = add_high(c[i + 5], m, q4);
    }
    for (int i = 0; i < LIMBS; i++) {
        out->l[i] = c[i + LIMBS];
    }
}

/* A p, B p -> (A B / 16 + 1) p, loose. */
LANE_PRODUCT void lane_multiply_loose(lane_element *out, const lane_element *left, const lane_element *right) {
    lane_columns c;
    columns_multiply(&c, left, right);
    lane_fold(out, &c);
}

/* A p -> (A A / 16 + 1) p, loose. */
LANE_PRODUCT void lane_square_loose(lane_element *out, const lane_element *value) {
    lane_columns c;
    columns_square(&c, value);
    lane_fold(out, &c);
}

/* A p, B p -> (A B / 16 + 1) p */
LANE_PRODUCT void lane_multiply(lane_element *out, const lane_element *left, const lane_element *right) {
    lane_columns c;
    columns_multiply(&c, left, right);
    lane_fold(out, &c);
    lane_carry(out);
}

/* A p -> (A A / 16 + 1) p */
LANE_PRODUCT void lane_square(lane_element *out, const lane_element *value) {
    lane_columns c;
    columns_square(&c, value);
    lane_fold(out, &c);
    lane_carry(out);
}

/* out = a b - c d + p: A p, B p, C p, D p -> between (1 - C D / 16) p and (A B / 16 + 2) p, for C D up to 16. */
LANE_PRODUCT void lane_multiply_less(lane_element *out, const lane_element *a, const lane_element *b,
                                     const lane_element *c, const lane_element *d) {
    lane_columns sum, minus;
    columns_multiply(&sum, a, b);
    columns_multiply(&minus, c, d);
    for (int i = 0; i < 2 * LIMBS; i++) {
        sum.c[i] -= minus.c[i];
    }
    lane_fold(out, &sum);
    for (int i = 0; i < LIMBS; i++) {
        out->l[i] += all_lanes(P_LIMBS[i]);
    }
    lane_carry(out);
}

/* out = a b - 8 c^2 + 2p: A p, B p, C p -> between (2 - C C / 2) p and (A B / 16 + 3) p, for C up to 2. */
LANE_PRODUCT void lane_multiply_less_eight_squares(lane_element *out, const lane_element *a, const lane_element *b,
                                                   const lane_element *c) {
    lane_columns sum, minus;
    columns_multiply(&sum, a, b);
    columns_square(&minus, c);
    for (int i = 0; i < 2 * LIMBS; i++) {
        sum.c[i] -= minus.c[i] << 3;
    }
    lane_fold(out, &sum);
    for (int i = 0; i < LIMBS; i++) {
        out->l[i] += all_lanes(2 * P_LIMBS[i]);
    }
    lane_carry(out);
}

static inline void lane_square_times(lane_element *value, int times) {
    for (int i = 0; i < times; i++) {
        lane_square(value, value);
    }
}

/* From eight times four words below 2^256. */
static inline void lane_from_words(lane_element *out, const lane8 w[4]) {
    const lane8 mask = all_lanes(LIMB_MASK);
    out->l[0] = w[0] & mask;
    out->l[1] = (w[0] >> 52 | w[1] << 12) & mask;
    out->l[2] = (w[1] >> 40 | w[2] << 24) & mask;
    out->l[3] = (w[2] >> 28 | w[3] << 36) & mask;
    out->l[4] = w[3] >> 16;
}

/* To eight times four words; the value is below 2^256 and its carries are passed on. */
static inline void lane_to_words(lane8 w[4], const lane_element *e) {
    w[0] = e->l[0] | e->l[1] << 52;
    w[1] = e->l[1] >> 12 | e->l[2] << 40;
    w[2] = e->l[2] >> 24 | e->l[3] << 28;
    w[3] = e->l[3] >> 36 | e->l[4] << 16;
}

static inline void lane_constant(lane_element *out, const uint64_t limbs[LIMBS]) {
    for (int i = 0; i < LIMBS; i++) {
        out->l[i] = all_lanes(limbs[i]);
    }
}

/* Out of Montgomery form, at most p (p itself may stand for 0). */
static inline void lane_leave(lane_element *out, const lane_element *value) {
    static const uint64_t one[LIMBS] = {1};
    lane_element factor;
    lane_constant(&factor, one);
    lane_multiply(out, value, &factor);
}

/* All ones in the lanes whose value is 0 modulo p; for values at most p with carries passed. */
static inline lane8 lane_zero_mask(const lane_element *e) {
    lane8 any = {0}, differs = {0};
    for (int i = 0; i < LIMBS; i++) {
        any |= e->l[i];
        differs |= e->l[i] ^ all_lanes(P_LIMBS[i]);
    }
    return (lane8)((any == 0) | (differs == 0));
}

static inline void lane_select(lane_element *out, const lane_element *chosen, lane8 mask) {
    for (int i = 0; i < LIMBS; i++) {
        out->l[i] ^= mask & (out->l[i] ^ chosen->l[i]);
    }
}

/* value^(p - 2); the chain of field_invert. */
static inline void lane_invert(lane_element *out, const lane_element *value) {
    lane_element t = *value, twos, fours, tens, ones30, ones31, ones32;
    lane_square(&t, value);
    lane_multiply(&twos, &t, value);
    t = twos;
    lane_square_times(&t, 2);
    lane_multiply(&fours, &t, &twos);
    t = fours;
    lane_square_times(&t, 2);
    lane_multiply(&t, &t, &twos); /* 6 ones */
    lane_square_times(&t, 4);
    lane_multiply(&tens, &t, &fours);
    t = tens;
    lane_square_times(&t, 10);
    lane_multiply(&t, &t, &tens);
    lane_square_times(&t, 10);
    lane_multiply(&ones30, &t, &tens);
    lane_square(&t, &ones30);
    lane_multiply(&ones31, &t, value);
    lane_square(&t, &ones31);
    lane_multiply(&ones32, &t, value);
    t = ones31;
    lane_square_times(&t, 33);
    lane_multiply(&t, &t, &ones32);
    for (int i = 0; i < 3; i++) {
        lane_square_times(&t, 32);
        lane_multiply(&t, &t, &ones32);
    }
    lane_square_times(&t, 64);
    lane_multiply(&t, &t, &ones32);
    lane_square_times(&t, 30);
    lane_multiply(&t, &t, &ones30);
    lane_square_times(&t, 2);
    lane_multiply(out, &t, value);
}

#endif
