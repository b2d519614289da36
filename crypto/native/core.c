/* Signing and verifying, one operation after the other, in plain C.
 *
 * Compiled once for each path that has no lanes of its own: SM2_CORE(name) gives each its names. What differs is
 * what the compiler may use (multiplication without flags, wider vectors for reading tables).
 */
#include "core.h"

#include <string.h>

#include "digits.h"
#include "point.h"
#include "secrecy.h"
#include "tables.h"

enum { CHUNK = 32 }; /* operations that share one inversion */

/* What fits a register: 32 octets with AVX2, 16 on every x86-64 and ARM. */
#ifdef __AVX2__
enum { PART = 32 };
#else
enum { PART = 16 };
#endif
typedef uint64_t wide __attribute__((vector_size(PART)));
typedef uint32_t narrow __attribute__((vector_size(PART)));

/* Read entry index of a row of secret index: every entry is read, masks keep one. */
static inline void read_whole(affine *out, const affine *row, uint64_t index) {
    enum { PARTS = sizeof(affine) / PART };
    const narrow step = (narrow){0} + 1, wanted = (narrow){0} + (uint32_t)index;
    narrow position = {0};
    wide kept[PARTS] = {{0}};
    for (int i = 0; i < NARROW_LENGTH; i++) {
        const wide *entry = (const wide *)&row[i];
        wide mask = (wide)(wanted == position);
        for (int j = 0; j < PARTS; j++) {
            kept[j] |= entry[j] & mask;
        }
        position += step;
    }
    memcpy(out, kept, sizeof *out);
}

static inline void negate_if(affine *point, uint64_t mask) {
    element negative;
    field_negate(&negative, &point->y);
    field_select(&point->y, &negative, mask);
}

/* k * G for secret k in [1, n-1]. Z = 0 for the one k where a sum meets equal points. */
static void base_multiply_jacobian(jacobian *out, const uint64_t k[4]) {
    odd_scalar odd;
    affine entry;
    uint64_t negative;
    odd_scalar_make(&odd, k, NARROW_WIDTH * NARROW_ROWS);
    for (int i = NARROW_ROWS - 1; i >= 0; i--) {
        uint64_t window = odd_scalar_window(&odd, (unsigned)i * NARROW_WIDTH, NARROW_WIDTH);
        uint64_t index = odd_digit_index(window, NARROW_WIDTH, odd.turn, &negative);
        read_whole(&entry, narrow_table[i], index);
        negate_if(&entry, negative);
        if (i == NARROW_ROWS - 1) {
            point_from_affine(out, &entry);
        } else {
            point_add_affine(out, out, &entry);
        }
    }
    sm2_wipe(&odd, sizeof odd);
    sm2_wipe(&entry, sizeof entry);
}

/* The k where the above fails are known numbers, not secrets; (k - c) G + c G serves for them. */
static void base_multiply_rare(jacobian *out, const uint64_t k[4]) {
    for (uint64_t c = 1;; c++) {
        uint64_t small[4] = {c, 0, 0, 0}, rest[4];
        jacobian left, right;
        scalar_subtract(rest, k, small);
        if (words_zero_mask(rest)) {
            continue;
        }
        base_multiply_jacobian(&left, rest);
        base_multiply_jacobian(&right, small);
        if (field_zero_mask(&left.z) || field_zero_mask(&right.z)) {
            continue;
        }
        point_add_any(out, &left, &right);
        return;
    }
}

/* points[i] = k[i] * G, affine; count is at most CHUNK. */
static void base_multiply_affine(affine *points, uint64_t (*k)[4], size_t count) {
    jacobian products[CHUNK];
    element z[CHUNK], scratch[CHUNK];
    for (size_t i = 0; i < count; i++) {
        base_multiply_jacobian(&products[i], k[i]);
        uint64_t rare = field_zero_mask(&products[i].z);
        PUBLIC(&rare, sizeof rare);
        if (rare) {
            base_multiply_rare(&products[i], k[i]);
        }
        z[i] = products[i].z;
    }
    field_invert_many(z, scratch, count);
    for (size_t i = 0; i < count; i++) {
        point_scale(&points[i], &products[i], &z[i]);
    }
    sm2_wipe(products, sizeof products);
    sm2_wipe(z, sizeof z);
    sm2_wipe(scratch, sizeof scratch);
}

void SM2_CORE(base_multiply)(uint8_t (*points)[64], const uint8_t (*scalars)[32], size_t count) {
    affine products[CHUNK];
    uint64_t k[CHUNK][4];
    while (count > 0) {
        size_t length = count < CHUNK ? count : CHUNK;
        for (size_t i = 0; i < length; i++) {
            words_load(k[i], scalars[i]);
        }
        base_multiply_affine(products, k, length);
        for (size_t i = 0; i < length; i++) {
            point_store(points[i], &products[i]);
        }
        points += length;
        scalars += length;
        count -= length;
    }
    sm2_wipe(k, sizeof k);
}

void SM2_CORE(sign_with_nonces)(uint8_t (*signatures)[64], uint8_t *ok, const sm2_private_key *key,
                                const uint8_t *const *digests, const uint8_t (*nonces)[32], size_t count) {
    affine products[CHUNK];
    uint64_t k[CHUNK][4], x[4];
    while (count > 0) {
        size_t length = count < CHUNK ? count : CHUNK;
        for (size_t i = 0; i < length; i++) {
            ok[i] = sm2_nonce_load(k[i], nonces[i]);
        }
        base_multiply_affine(products, k, length);
        for (size_t i = 0; i < length; i++) {
            field_leave(x, &products[i].x);
            ok[i] &= sm2_sign_finish(signatures[i], key, digests[i], k[i], x);
            if (!ok[i]) {
                memset(signatures[i], 0, 64);
            }
        }
        signatures += length;
        ok += length;
        digests += length;
        nonces += length;
        count -= length;
    }
    sm2_wipe(k, sizeof k);
    sm2_wipe(products, sizeof products);
}

/* ---- verifying: everything below is public and branches freely ---- */

/* Add the multiple of a table's point that k stands for; start from nothing if first. */
static void add_from_table(jacobian *sum, int first, const affine *table, unsigned width, unsigned rows,
                           const uint64_t k[4]) {
    odd_scalar odd;
    odd_scalar_make(&odd, k, width * rows);
    for (unsigned i = rows; i-- > 0;) {
        uint64_t negative, window = odd_scalar_window(&odd, i * width, width);
        uint64_t index = odd_digit_index(window, width, odd.turn, &negative);
        affine entry = table[((size_t)i << (width - 1)) + index];
        negate_if(&entry, negative);
        if (first) {
            point_from_affine(sum, &entry);
            first = 0;
        } else {
            point_add_affine(sum, sum, &entry);
        }
    }
}

enum { FRESH_LENGTH = 8, FRESH_WIDTH = 5, FRESH_CHUNK = 16 };

/* Digits of k, each 0 or odd and below 16 in size, no two of them within 5 positions. */
static int sparse_digits(int8_t digits[257], const uint64_t k[4]) {
    uint64_t rest[5] = {k[0], k[1], k[2], k[3], 0};
    int last = 0;
    memset(digits, 0, 257);
    for (int i = 0; i < 257; i++) {
        if (rest[0] & 1) {
            int digit = (int)(rest[0] & 31);
            if (digit > 16) {
                digit -= 32;
            }
            digits[i] = (int8_t)digit;
            last = i;
            uint64_t carry = 0, size = (uint64_t)(digit < 0 ? -digit : digit);
            for (int j = 0; j < 5; j++) {
                rest[j] = digit < 0 ? add_carry(rest[j], j == 0 ? size : 0, &carry)
                                    : subtract_borrow(rest[j], j == 0 ? size : 0, &carry);
            }
        }
        for (int j = 0; j < 5; j++) {
            rest[j] = rest[j] >> 1 | (j < 4 ? rest[j + 1] << 63 : 0);
        }
    }
    return last;
}

/* Odd multiples P, 3P, ..., 15P of count points, made affine together. */
static void fresh_tables(affine (*tables)[FRESH_LENGTH], const affine *points, size_t count) {
    element z[FRESH_CHUNK * FRESH_LENGTH], scratch[FRESH_CHUNK * FRESH_LENGTH];
    for (size_t i = 0; i < count; i++) {
        jacobian running, twice;
        point_from_affine(&running, &points[i]);
        point_double(&twice, &running);
        for (size_t j = 0; j < FRESH_LENGTH; j++) {
            if (j > 0) {
                point_add(&running, &running, &twice);
            }
            tables[i][j].x = running.x;
            tables[i][j].y = running.y;
            z[i * FRESH_LENGTH + j] = running.z;
        }
    }
    field_invert_many(z, scratch, count * FRESH_LENGTH);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < FRESH_LENGTH; j++) {
            jacobian p = {tables[i][j].x, tables[i][j].y, FIELD_ZERO};
            point_scale(&tables[i][j], &p, &z[i * FRESH_LENGTH + j]);
        }
    }
}

/* sum = k * P from P's odd multiples. A k that is small or close to n may meet equal points: Z = 0 then. */
static void multiply_fresh(jacobian *sum, const affine multiples[FRESH_LENGTH], const uint64_t k[4]) {
    int8_t digits[257];
    int last = sparse_digits(digits, k);
    point_from_affine(sum, &multiples[digits[last] >> 1]); /* the last digit is positive */
    for (int i = last - 1; i >= 0; i--) {
        point_double(sum, sum);
        if (digits[i] != 0) {
            affine entry = multiples[(digits[i] < 0 ? -digits[i] : digits[i]) >> 1];
            if (digits[i] < 0) {
                field_negate(&entry.y, &entry.y);
            }
            point_add_affine(sum, sum, &entry);
        }
    }
}

/* left * G + right * P whatever the numbers and the point: slow, for the cases that the chains above cannot do. */
static void multiply_any(jacobian *sum, const uint64_t left[4], const uint64_t right[4], const affine *point) {
    jacobian base, other;
    point_from_affine(&base, &CURVE_G);
    point_from_affine(&other, point);
    sum->x = sum->y = FIELD_ONE;
    sum->z = FIELD_ZERO;
    for (int i = 255; i >= 0; i--) {
        point_double(sum, sum);
        if (left[i / 64] >> (i % 64) & 1) {
            point_add_any(sum, sum, &base);
        }
        if (right[i / 64] >> (i % 64) & 1) {
            point_add_any(sum, sum, &other);
        }
    }
}

/* Is the affine x of sum, modulo n, equal to x? Compared as X = x Z^2, so that nothing is inverted. */
static int has_x(const jacobian *sum, const uint64_t x[4]) {
    static const uint64_t gap[4] = {/* p - n */
                                    0xac440bf6c62abedc, 0x8dfc2093de39fad5, 0, 0};
    element zz, candidate;
    uint64_t larger[4];
    if (field_zero_mask(&sum->z)) {
        return 0;
    }
    field_square(&zz, &sum->z);
    field_enter(&candidate, x);
    field_multiply(&candidate, &candidate, &zz);
    if (field_equal_mask(&candidate, &sum->x)) {
        return 1;
    }
    if (!words_below_mask(x, gap)) {
        return 0;
    }
    (void)words_add(larger, x, ORDER_N);
    field_enter(&candidate, larger);
    field_multiply(&candidate, &candidate, &zz);
    return field_equal_mask(&candidate, &sum->x) != 0;
}

static int finish_verification(jacobian *sum, const sm2_equation *equation, const uint8_t point[64]) {
    if (field_zero_mask(&sum->z)) {
        affine p;
        point_load(&p, point);
        multiply_any(sum, equation->s, equation->t, &p);
    }
    return has_x(sum, equation->x);
}

int SM2_CORE(verify_any)(const sm2_equation *equation, const uint8_t point[64]) {
    jacobian sum = {FIELD_ZERO, FIELD_ZERO, FIELD_ZERO};
    return finish_verification(&sum, equation, point);
}

void SM2_CORE(verify_fresh)(uint8_t *answers, const sm2_equation *equations, const uint8_t *const *points,
                            size_t count) {
    affine loaded[FRESH_CHUNK], tables[FRESH_CHUNK][FRESH_LENGTH];
    for (size_t start = 0; start < count; start += FRESH_CHUNK) {
        size_t length = count - start < FRESH_CHUNK ? count - start : FRESH_CHUNK;
        for (size_t i = 0; i < length; i++) {
            point_load(&loaded[i], points[start + i]);
        }
        fresh_tables(tables, loaded, length);
        for (size_t i = 0; i < length; i++) {
            jacobian sum;
            const sm2_equation *equation = &equations[start + i];
            multiply_fresh(&sum, tables[i], equation->t);
            add_from_table(&sum, 0, wide_table[0], WIDE_WIDTH, WIDE_ROWS, equation->s);
            answers[start + i] = (uint8_t)finish_verification(&sum, equation, points[start + i]);
        }
    }
}

static int verify_with_table(const sm2_equation *equation, const sm2_public_key *key) {
    jacobian sum;
    add_from_table(&sum, 1, (const affine *)key->table, KEY_WIDTH, KEY_ROWS, equation->t);
    add_from_table(&sum, 0, wide_table[0], WIDE_WIDTH, WIDE_ROWS, equation->s);
    return finish_verification(&sum, equation, key->point);
}

void SM2_CORE(verify)(uint8_t *answers, const sm2_verification *items, size_t count) {
    sm2_equation waiting[FRESH_CHUNK];
    const uint8_t *points[FRESH_CHUNK];
    size_t numbers[FRESH_CHUNK], length = 0;
    uint8_t waited[FRESH_CHUNK];
    for (size_t i = 0; i < count; i++) {
        sm2_equation equation;
        answers[i] = 0;
        if (sm2_equation_make(&equation, &items[i])) {
            if (items[i].key->table != NULL) {
                answers[i] = (uint8_t)verify_with_table(&equation, items[i].key);
            } else {
                waiting[length] = equation;
                points[length] = items[i].key->point;
                numbers[length++] = i;
            }
        }
        if (length == FRESH_CHUNK || (i + 1 == count && length > 0)) {
            SM2_CORE(verify_fresh)(waited, waiting, points, length);
            for (size_t j = 0; j < length; j++) {
                answers[numbers[j]] = waited[j];
            }
            length = 0;
        }
    }
}

void SM2_CORE(table_fill)(sm2_table *table, const uint8_t point[64]) {
    /* Room for intermediate values; static would not be safe with threads, and the stack holds 90 KB. */
    element scratch[2 * KEY_ROWS * KEY_LENGTH];
    affine loaded;
    point_load(&loaded, point);
    odd_multiples((affine *)table, KEY_WIDTH, KEY_ROWS, &loaded, scratch);
}

_Static_assert(sizeof(affine) == 64, "an entry is one cache line");
_Static_assert(sizeof(affine) * KEY_ROWS * KEY_LENGTH == SM2_CORE_TABLE_SIZE, "size of a key's table");
