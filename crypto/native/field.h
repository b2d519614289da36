/* Arithmetic modulo p = 2^256 - 2^224 - 2^96 + 2^64 - 1, in constant time.
 *
 * An element is four words below p in Montgomery form: x stands for x * 2^256 mod p. Since p = -1 mod 2^64, the
 * factor that clears the lowest word in a reduction step is that word itself, and since p is a sum of five powers of
 * two, the step is done with shifts and additions: no multiplication.
 */
#ifndef XINYIN_FIELD_H
#define XINYIN_FIELD_H

#include "words.h"

typedef struct {
    uint64_t w[4];
} element;

static const uint64_t FIELD_P[4] = {0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff, 0xfffffffeffffffff};
static const element FIELD_ZERO = {{0, 0, 0, 0}};
static const element FIELD_ONE = {{0x0000000000000001, 0x00000000ffffffff, 0x0000000000000000, 0x0000000100000000}};

/* Montgomery form of 2^256, so that multiplying by it takes a number into Montgomery form. */
static const element FIELD_R2 = {{0x0000000200000003, 0x00000002ffffffff, 0x0000000100000001, 0x0000000400000002}};

/* out = value (with a fifth word carry, 0 or 1) - p if that does not wrap, else value; value < 2p. */
static inline void field_reduce_once(element *out, const uint64_t value[4], uint64_t carry) {
    /* Take p away, and give it back if that wrapped and there was no carry to take from. */
    uint64_t back = opaque(words_subtract(out->w, value, FIELD_P) & (carry - 1));
    const uint64_t p[4] = {back, back & FIELD_P[1], back, back & FIELD_P[3]};
    (void)words_add(out->w, out->w, p);
}

static inline void field_add(element *out, const element *left, const element *right) {
    uint64_t sum[4];
    uint64_t carry = words_add(sum, left->w, right->w);
    field_reduce_once(out, sum, carry);
}

static inline void field_subtract(element *out, const element *left, const element *right) {
    uint64_t mask = opaque(words_subtract(out->w, left->w, right->w));
    const uint64_t p[4] = {mask, mask & FIELD_P[1], mask, mask & FIELD_P[3]};
    (void)words_add(out->w, out->w, p);
}

/* out = value / 2 */
static inline void field_halve(element *out, const element *value) {
    uint64_t odd = opaque(0 - (value->w[0] & 1)), sum[4];
    const uint64_t p[4] = {odd, odd & FIELD_P[1], odd, odd & FIELD_P[3]};
    uint64_t carry = words_add(sum, value->w, p);
    for (int i = 0; i < 3; i++) {
        out->w[i] = sum[i] >> 1 | sum[i + 1] << 63;
    }
    out->w[3] = sum[3] >> 1 | carry << 63;
}

static inline void field_negate(element *out, const element *value) {
    field_subtract(out, &FIELD_ZERO, value);
}

/* One Montgomery step: add t[0] * p to t[0..4], which clears t[0], and drop that word. */
static inline void field_shift_word(uint64_t t[5]) {
    /* -m has met t[0]; what is left of m * p is m * (2^64 - 2^96 - 2^224 + 2^256), here word by word from 2^64 on. */
    uint64_t m = t[0], low = m << 32, high = m >> 32, a = m, b = 0, c = 0, d = m, over = 0;
#ifdef XINYIN_X86_CHAINS
    __asm__("subq %[l], %[a]\n\tsbbq %[h], %[b]\n\tsbbq %[l], %[c]\n\tsbbq %[h], %[d]"
            : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d)
            : [l] "r"(low), [h] "r"(high)
            : "cc");
    __asm__("addq %[t1], %[a]\n\tadcq %[t2], %[b]\n\tadcq %[t3], %[c]\n\tadcq %[t4], %[d]\n\tadcq $0, %[o]"
            : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [o] "+&r"(over)
            : [t1] "rm"(t[1]), [t2] "rm"(t[2]), [t3] "rm"(t[3]), [t4] "rm"(t[4])
            : "cc");
#else
    uint64_t borrow = 0;
    a = subtract_borrow(a, low, &borrow);
    b = subtract_borrow(b, high, &borrow);
    c = subtract_borrow(c, low, &borrow);
    d = subtract_borrow(d, high, &borrow);
    a = add_carry(a, t[1], &over);
    b = add_carry(b, t[2], &over);
    c = add_carry(c, t[3], &over);
    d = add_carry(d, t[4], &over);
#endif
    t[0] = a, t[1] = b, t[2] = c, t[3] = d, t[4] = over;
}

/* t[0..4] += left * right; it fits, since left and t / 2 are below p, and p (2^64 + 1) is below 2^320. */
static inline void field_add_row(uint64_t t[5], const uint64_t left[4], uint64_t right) {
#ifdef XINYIN_X86_CHAINS
    uint128_t p0 = (uint128_t)left[0] * right, p1 = (uint128_t)left[1] * right;
    uint128_t p2 = (uint128_t)left[2] * right, p3 = (uint128_t)left[3] * right;
    uint64_t h0 = (uint64_t)(p0 >> 64), h1 = (uint64_t)(p1 >> 64), h2 = (uint64_t)(p2 >> 64), h3 = (uint64_t)(p3 >> 64);
    __asm__("addq %[l1], %[h0]\n\tadcq %[l2], %[h1]\n\tadcq %[l3], %[h2]\n\tadcq $0, %[h3]"
            : [h0] "+&r"(h0), [h1] "+&r"(h1), [h2] "+&r"(h2), [h3] "+&r"(h3)
            : [l1] "r"((uint64_t)p1), [l2] "r"((uint64_t)p2), [l3] "r"((uint64_t)p3)
            : "cc");
    __asm__("addq %[l0], %[t0]\n\tadcq %[h0], %[t1]\n\tadcq %[h1], %[t2]\n\tadcq %[h2], %[t3]\n\tadcq %[h3], %[t4]"
            : [t0] "+&r"(t[0]), [t1] "+&r"(t[1]), [t2] "+&r"(t[2]), [t3] "+&r"(t[3]), [t4] "+&r"(t[4])
            : [l0] "r"((uint64_t)p0), [h0] "r"(h0), [h1] "r"(h1), [h2] "r"(h2), [h3] "r"(h3)
            : "cc");
#else
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
        t[j] = multiply_add(t[j], left[j], right, &carry);
    }
    t[4] += carry;
#endif
}

/* out = left * right / 2^256 mod p. out may be an input. */
static inline void field_multiply(element *out, const element *left, const element *right) {
    uint64_t t[5] = {0};
    field_add_row(t, left->w, right->w[0]);
    field_shift_word(t);
    field_add_row(t, left->w, right->w[1]);
    field_shift_word(t);
    field_add_row(t, left->w, right->w[2]);
    field_shift_word(t);
    field_add_row(t, left->w, right->w[3]);
    field_shift_word(t);
    field_reduce_once(out, t, t[4]);
}

/* t[0..7] = value^2 */
static inline void field_square_wide(uint64_t t[8], const uint64_t a[4]) {
    uint128_t p01 = (uint128_t)a[0] * a[1], p02 = (uint128_t)a[0] * a[2], p03 = (uint128_t)a[0] * a[3];
    uint128_t p12 = (uint128_t)a[1] * a[2], p13 = (uint128_t)a[1] * a[3], p23 = (uint128_t)a[2] * a[3];
    uint128_t s0 = (uint128_t)a[0] * a[0], s1 = (uint128_t)a[1] * a[1];
    uint128_t s2 = (uint128_t)a[2] * a[2], s3 = (uint128_t)a[3] * a[3];
    /* Products of different words once: columns 1 to 6. */
    uint64_t c1 = (uint64_t)p01, c2 = (uint64_t)(p01 >> 64), c3 = (uint64_t)(p02 >> 64), c4 = (uint64_t)(p03 >> 64);
    uint64_t c5 = (uint64_t)(p13 >> 64), c6 = (uint64_t)(p23 >> 64), c7 = 0;
#ifdef XINYIN_X86_CHAINS
    __asm__("addq %[x], %[c2]\n\tadcq %[y], %[c3]\n\tadcq %[z], %[c4]\n\tadcq $0, %[c5]\n\tadcq $0, %[c6]"
            : [c2] "+&r"(c2), [c3] "+&r"(c3), [c4] "+&r"(c4), [c5] "+&r"(c5), [c6] "+&r"(c6)
            : [x] "r"((uint64_t)p02), [y] "r"((uint64_t)p03), [z] "r"((uint64_t)p13)
            : "cc");
    __asm__("addq %[x], %[c3]\n\tadcq %[y], %[c4]\n\tadcq %[z], %[c5]\n\tadcq $0, %[c6]"
            : [c3] "+&r"(c3), [c4] "+&r"(c4), [c5] "+&r"(c5), [c6] "+&r"(c6)
            : [x] "r"((uint64_t)p12), [y] "r"((uint64_t)(p12 >> 64)), [z] "r"((uint64_t)p23)
            : "cc");
    /* Doubled. */
    __asm__("addq %[c1], %[c1]\n\tadcq %[c2], %[c2]\n\tadcq %[c3], %[c3]\n\tadcq %[c4], %[c4]\n\t"
            "adcq %[c5], %[c5]\n\tadcq %[c6], %[c6]\n\tadcq $0, %[c7]"
            : [c1] "+&r"(c1), [c2] "+&r"(c2), [c3] "+&r"(c3), [c4] "+&r"(c4), [c5] "+&r"(c5), [c6] "+&r"(c6),
              [c7] "+&r"(c7)
            :
            : "cc");
    /* And the squares. */
    __asm__("addq %[x], %[c1]\n\tadcq %[y], %[c2]\n\tadcq %[z], %[c3]\n\tadcq %[u], %[c4]\n\t"
            "adcq %[v], %[c5]\n\tadcq %[w], %[c6]\n\tadcq %[q], %[c7]"
            : [c1] "+&r"(c1), [c2] "+&r"(c2), [c3] "+&r"(c3), [c4] "+&r"(c4), [c5] "+&r"(c5), [c6] "+&r"(c6),
              [c7] "+&r"(c7)
            : [x] "rm"((uint64_t)(s0 >> 64)), [y] "rm"((uint64_t)s1), [z] "rm"((uint64_t)(s1 >> 64)),
              [u] "rm"((uint64_t)s2), [v] "rm"((uint64_t)(s2 >> 64)), [w] "rm"((uint64_t)s3),
              [q] "rm"((uint64_t)(s3 >> 64))
            : "cc");
#else
    uint64_t carry = 0;
    c2 = add_carry(c2, (uint64_t)p02, &carry);
    c3 = add_carry(c3, (uint64_t)p03, &carry);
    c4 = add_carry(c4, (uint64_t)p13, &carry);
    c5 = add_carry(c5, 0, &carry);
    c6 += carry;
    carry = 0;
    c3 = add_carry(c3, (uint64_t)p12, &carry);
    c4 = add_carry(c4, (uint64_t)(p12 >> 64), &carry);
    c5 = add_carry(c5, (uint64_t)p23, &carry);
    c6 += carry;
    c7 = c6 >> 63;
    c6 = c6 << 1 | c5 >> 63;
    c5 = c5 << 1 | c4 >> 63;
    c4 = c4 << 1 | c3 >> 63;
    c3 = c3 << 1 | c2 >> 63;
    c2 = c2 << 1 | c1 >> 63;
    c1 <<= 1;
    carry = 0;
    c1 = add_carry(c1, (uint64_t)(s0 >> 64), &carry);
    c2 = add_carry(c2, (uint64_t)s1, &carry);
    c3 = add_carry(c3, (uint64_t)(s1 >> 64), &carry);
    c4 = add_carry(c4, (uint64_t)s2, &carry);
    c5 = add_carry(c5, (uint64_t)(s2 >> 64), &carry);
    c6 = add_carry(c6, (uint64_t)s3, &carry);
    c7 = add_carry(c7, (uint64_t)(s3 >> 64), &carry);
#endif
    t[0] = (uint64_t)s0, t[1] = c1, t[2] = c2, t[3] = c3, t[4] = c4, t[5] = c5, t[6] = c6, t[7] = c7;
}

static inline void field_square(element *out, const element *value) {
    uint64_t t[8], high[4];
    field_square_wide(t, value->w);
    /* Four steps on the low half, which stays below 2^256; what leaves them meets the high half. */
    uint64_t low[5] = {t[0], t[1], t[2], t[3], 0};
    field_shift_word(low);
    field_shift_word(low);
    field_shift_word(low);
    field_shift_word(low);
    uint64_t carry = words_add(high, low, t + 4);
    field_reduce_once(out, high, carry);
}

/* All ones if equal, else 0. */
static inline uint64_t field_equal_mask(const element *left, const element *right) {
    uint64_t difference[4];
    for (int i = 0; i < 4; i++) {
        difference[i] = left->w[i] ^ right->w[i];
    }
    return words_zero_mask(difference);
}

static inline uint64_t field_zero_mask(const element *value) {
    return words_zero_mask(value->w);
}

static inline void field_select(element *out, const element *chosen, uint64_t mask) {
    words_select(out->w, chosen->w, mask);
}

/* Into Montgomery form; the number is below p. */
static inline void field_enter(element *out, const uint64_t number[4]) {
    element plain;
    memcpy(plain.w, number, sizeof plain.w);
    field_multiply(out, &plain, &FIELD_R2);
}

/* Out of Montgomery form; the number is below p. */
static inline void field_leave(uint64_t number[4], const element *value) {
    static const element one = {{1, 0, 0, 0}};
    element plain;
    field_multiply(&plain, value, &one);
    memcpy(number, plain.w, sizeof plain.w);
}

static inline void field_square_times(element *out, const element *value, int times) {
    field_square(out, value);
    for (int i = 1; i < times; i++) {
        field_square(out, out);
    }
}

/* value^(2^32 - 1), value^(2^31 - 1) and value^(2^30 - 1): what the exponents below are built of. */
typedef struct {
    element ones30, ones31, ones32;
} field_runs;

static inline void field_runs_of(field_runs *runs, const element *value) {
    element t, u;
    field_square(&t, value);
    field_multiply(&t, &t, value); /* 2 ones */
    field_square_times(&u, &t, 2);
    field_multiply(&u, &u, &t); /* 4 ones */
    element ones4 = u;
    field_square_times(&u, &u, 2);
    field_multiply(&u, &u, &t); /* 6 ones */
    element ones6 = u;
    field_square_times(&u, &ones6, 4);
    field_multiply(&u, &u, &ones4); /* 10 ones */
    element ones10 = u;
    field_square_times(&u, &ones10, 10);
    field_multiply(&u, &u, &ones10); /* 20 ones */
    field_square_times(&u, &u, 10);
    field_multiply(&runs->ones30, &u, &ones10);
    field_square(&u, &runs->ones30);
    field_multiply(&runs->ones31, &u, value);
    field_square(&u, &runs->ones31);
    field_multiply(&runs->ones32, &u, value);
}

/* out = value^(p - 2): the inverse, and 0 for 0.
 * p - 2 in runs of bits: 31 ones, 0, 96 ones, 32 ones, 32 zeros, 62 ones, 0, 1. */
static inline void field_invert(element *out, const element *value) {
    field_runs runs;
    element t;
    field_runs_of(&runs, value);
    field_square_times(&t, &runs.ones31, 33); /* 31 ones, 0, and room for 32 */
    field_multiply(&t, &t, &runs.ones32);
    for (int i = 0; i < 3; i++) {
        field_square_times(&t, &t, 32);
        field_multiply(&t, &t, &runs.ones32);
    }
    /* so far 31 ones, 0, 128 ones; then 32 zeros and 64 bits of 62 ones, 0, 1 */
    field_square_times(&t, &t, 64);
    field_multiply(&t, &t, &runs.ones32);
    field_square_times(&t, &t, 30);
    field_multiply(&t, &t, &runs.ones30);
    field_square_times(&t, &t, 2);
    field_multiply(out, &t, value);
}

/* out = value^((p + 1) / 4), a square root if there is one: p = 3 mod 4.
 * (p + 1) / 4 in runs of bits: 31 ones, 0, 128 ones, 31 zeros, 1, 62 zeros. */
static inline void field_root(element *out, const element *value) {
    field_runs runs;
    element t;
    field_runs_of(&runs, value);
    field_square_times(&t, &runs.ones31, 33);
    field_multiply(&t, &t, &runs.ones32);
    for (int i = 0; i < 3; i++) {
        field_square_times(&t, &t, 32);
        field_multiply(&t, &t, &runs.ones32);
    }
    field_square_times(&t, &t, 32);
    field_multiply(&t, &t, value);
    field_square_times(out, &t, 62);
}

#endif
