/* Signing and verifying eight at a time: lane k of every vector belongs to operation k.
 *
 * Compiled with AVX-512 IFMA for the path "ifma", and without any flags for the path "emulated", which computes the same
 * in plain C for machines without it, for sanitizers and for the check that no branch or address depends on a secret.
 */
#include "lane_field.h"

#include <string.h>

#include "core.h"
#include "digits.h"
#include "secrecy.h"
#include "tables.h"

enum { LANES = 8, GROUPS = 32, CHUNK = LANES * GROUPS };

typedef struct {
    lane_element x, y;
} lane_affine;

typedef struct {
    lane_element x, y, z;
} lane_jacobian;

static const uint64_t ONE_LIMBS[LIMBS] = {0x10, 0xffffffff0000, 0, 0, 0x100000};                 /* 2^260 mod p */
static const uint64_t SQUARE_LIMBS[LIMBS] = {0x20000000300, 0xffffffff00000, 0x100000002, 0x200000001000,
                                             0x4000000};                                          /* 2^520 mod p */

/* ---- points; every coordinate is kept below 2p ---- */

/* The rest of an addition, from H and R below 4p and 2p, and U1, S1; sum->z is the caller's. */
static inline void finish_addition(lane_jacobian *sum, const lane_element *h, const lane_element *r,
                                   const lane_element *u1, const lane_element *s1) {
    lane_element hh, hhh, v, t;
    lane_square(&hh, h);
    lane_multiply(&hhh, &hh, h);
    lane_multiply(&v, u1, &hh);
    lane_square(&t, r);
    for (int i = 0; i < LIMBS; i++) { /* R^2 - H^3 - 2 V + 6p */
        t.l[i] += all_lanes(6 * P_LIMBS[i]) - hhh.l[i] - v.l[i] - v.l[i];
    }
    lane_reduce(&t);
    sum->x = t;
    lane_subtract_loose(&v, &v, &t, 2);
    lane_carry(&v); /* below 4p */
    lane_multiply(&v, &v, r);
    lane_multiply(&t, s1, &hhh);
    lane_subtract_loose(&sum->y, &v, &t, 2);
    lane_reduce(&sum->y);
}

/* sum = sum + (negative ? -entry : entry); Z = 0 where that meets equal or opposite points, and ever after. */
static inline void add_affine(lane_jacobian *sum, const lane_affine *entry, lane8 negative) {
    lane_element zz, h, r, x1 = sum->x, y1 = sum->y;
    lane_square(&zz, &sum->z);
    lane_multiply(&h, &entry->x, &zz);
    lane_multiply(&zz, &zz, &sum->z);
    lane_multiply(&r, &entry->y, &zz);
    lane_subtract_loose(&h, &h, &x1, 2);
    lane_carry(&h);
    for (int i = 0; i < LIMBS; i++) { /* +-S2 - Y1 + 4p */
        r.l[i] = ((r.l[i] ^ negative) - negative) - y1.l[i] + all_lanes(4 * P_LIMBS[i]);
    }
    lane_reduce(&r);
    lane_multiply(&sum->z, &sum->z, &h);
    finish_addition(sum, &h, &r, &x1, &y1);
}

static inline void double_point(lane_jacobian *p) {
    lane_element delta, gamma, beta, alpha, t, u;
    lane_square(&delta, &p->z);
    lane_square(&gamma, &p->y);
    lane_multiply(&beta, &p->x, &gamma); /* below 1.25p */
    lane_subtract_loose(&t, &p->x, &delta, 2);
    lane_carry(&t); /* below 4p */
    lane_add_loose(&u, &p->x, &delta);
    for (int i = 0; i < LIMBS; i++) {
        u.l[i] += u.l[i] + u.l[i]; /* 3 (X + Z^2), below 12p */
    }
    lane_reduce(&u);
    lane_multiply(&alpha, &t, &u);
    lane_multiply(&t, &p->y, &p->z);
    lane_add_loose(&t, &t, &t);
    lane_reduce(&t);
    p->z = t;
    for (int i = 0; i < LIMBS; i++) {
        beta.l[i] <<= 2; /* 4 X Y^2, below 5p, loose */
    }
    lane_square(&t, &alpha);
    for (int i = 0; i < LIMBS; i++) {
        t.l[i] += all_lanes(10 * P_LIMBS[i]) - beta.l[i] - beta.l[i];
    }
    lane_reduce(&t);
    p->x = t;
    lane_subtract_loose(&t, &beta, &t, 2);
    lane_reduce(&t);
    lane_multiply(&t, &t, &alpha);
    lane_square(&gamma, &gamma);
    for (int i = 0; i < LIMBS; i++) {
        t.l[i] += all_lanes(16 * P_LIMBS[i]) - (gamma.l[i] << 3);
    }
    lane_reduce(&t);
    p->y = t;
}

/* values = their inverses, lane by lane with one inversion; none may be 0 in any lane. */
static void invert_many(lane_element *values, lane_element *scratch, size_t count) {
    lane_element running = values[0], inverse, next;
    for (size_t i = 1; i < count; i++) {
        scratch[i] = running;
        lane_multiply(&running, &running, &values[i]);
    }
    lane_invert(&inverse, &running);
    for (size_t i = count - 1; i > 0; i--) {
        lane_multiply(&next, &inverse, &values[i]);
        lane_multiply(&values[i], &inverse, &scratch[i]);
        inverse = next;
    }
    values[0] = inverse;
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

static void base_multiply_lanes(lane_jacobian *sum, const lane_odd *k) {
    lane_affine entry;
    lane8 negative;
    for (int i = LANE_NARROW_ROWS - 1; i >= 0; i--) {
        lane8 index = lane_digit(k, (unsigned)i * LANE_NARROW_WIDTH, LANE_NARROW_WIDTH, &negative);
        read_whole(&entry, lane_narrow_table[i], index);
        if (i == LANE_NARROW_ROWS - 1) {
            sum->x = entry.x;
            for (int limb = 0; limb < LIMBS; limb++) { /* -y + p where negative; y is below p and not 0 */
                entry.y.l[limb] = ((entry.y.l[limb] ^ negative) - negative) + (all_lanes(P_LIMBS[limb]) & negative);
            }
            lane_carry(&entry.y);
            sum->y = entry.y;
            lane_constant(&sum->z, ONE_LIMBS);
        } else {
            add_affine(sum, &entry, negative);
        }
    }
    sm2_wipe(&entry, sizeof entry);
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
    lane_odd odd;
    lane_constant(&one, ONE_LIMBS);
    for (size_t g = 0; g < groups; g++) {
        for (int lane = 0; lane < LANES; lane++) {
            lane_odd_put(&odd, lane, k[g * LANES + lane], LANE_NARROW_WIDTH * LANE_NARROW_ROWS);
        }
        base_multiply_lanes(&sums[g], &odd);
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
    sm2_wipe(&odd, sizeof odd);
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

static void add_from_tables(lane_jacobian *sum, int first, const uint64_t *const tables[LANES], unsigned width,
                            unsigned rows, const lane_odd *k) {
    lane_affine entry;
    lane8 negative;
    const uint64_t *chosen[LANES];
    for (unsigned i = rows; i-- > 0;) {
        lane8 index = lane_digit(k, i * width, width, &negative);
        for (int lane = 0; lane < LANES; lane++) {
            chosen[lane] = tables[lane] + 8 * (((size_t)i << (width - 1)) + ((const uint64_t *)&index)[lane]);
        }
        read_rows(&entry, chosen);
        if (first) {
            first = 0;
            sum->x = entry.x;
            for (int limb = 0; limb < LIMBS; limb++) {
                entry.y.l[limb] = ((entry.y.l[limb] ^ negative) - negative) + (all_lanes(P_LIMBS[limb]) & negative);
            }
            lane_carry(&entry.y);
            sum->y = entry.y;
            lane_constant(&sum->z, ONE_LIMBS);
        } else {
            add_affine(sum, &entry, negative);
        }
    }
}

/* Add s G for each equation. */
static void add_base(lane_jacobian *sum, int first, const waiting_group *group) {
    const uint64_t *tables[LANES];
    lane_odd s;
    for (int lane = 0; lane < LANES; lane++) {
        tables[lane] = lane_wide_table[0][0];
        lane_odd_put(&s, lane, group->equations[lane].s, WIDE_WIDTH * WIDE_ROWS);
    }
    add_from_tables(sum, first, tables, WIDE_WIDTH, WIDE_ROWS, &s);
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

static void verify_with_tables(uint8_t *answers, waiting_group *group) {
    const uint64_t *tables[LANES];
    lane_jacobian sum;
    lane_odd t;
    for (int lane = 0; lane < LANES; lane++) {
        tables[lane] = (const uint64_t *)group->keys[lane]->table;
        lane_odd_put(&t, lane, group->equations[lane].t, KEY_WIDTH * KEY_ROWS);
    }
    add_from_tables(&sum, 1, tables, KEY_WIDTH, KEY_ROWS, &t);
    add_base(&sum, 0, group);
    answer(answers, &sum, group);
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

/* Odd multiples of each key of some groups, affine. None of the sums meets equal points: the order is large. */
static void fresh_tables(lane_affine (*tables)[FRESH_LENGTH], const waiting_group *groups, size_t count) {
    lane_element z[FRESH_GROUPS * FRESH_LENGTH], scratch[FRESH_GROUPS * FRESH_LENGTH], zz, zzz;
    lane_jacobian twice[FRESH_GROUPS], running;
    lane_affine step;
    for (size_t g = 0; g < count; g++) {
        load_points(&tables[g][0], &groups[g]);
        twice[g].x = tables[g][0].x;
        twice[g].y = tables[g][0].y;
        lane_constant(&twice[g].z, ONE_LIMBS);
        double_point(&twice[g]);
        z[g] = twice[g].z;
    }
    invert_many(z, scratch, count);
    for (size_t g = 0; g < count; g++) {
        lane_square(&zz, &z[g]);
        lane_multiply(&zzz, &zz, &z[g]);
        lane_multiply(&step.x, &twice[g].x, &zz);
        lane_multiply(&step.y, &twice[g].y, &zzz);
        twice[g].x = step.x;
        twice[g].y = step.y;
    }
    for (size_t g = 0; g < count; g++) {
        running.x = tables[g][0].x;
        running.y = tables[g][0].y;
        lane_constant(&running.z, ONE_LIMBS);
        step.x = twice[g].x;
        step.y = twice[g].y;
        z[g * FRESH_LENGTH] = running.z;
        for (int j = 1; j < FRESH_LENGTH; j++) {
            add_affine(&running, &step, (lane8){0});
            tables[g][j].x = running.x;
            tables[g][j].y = running.y;
            z[g * FRESH_LENGTH + (size_t)j] = running.z;
        }
    }
    invert_many(z, scratch, count * FRESH_LENGTH);
    for (size_t g = 0; g < count; g++) {
        for (int j = 1; j < FRESH_LENGTH; j++) {
            const lane_element *inverse = &z[g * FRESH_LENGTH + (size_t)j];
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

static void multiply_fresh(lane_jacobian *sum, const lane_affine multiples[FRESH_LENGTH], const waiting_group *group) {
    lane_affine entry;
    lane8 negative;
    lane_odd t;
    for (int lane = 0; lane < LANES; lane++) {
        lane_odd_put(&t, lane, group->equations[lane].t, FRESH_WIDTH * FRESH_ROWS);
    }
    for (int i = FRESH_ROWS - 1; i >= 0; i--) {
        lane8 index = lane_digit(&t, (unsigned)i * FRESH_WIDTH, FRESH_WIDTH, &negative);
        read_multiples(&entry, multiples, index);
        if (i == FRESH_ROWS - 1) {
            sum->x = entry.x;
            /* y is below 2p: 2p - y where negative */
            for (int limb = 0; limb < LIMBS; limb++) {
                entry.y.l[limb] =
                    ((entry.y.l[limb] ^ negative) - negative) + (all_lanes(2 * P_LIMBS[limb]) & negative);
            }
            lane_carry(&entry.y);
            sum->y = entry.y;
            lane_constant(&sum->z, ONE_LIMBS);
            continue;
        }
        for (int j = 0; j < FRESH_WIDTH; j++) {
            double_point(sum);
        }
        add_affine(sum, &entry, negative);
    }
}

static void verify_fresh(uint8_t *answers, const waiting_group *groups, size_t count) {
    lane_affine tables[FRESH_GROUPS][FRESH_LENGTH];
    lane_jacobian sum;
    fresh_tables(tables, groups, count);
    for (size_t g = 0; g < count; g++) {
        multiply_fresh(&sum, tables[g], &groups[g]);
        add_base(&sum, 0, &groups[g]);
        answer(answers, &sum, &groups[g]);
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

void SM2_CORE(verify)(uint8_t *answers, const sm2_verification *items, size_t count) {
    waiting_group known = {.length = 0}, fresh[FRESH_GROUPS + 1];
    size_t full = 0;
    for (int g = 0; g <= FRESH_GROUPS; g++) {
        fresh[g].length = 0;
    }
    for (size_t i = 0; i < count; i++) {
        int has_table = items[i].key->table != NULL;
        waiting_group *group = has_table ? &known : &fresh[full];
        answers[i] = 0;
        if (!sm2_equation_make(&group->equations[group->length], &items[i])) {
            continue;
        }
        group->keys[group->length] = items[i].key;
        group->numbers[group->length++] = i;
        if (group->length < LANES) {
            continue;
        }
        if (has_table) {
            verify_with_tables(answers, &known);
            known.length = 0;
        } else if (++full == FRESH_GROUPS) {
            flush_fresh(answers, fresh, &full);
        }
    }
    if (known.length > 0) {
        fill_waiting(&known);
        verify_with_tables(answers, &known);
    }
    flush_fresh(answers, fresh, &full);
}

void SM2_CORE(table_fill)(sm2_table *table, const uint8_t point[64]) {
    affine *entries = (affine *)table;
    SM2_PLAIN_CORE(table_fill)(table, point);
    for (size_t i = 0; i < (size_t)KEY_ROWS * KEY_LENGTH; i++) {
        lane_form(entries[i].x.w, &entries[i].x);
        lane_form(entries[i].y.w, &entries[i].y);
    }
}
