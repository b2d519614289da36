/* Signing and verifying eight at a time: lane k of every vector belongs to operation k.
 *
 * Compiled with AVX-512 IFMA for the path "ifma", and without any flags for the path "emulated", which computes the same
 * in plain C for machines without it, for sanitizers and for the check that no branch or address depends on a secret.
 *
 * One chain of additions leaves the multiplier idle half of the time, as each product waits for the one before. So two
 * groups of eight go together where there are two: functions that take a count `pair` of 1 or 2, always a constant,
 * do every single step for both groups before the next.
 */
#include "lane_field.h"

#include <string.h>

#include "core.h"
#include "digits.h"
#include "secrecy.h"
#include "tables.h"

enum { LANES = 8, PAIR = 2, GROUPS = 32, CHUNK = LANES * GROUPS };

#define FOR_PAIR _Pragma("GCC unroll 2") for (int g = 0; g < pair; g++)
#define TEMPLATE static inline __attribute__((always_inline))

typedef struct {
    lane_element x, y;
} lane_affine;

typedef struct {
    lane_element x, y, z;
} lane_jacobian;

static const uint64_t ONE_LIMBS[LIMBS] = {0x10, 0xffffffff0000, 0, 0, 0x100000};                 /* 2^260 mod p */
static const uint64_t SQUARE_LIMBS[LIMBS] = {0x20000000300, 0xffffffff00000, 0x100000002, 0x200000001000,
                                             0x4000000};                                          /* 2^520 mod p */

/* ---- points: X is below 1.01p, Y below 4p, Z below 1.4p; of table entries x is below 1.25p and y below 4p ---- */

/* sum = sum + (negative ? -entry : entry); Z = 0 where that meets equal or opposite points, and ever after. */
TEMPLATE void add_affine(lane_jacobian *sum, const lane_affine *entry, const lane8 *negative, const int pair) {
    lane_element zz[PAIR], h[PAIR], r[PAIR], hh[PAIR], hhh[PAIR], v[PAIR], t[PAIR];
    FOR_PAIR lane_square(&zz[g], &sum[g].z); /* below 1.13p */
    FOR_PAIR { /* H = x Z^2 - X + 2p: U2 below 1.09p, H above 0.9p and below 3.1p */
        lane_multiply_loose(&h[g], &entry[g].x, &zz[g]);
        lane_subtract_loose(&h[g], &h[g], &sum[g].x, 2);
        lane_carry(&h[g]);
    }
    FOR_PAIR lane_multiply(&zz[g], &zz[g], &sum[g].z); /* Z^3, below 1.1p */
    FOR_PAIR lane_square(&hh[g], &h[g]);               /* below 1.61p */
    FOR_PAIR { /* R = +-S2 - Y + 6p: S2 below 1.28p, R above 0.7p and below 7.3p */
        lane_multiply_loose(&r[g], &entry[g].y, &zz[g]);
        for (int i = 0; i < LIMBS; i++) {
            r[g].l[i] = ((r[g].l[i] ^ negative[g]) - negative[g]) - sum[g].y.l[i] + all_lanes(6 * P_LIMBS[i]);
        }
        lane_carry(&r[g]);
    }
    FOR_PAIR lane_multiply(&v[g], &sum[g].x, &hh[g]);     /* below 1.11p */
    FOR_PAIR lane_multiply(&hhh[g], &hh[g], &h[g]);       /* below 1.32p */
    FOR_PAIR lane_multiply(&sum[g].z, &sum[g].z, &h[g]);  /* below 1.28p */
    FOR_PAIR { /* X = R^2 - H^3 - 2 V + 5p: R^2 below 4.34p, X above 1.4p and below 9.4p before it is reduced */
        lane_square_loose(&t[g], &r[g]);
        for (int i = 0; i < LIMBS; i++) {
            t[g].l[i] += all_lanes(5 * P_LIMBS[i]) - hhh[g].l[i] - v[g].l[i] - v[g].l[i];
        }
        lane_reduce(&t[g]);
        sum[g].x = t[g];
        lane_subtract_loose(&v[g], &v[g], &t[g], 2);
        lane_carry(&v[g]); /* V - X + 2p, below 3.11p */
    }
    /* Y = R (V - X) - Y H^3 + p: above p - 4p * 1.32 / 16, below (7.3 * 3.11 / 16 + 2) p < 3.5p */
    FOR_PAIR lane_multiply_less(&sum[g].y, &v[g], &r[g], &sum[g].y, &hhh[g]);
}

TEMPLATE void double_point(lane_jacobian *p, const int pair) {
    lane_element delta[PAIR], gamma[PAIR], beta[PAIR], alpha[PAIR], t[PAIR], u[PAIR];
    FOR_PAIR lane_square(&delta[g], &p[g].z); /* Z^2, below 1.13p */
    FOR_PAIR lane_square(&gamma[g], &p[g].y); /* Y^2, below 2p */
    FOR_PAIR { /* 3 (X - Z^2 + 2p) (X + Z^2): factors below 3.01p and 6.42p, product below 2.21p */
        lane_subtract_loose(&t[g], &p[g].x, &delta[g], 2);
        for (int i = 0; i < LIMBS; i++) {
            u[g].l[i] = p[g].x.l[i] + delta[g].l[i];
            u[g].l[i] += u[g].l[i] + u[g].l[i];
        }
        lane_carry(&t[g]);
        lane_carry(&u[g]);
        lane_multiply(&alpha[g], &t[g], &u[g]);
    }
    FOR_PAIR { /* 4 X Y^2, below 4.51p, loose */
        lane_multiply(&beta[g], &p[g].x, &gamma[g]);
        for (int i = 0; i < LIMBS; i++) {
            beta[g].l[i] <<= 2;
        }
    }
    FOR_PAIR { /* Z = (Y + Z)^2 - Y^2 - Z^2 + 4p: the square below 2.83p, Z above 0.8p and below 6.9p before */
        for (int i = 0; i < LIMBS; i++) {
            u[g].l[i] = p[g].y.l[i] + p[g].z.l[i];
        }
        lane_carry(&u[g]);
        lane_square_loose(&t[g], &u[g]);
        for (int i = 0; i < LIMBS; i++) {
            t[g].l[i] += all_lanes(4 * P_LIMBS[i]) - gamma[g].l[i] - delta[g].l[i];
        }
        lane_reduce(&t[g]);
        p[g].z = t[g];
    }
    FOR_PAIR { /* X = alpha^2 - 8 X Y^2 + 10p: the square below 1.31p, X above 0.98p and below 11.4p before */
        lane_square_loose(&t[g], &alpha[g]);
        for (int i = 0; i < LIMBS; i++) {
            t[g].l[i] += all_lanes(10 * P_LIMBS[i]) - beta[g].l[i] - beta[g].l[i];
        }
        lane_reduce(&t[g]);
        p[g].x = t[g];
        lane_subtract_loose(&beta[g], &beta[g], &t[g], 2);
        lane_carry(&beta[g]); /* 4 X Y^2 - X + 2p, below 6.51p */
    }
    /* Y = alpha beta - 8 Y^4 + 2p: above 2p - 8 * 2p * 2 / 16, below (2.21 * 6.51 / 16 + 3) p < 3.9p */
    FOR_PAIR lane_multiply_less_eight_squares(&p[g].y, &beta[g], &alpha[g], &gamma[g]);
}

/* The first summand: y is below 2p, 2p - y where negative. */
TEMPLATE void start_sum(lane_jacobian *sum, const lane_affine *entry, const lane8 *negative, const int pair) {
    FOR_PAIR {
        sum[g].x = entry[g].x;
        for (int i = 0; i < LIMBS; i++) {
            sum[g].y.l[i] =
                ((entry[g].y.l[i] ^ negative[g]) - negative[g]) + (all_lanes(2 * P_LIMBS[i]) & negative[g]);
        }
        lane_carry(&sum[g].y);
        lane_constant(&sum[g].z, ONE_LIMBS);
    }
}

/* values = their inverses, lane by lane with one inversion; none may be 0 in any lane, and all are below 2p. Two chains
 * of products, over the even and the odd places. */
static void invert_many(lane_element *values, lane_element *scratch, size_t count) {
    lane_element chain[2] = {values[0], values[count > 1]}, inverse, next;
    if (count == 1) {
        lane_invert(values, values);
        return;
    }
    for (size_t i = 2; i < count; i++) {
        scratch[i] = chain[i % 2];
        lane_multiply(&chain[i % 2], &chain[i % 2], &values[i]);
    }
    lane_multiply(&next, &chain[0], &chain[1]);
    lane_invert(&inverse, &next);
    lane_multiply(&next, &inverse, &chain[1]);
    lane_multiply(&chain[1], &inverse, &chain[0]);
    chain[0] = next;
    for (size_t i = count - 1; i > 1; i--) {
        lane_multiply(&next, &chain[i % 2], &values[i]);
        lane_multiply(&values[i], &chain[i % 2], &scratch[i]);
        chain[i % 2] = next;
    }
    values[0] = chain[0];
    values[1] = chain[1];
}

/* Which lanes hold Z = 0. */
static lane8 zero_lanes(const lane_element *z) {
    lane_element plain;
    lane_leave(&plain, z);
    return lane_zero_mask(&plain);
}

/* ---- eight scalars ---- */

typedef struct {
    lane8 w[5];
    lane8 turn;
} lane_odd;

static void lane_odd_put(lane_odd *odd, int lane, const uint64_t k[4], unsigned bits) {
    odd_scalar one;
    odd_scalar_make(&one, k, bits);
    for (int j = 0; j < 5; j++) {
        ((uint64_t *)&odd->w[j])[lane] = one.w[j];
    }
    ((uint64_t *)&odd->turn)[lane] = one.turn;
    sm2_wipe(&one, sizeof one);
}

/* odd_scalar_window and odd_digit_index in eight lanes. */
static inline lane8 lane_digit(const lane_odd *odd, unsigned position, unsigned width, lane8 *negative) {
    unsigned word = (position + 1) / 64, shift = (position + 1) % 64;
    lane8 window = odd->w[word] >> shift;
    if (shift + width > 64 && word < 4) {
        window |= odd->w[word + 1] << (64 - shift);
    }
    window &= all_lanes(((uint64_t)1 << width) - 1);
    lane8 minus = (window >> (width - 1)) - 1;
    *negative = minus ^ odd->turn;
    return (window ^ minus) & all_lanes(((uint64_t)1 << (width - 1)) - 1);
}

/* ---- reading tables ---- */

#ifdef __AVX512IFMA__
/* 64 entries of one limb pass through registers; what is kept depends on index in timing and address nowhere. */
static inline lane8 pick(const uint64_t limb[LANE_NARROW_LENGTH], __m512i index, __mmask8 bit4, __mmask8 bit5) {
    __m512i part[4];
    for (int i = 0; i < 4; i++) {
        part[i] = _mm512_permutex2var_epi64(_mm512_load_si512(limb + 16 * i), index,
                                            _mm512_load_si512(limb + 16 * i + 8));
    }
    __m512i low = _mm512_mask_mov_epi64(part[0], bit4, part[1]);
    __m512i high = _mm512_mask_mov_epi64(part[2], bit4, part[3]);
    return (lane8)_mm512_mask_mov_epi64(low, bit5, high);
}

static inline void read_whole(lane_affine *entry, const uint64_t row[2 * LIMBS][LANE_NARROW_LENGTH], lane8 index) {
    __m512i i = (__m512i)index;
    __mmask8 bit4 = _mm512_test_epi64_mask(i, _mm512_set1_epi64(16));
    __mmask8 bit5 = _mm512_test_epi64_mask(i, _mm512_set1_epi64(32));
    for (int limb = 0; limb < LIMBS; limb++) {
        entry->x.l[limb] = pick(row[limb], i, bit4, bit5);
        entry->y.l[limb] = pick(row[LIMBS + limb], i, bit4, bit5);
    }
}

/* Eight cache lines of eight words become eight vectors, word by word. */
static inline void transpose(lane8 out[8], const uint64_t *const rows[LANES]) {
    __m512i r[8], s[8], t[8];
    for (int i = 0; i < 8; i++) {
        r[i] = _mm512_load_si512(rows[i]);
    }
    for (int i = 0; i < 8; i += 2) {
        s[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        t[i] = _mm512_shuffle_i64x2(s[i], s[i + 2], 0x88);
        t[i + 1] = _mm512_shuffle_i64x2(s[i + 1], s[i + 3], 0x88);
        t[i + 2] = _mm512_shuffle_i64x2(s[i], s[i + 2], 0xdd);
        t[i + 3] = _mm512_shuffle_i64x2(s[i + 1], s[i + 3], 0xdd);
    }
    for (int i = 0; i < 2; i++) {
        out[i] = (lane8)_mm512_shuffle_i64x2(t[i], t[i + 4], 0x88);
        out[i + 4] = (lane8)_mm512_shuffle_i64x2(t[i], t[i + 4], 0xdd);
        out[i + 2] = (lane8)_mm512_shuffle_i64x2(t[i + 2], t[i + 6], 0x88);
        out[i + 6] = (lane8)_mm512_shuffle_i64x2(t[i + 2], t[i + 6], 0xdd);
    }
}
#else
static void read_whole(lane_affine *entry, const uint64_t row[2 * LIMBS][LANE_NARROW_LENGTH], lane8 index) {
    memset(entry, 0, sizeof *entry);
    for (int i = 0; i < LANE_NARROW_LENGTH; i++) {
        lane8 mask = (lane8)(index == (lane8){0} + (uint64_t)i);
        for (int limb = 0; limb < LIMBS; limb++) {
            entry->x.l[limb] |= mask & all_lanes(row[limb][i]);
            entry->y.l[limb] |= mask & all_lanes(row[LIMBS + limb][i]);
        }
    }
}

static void transpose(lane8 out[8], const uint64_t *const rows[LANES]) {
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) {
            out[j][i] = rows[i][j];
        }
    }
}
#endif

/* Entries that stand at public places. */
static inline void read_rows(lane_affine *entry, const uint64_t *const rows[LANES]) {
    lane8 w[8];
    transpose(w, rows);
    lane_from_words(&entry->x, w);
    lane_from_words(&entry->y, w + 4);
}

/* ---- k * G for secret k ---- */

TEMPLATE void base_multiply_pair(lane_jacobian *sum, const lane_odd *k, const int pair) {
    lane_affine entry[PAIR];
    lane8 negative[PAIR];
    for (int i = LANE_NARROW_ROWS - 1; i >= 0; i--) {
        FOR_PAIR {
            lane8 index = lane_digit(&k[g], (unsigned)i * LANE_NARROW_WIDTH, LANE_NARROW_WIDTH, &negative[g]);
            read_whole(&entry[g], lane_narrow_table[i], index);
        }
        if (i == LANE_NARROW_ROWS - 1) {
            start_sum(sum, entry, negative, pair);
        } else {
            add_affine(sum, entry, negative, pair);
        }
    }
    sm2_wipe(entry, sizeof entry);
}

static void base_multiply_lanes(lane_jacobian *sum, const lane_odd *k, size_t groups) {
    if (groups == PAIR) {
        base_multiply_pair(sum, k, PAIR);
    } else {
        base_multiply_pair(sum, k, 1);
    }
}

/* Store eight field elements, given at most p in plain form, as four words each below p. */
static void store_lanes(uint64_t (*numbers)[4], const lane_element *plain) {
    lane8 w[4];
    lane_to_words(w, plain);
    for (int lane = 0; lane < LANES; lane++) {
        element reduced;
        uint64_t number[4];
        for (int j = 0; j < 4; j++) {
            number[j] = ((const uint64_t *)&w[j])[lane];
        }
        field_reduce_once(&reduced, number, 0);
        memcpy(numbers[lane], reduced.w, 32);
    }
}

/* x (and y unless NULL) of k[i] * G for secret k in [1, n-1]. rare[i] is 1 where another way is needed. */
static void base_multiply_chunk(uint64_t (*x)[4], uint64_t (*y)[4], uint8_t *rare, const uint64_t (*k)[4],
                                size_t groups) {
    lane_jacobian sums[GROUPS];
    lane_element z[GROUPS], scratch[GROUPS], one, t;
    lane_odd odd[PAIR];
    lane_constant(&one, ONE_LIMBS);
    for (size_t g = 0; g < groups; g += PAIR) {
        size_t pair = groups - g < PAIR ? groups - g : PAIR;
        for (size_t i = 0; i < pair * LANES; i++) {
            lane_odd_put(&odd[i / LANES], (int)(i % LANES), k[g * LANES + i], LANE_NARROW_WIDTH * LANE_NARROW_ROWS);
        }
        base_multiply_lanes(&sums[g], odd, pair);
    }
    for (size_t g = 0; g < groups; g++) {
        lane8 zero = zero_lanes(&sums[g].z);
        PUBLIC(&zero, sizeof zero);
        z[g] = sums[g].z;
        lane_select(&z[g], &one, zero);
        for (int lane = 0; lane < LANES; lane++) {
            rare[g * LANES + lane] = (uint8_t)(((const uint64_t *)&zero)[lane] & 1);
        }
    }
    invert_many(z, scratch, groups);
    for (size_t g = 0; g < groups; g++) {
        lane_element zz;
        lane_square(&zz, &z[g]);
        lane_multiply(&t, &sums[g].x, &zz);
        lane_leave(&t, &t);
        store_lanes(x + g * LANES, &t);
        if (y != NULL) {
            lane_multiply(&zz, &zz, &z[g]);
            lane_multiply(&t, &sums[g].y, &zz);
            lane_leave(&t, &t);
            store_lanes(y + g * LANES, &t);
        }
    }
    sm2_wipe(odd, sizeof odd);
    sm2_wipe(sums, sizeof sums);
    sm2_wipe(z, sizeof z);
    sm2_wipe(scratch, sizeof scratch);
}

/* Fill the last group with copies of its first scalar. */
static size_t fill_group(uint64_t (*k)[4], size_t length) {
    size_t groups = (length + LANES - 1) / LANES;
    for (size_t i = length; i < groups * LANES; i++) {
        memcpy(k[i], k[(groups - 1) * LANES], 32);
    }
    return groups;
}

void SM2_CORE(base_multiply)(uint8_t (*points)[64], const uint8_t (*scalars)[32], size_t count) {
    uint64_t k[CHUNK][4], x[CHUNK][4], y[CHUNK][4];
    uint8_t rare[CHUNK];
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t length = count - start < CHUNK ? count - start : CHUNK;
        for (size_t i = 0; i < length; i++) {
            words_load(k[i], scalars[start + i]);
        }
        base_multiply_chunk(x, y, rare, (const uint64_t(*)[4])k, fill_group(k, length));
        for (size_t i = 0; i < length; i++) {
            words_store(points[start + i], x[i]);
            words_store(points[start + i] + 32, y[i]);
            if (rare[i]) {
                SM2_PLAIN_CORE(base_multiply)(points + start + i, scalars + start + i, 1);
            }
        }
    }
    sm2_wipe(k, sizeof k);
}

void SM2_CORE(sign_with_nonces)(uint8_t (*signatures)[64], uint8_t *ok, const sm2_private_key *key,
                                const uint8_t *const *digests, const uint8_t (*nonces)[32], size_t count) {
    uint64_t k[CHUNK][4], x[CHUNK][4];
    uint8_t rare[CHUNK];
    if (count == 1) {
        SM2_PLAIN_CORE(sign_with_nonces)(signatures, ok, key, digests, nonces, count);
        return;
    }
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t length = count - start < CHUNK ? count - start : CHUNK;
        for (size_t i = 0; i < length; i++) {
            ok[start + i] = sm2_nonce_load(k[i], nonces[start + i]);
        }
        base_multiply_chunk(x, NULL, rare, (const uint64_t(*)[4])k, fill_group(k, length));
        for (size_t i = 0; i < length; i++) {
            size_t n = start + i;
            if (rare[i]) {
                SM2_PLAIN_CORE(sign_with_nonces)(signatures + n, ok + n, key, digests + n, nonces + n, 1);
                continue;
            }
            ok[n] &= sm2_sign_finish(signatures[n], key, digests[n], k[i], x[i]);
            if (!ok[n]) {
                memset(signatures[n], 0, 64);
            }
        }
    }
    sm2_wipe(k, sizeof k);
    sm2_wipe(x, sizeof x);
}

/* ---- verifying: everything below is public ---- */

/* What eight lanes work on: equations that wait, with their keys. */
typedef struct {
    sm2_equation equations[LANES];
    const sm2_public_key *keys[LANES];
    size_t numbers[LANES], length;
} waiting_group;

/* Add multiples of tables[g][lane]; sum is not read where first is 1. */
TEMPLATE void add_from_tables(lane_jacobian *sum, const int first, const uint64_t *const tables[PAIR][LANES],
                              const unsigned width, const unsigned rows, const lane_odd *k, const int pair) {
    lane_affine entry[PAIR];
    lane8 negative[PAIR];
    const uint64_t *chosen[LANES];
    for (unsigned i = rows; i-- > 0;) {
        FOR_PAIR {
            lane8 index = lane_digit(&k[g], i * width, width, &negative[g]);
            for (int lane = 0; lane < LANES; lane++) {
                chosen[lane] = tables[g][lane] + 8 * (((size_t)i << (width - 1)) + ((const uint64_t *)&index)[lane]);
            }
            read_rows(&entry[g], chosen);
        }
        if (first && i == rows - 1) {
            start_sum(sum, entry, negative, pair);
        } else {
            add_affine(sum, entry, negative, pair);
        }
    }
}

/* Add s G for each equation. */
TEMPLATE void add_base(lane_jacobian *sum, const waiting_group *groups, const int pair) {
    const uint64_t *tables[PAIR][LANES];
    lane_odd s[PAIR];
    for (int g = 0; g < pair; g++) {
        for (int lane = 0; lane < LANES; lane++) {
            tables[g][lane] = lane_wide_table[0][0];
            lane_odd_put(&s[g], lane, groups[g].equations[lane].s, WIDE_WIDTH * WIDE_ROWS);
        }
    }
    add_from_tables(sum, 0, tables, WIDE_WIDTH, WIDE_ROWS, s, pair);
}

/* Answers from the sums: X = x Z^2, Z not 0. Lanes where an addition failed, and those where x + n is below p as well,
 * are computed again one by one. */
static void answer(uint8_t *answers, const lane_jacobian *sum, const waiting_group *group) {
    lane_element zz, x, square;
    lane8 w[4], zero = zero_lanes(&sum->z), equal;
    for (int lane = 0; lane < LANES; lane++) {
        for (int j = 0; j < 4; j++) {
            ((uint64_t *)&w[j])[lane] = group->equations[lane].x[j];
        }
    }
    lane_from_words(&x, w);
    lane_constant(&square, SQUARE_LIMBS);
    lane_multiply(&x, &x, &square);
    lane_square(&zz, &sum->z);
    lane_multiply(&x, &x, &zz);
    lane_subtract_loose(&x, &x, &sum->x, 2);
    lane_carry(&x);
    lane_leave(&x, &x);
    equal = lane_zero_mask(&x);
    for (size_t lane = 0; lane < group->length; lane++) {
        const sm2_equation *equation = &group->equations[lane];
        int again = ((const uint64_t *)&zero)[lane] != 0 || (equation->x[2] | equation->x[3]) == 0;
        answers[group->numbers[lane]] =
            again ? (uint8_t)SM2_PLAIN_CORE(verify_any)(equation, group->keys[lane]->point)
                  : (uint8_t)(((const uint64_t *)&equal)[lane] & 1);
    }
}

TEMPLATE void verify_pair_with_tables(uint8_t *answers, const waiting_group *groups, const int pair) {
    const uint64_t *tables[PAIR][LANES];
    lane_jacobian sum[PAIR];
    lane_odd t[PAIR];
    for (int g = 0; g < pair; g++) {
        for (int lane = 0; lane < LANES; lane++) {
            tables[g][lane] = (const uint64_t *)groups[g].keys[lane]->table;
            lane_odd_put(&t[g], lane, groups[g].equations[lane].t, KEY_WIDTH * KEY_ROWS);
        }
    }
    add_from_tables(sum, 1, tables, KEY_WIDTH, KEY_ROWS, t, pair);
    add_base(sum, groups, pair);
    for (int g = 0; g < pair; g++) {
        answer(answers, &sum[g], &groups[g]);
    }
}

static void verify_with_tables(uint8_t *answers, const waiting_group *groups, size_t count) {
    if (count == PAIR) {
        verify_pair_with_tables(answers, groups, PAIR);
    } else {
        verify_pair_with_tables(answers, groups, 1);
    }
}

/* ---- keys without a table: 4-bit windows over P, 3P, ..., 15P ---- */

enum { FRESH_WIDTH = 4, FRESH_ROWS = 64, FRESH_LENGTH = 8, FRESH_GROUPS = 8 };

static void load_points(lane_affine *points, const waiting_group *group) {
    lane_element square;
    lane8 w[8];
    lane_constant(&square, SQUARE_LIMBS);
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t number[4];
        for (int c = 0; c < 2; c++) {
            words_load(number, group->keys[lane]->point + 32 * c);
            for (int j = 0; j < 4; j++) {
                ((uint64_t *)&w[4 * c + j])[lane] = number[j];
            }
        }
    }
    lane_from_words(&points->x, w);
    lane_from_words(&points->y, w + 4);
    lane_multiply(&points->x, &points->x, &square);
    lane_multiply(&points->y, &points->y, &square);
}

/* Jacobian odd multiples of keys, on another curve each: that where the double of the key, which is (X, Y, Z) here, is
 * (X, Y). A point (x, y) here is (x Z^2, y Z^3) there, and a point with z there has Z z here. None of the sums meets
 * equal points: the order is large. z has FRESH_LENGTH - 1 places for each group. */
TEMPLATE void fresh_multiples(lane_affine (*tables)[FRESH_LENGTH], lane_element *z, const waiting_group *groups,
                              const int pair) {
    lane_jacobian twice[PAIR], running[PAIR];
    lane_affine step[PAIR];
    const lane8 negative[PAIR] = {{0}};
    FOR_PAIR {
        load_points(&tables[g][0], &groups[g]);
        twice[g].x = tables[g][0].x;
        twice[g].y = tables[g][0].y;
        lane_constant(&twice[g].z, ONE_LIMBS);
    }
    /* x is below 1.06p here instead of 1.01p: beta is below 4.54p, its negative double above -9.1p, Y still below 4p */
    double_point(twice, pair);
    FOR_PAIR {
        lane_element zz, zzz;
        lane_square(&zz, &twice[g].z);
        lane_multiply(&zzz, &zz, &twice[g].z);
        lane_multiply(&running[g].x, &tables[g][0].x, &zz);
        lane_multiply(&running[g].y, &tables[g][0].y, &zzz);
        lane_constant(&running[g].z, ONE_LIMBS);
        step[g].x = twice[g].x;
        step[g].y = twice[g].y;
    }
    for (int j = 1; j < FRESH_LENGTH; j++) {
        add_affine(running, step, negative, pair);
        FOR_PAIR {
            tables[g][j].x = running[g].x;
            tables[g][j].y = running[g].y;
            lane_multiply(&z[g * (FRESH_LENGTH - 1) + j - 1], &running[g].z, &twice[g].z);
        }
    }
}

/* Odd multiples of each key of some groups, affine. */
static void fresh_tables(lane_affine (*tables)[FRESH_LENGTH], const waiting_group *groups, size_t count) {
    lane_element z[FRESH_GROUPS * (FRESH_LENGTH - 1)], scratch[FRESH_GROUPS * (FRESH_LENGTH - 1)], zz, zzz;
    lane_element *inverse = z;
    size_t done = 0;
    for (; done + PAIR <= count; done += PAIR) {
        fresh_multiples(tables + done, z + done * (FRESH_LENGTH - 1), groups + done, PAIR);
    }
    if (done < count) {
        fresh_multiples(tables + done, z + done * (FRESH_LENGTH - 1), groups + done, 1);
    }
    invert_many(z, scratch, count * (FRESH_LENGTH - 1));
    for (size_t g = 0; g < count; g++) {
        for (int j = 1; j < FRESH_LENGTH; j++, inverse++) {
            lane_square(&zz, inverse);
            lane_multiply(&zzz, &zz, inverse);
            lane_multiply(&tables[g][j].x, &tables[g][j].x, &zz);
            lane_multiply(&tables[g][j].y, &tables[g][j].y, &zzz);
        }
    }
}

/* Entries of one group's table at each lane's own index. */
static inline void read_multiples(lane_affine *entry, const lane_affine multiples[FRESH_LENGTH], lane8 index) {
    *entry = multiples[0];
    for (int i = 1; i < FRESH_LENGTH; i++) {
        lane8 mask = (lane8)(index == (lane8){0} + (uint64_t)i);
        for (int limb = 0; limb < LIMBS; limb++) {
            entry->x.l[limb] ^= mask & (entry->x.l[limb] ^ multiples[i].x.l[limb]);
            entry->y.l[limb] ^= mask & (entry->y.l[limb] ^ multiples[i].y.l[limb]);
        }
    }
}

TEMPLATE void multiply_fresh(lane_jacobian *sum, const lane_affine (*multiples)[FRESH_LENGTH],
                             const waiting_group *groups, const int pair) {
    lane_affine entry[PAIR];
    lane8 negative[PAIR];
    lane_odd t[PAIR];
    for (int g = 0; g < pair; g++) {
        for (int lane = 0; lane < LANES; lane++) {
            lane_odd_put(&t[g], lane, groups[g].equations[lane].t, FRESH_WIDTH * FRESH_ROWS);
        }
    }
    for (int i = FRESH_ROWS - 1; i >= 0; i--) {
        FOR_PAIR {
            lane8 index = lane_digit(&t[g], (unsigned)i * FRESH_WIDTH, FRESH_WIDTH, &negative[g]);
            read_multiples(&entry[g], multiples[g], index);
        }
        if (i == FRESH_ROWS - 1) {
            start_sum(sum, entry, negative, pair);
            continue;
        }
        for (int j = 0; j < FRESH_WIDTH; j++) {
            double_point(sum, pair);
        }
        add_affine(sum, entry, negative, pair);
    }
}

TEMPLATE void verify_fresh_pair(uint8_t *answers, const lane_affine (*multiples)[FRESH_LENGTH],
                                const waiting_group *groups, const int pair) {
    lane_jacobian sum[PAIR];
    multiply_fresh(sum, multiples, groups, pair);
    add_base(sum, groups, pair);
    for (int g = 0; g < pair; g++) {
        answer(answers, &sum[g], &groups[g]);
    }
}

static void verify_fresh(uint8_t *answers, const waiting_group *groups, size_t count) {
    lane_affine tables[FRESH_GROUPS][FRESH_LENGTH];
    size_t done = 0;
    fresh_tables(tables, groups, count);
    for (; done + PAIR <= count; done += PAIR) {
        verify_fresh_pair(answers, (const lane_affine(*)[FRESH_LENGTH])(tables + done), groups + done, PAIR);
    }
    if (done < count) {
        verify_fresh_pair(answers, (const lane_affine(*)[FRESH_LENGTH])(tables + done), groups + done, 1);
    }
}

/* Fill empty lanes with copies of the first. */
static void fill_waiting(waiting_group *group) {
    for (size_t i = group->length; i < LANES; i++) {
        group->equations[i] = group->equations[0];
        group->keys[i] = group->keys[0];
    }
}

static void flush_fresh(uint8_t *answers, waiting_group *groups, size_t *full) {
    size_t count = *full + (groups[*full].length > 0);
    if (count == 0) {
        return;
    }
    if (*full == 0 && groups[0].length == 1) {
        for (size_t i = 0; i < groups[0].length; i++) {
            const uint8_t *point = groups[0].keys[i]->point;
            SM2_PLAIN_CORE(verify_fresh)(answers + groups[0].numbers[i], &groups[0].equations[i], &point, 1);
        }
    } else {
        if (count > *full) {
            fill_waiting(&groups[*full]);
        }
        verify_fresh(answers, groups, count);
    }
    for (size_t g = 0; g < count; g++) {
        groups[g].length = 0;
    }
    *full = 0;
}

static void flush_known(uint8_t *answers, waiting_group *groups, size_t *full) {
    size_t count = *full + (groups[*full].length > 0);
    if (count > *full) {
        fill_waiting(&groups[*full]);
    }
    if (count > 0) {
        verify_with_tables(answers, groups, count);
    }
    for (size_t g = 0; g < count; g++) {
        groups[g].length = 0;
    }
    *full = 0;
}

void SM2_CORE(verify)(uint8_t *answers, const sm2_verification *items, size_t count) {
    waiting_group known[PAIR + 1], fresh[FRESH_GROUPS + 1];
    size_t known_full = 0, fresh_full = 0;
    for (int g = 0; g <= PAIR; g++) {
        known[g].length = 0;
    }
    for (int g = 0; g <= FRESH_GROUPS; g++) {
        fresh[g].length = 0;
    }
    for (size_t i = 0; i < count; i++) {
        int has_table = items[i].key->table != NULL;
        waiting_group *group = has_table ? &known[known_full] : &fresh[fresh_full];
        answers[i] = 0;
        if (!sm2_equation_make(&group->equations[group->length], &items[i])) {
            continue;
        }
        group->keys[group->length] = items[i].key;
        group->numbers[group->length++] = i;
        if (group->length < LANES) {
            continue;
        }
        if (has_table && ++known_full == PAIR) {
            flush_known(answers, known, &known_full);
        } else if (!has_table && ++fresh_full == FRESH_GROUPS) {
            flush_fresh(answers, fresh, &fresh_full);
        }
    }
    flush_known(answers, known, &known_full);
    flush_fresh(answers, fresh, &fresh_full);
}

void SM2_CORE(table_fill)(sm2_table *table, const uint8_t point[64]) {
    affine *entries = (affine *)table;
    SM2_PLAIN_CORE(table_fill)(table, point);
    for (size_t i = 0; i < (size_t)KEY_ROWS * KEY_LENGTH; i++) {
        lane_form(entries[i].x.w, &entries[i].x);
        lane_form(entries[i].y.w, &entries[i].y);
    }
}
