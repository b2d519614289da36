/* Times operations on inputs of two classes, in random order, and prints Welch's t of the difference (tests/native/timing.py).
 *
 *   timing_driver MEASUREMENTS
 *
 * Inputs of both classes come from pools of the same size and are copied to the same place before each measurement, so
 * that only their values differ. Output, one line each: path, operation, class, mean of both classes, largest |t|.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sm2.h"

#if defined(__x86_64__)
#include <x86intrin.h>
static uint64_t now(void) {
    unsigned processor;
    _mm_lfence();
    uint64_t ticks = __rdtscp(&processor);
    _mm_lfence();
    return ticks;
}
#else
static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif

enum { POOL = 64, GROUP = 8 };

typedef struct {
    uint8_t nonces[GROUP][32], scalar[32];
    sm2_private_key key;
    uint8_t signature[64]; /* by key, over the digest */
    uint8_t point[64];
} input;

typedef void operation(const sm2_path *path, const input *in, size_t count);

static uint8_t digest[32], signatures[GROUP][64], points[GROUP][64], ok[GROUP];
static const uint8_t *digests[GROUP];
static uint64_t state = 88172645463325252u;

static uint64_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

static void scalar(uint8_t out[32]) {
    for (int i = 0; i < 32; i++) {
        out[i] = (uint8_t)(draw() >> 32);
    }
    out[0] &= 0x7f;
}

static void small(uint8_t out[32]) {
    memset(out, 0, 32);
    out[31] = 3;
}

static void sign(const sm2_path *path, const input *in, size_t count) {
    path->sign_with_nonces(signatures, ok, &in->key, digests, in->nonces, count);
}

static void multiply(const sm2_path *path, const input *in, size_t count) {
    path->base_multiply(points, in->nonces, count);
}

static void load(const sm2_path *path, const input *in, size_t count) {
    sm2_private_key key;
    (void)path, (void)count;
    (void)sm2_private_key_load(&key, in->scalar);
    sm2_wipe(&key, sizeof key);
}

static void multiply_point(const sm2_path *path, const input *in, size_t count) {
    (void)path, (void)count;
    sm2_point_multiply(points[0], in->point, in->scalar);
}

static void verify(const sm2_path *path, const input *in, size_t count) {
    sm2_public_key key = {.table = NULL};
    sm2_verification items[GROUP];
    memcpy(key.point, in->point, 64);
    for (size_t i = 0; i < count; i++) {
        items[i] = (sm2_verification){&key, digest, in->signature};
    }
    path->verify(ok, items, count);
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Welch's t over the measurements up to a limit. */
static double welch(const double *times, const uint8_t *classes, size_t count, double limit, double means[2]) {
    double n[2] = {0}, squares[2] = {0};
    means[0] = means[1] = 0;
    for (size_t i = 0; i < count; i++) {
        if (times[i] <= limit) { /* Welford's running mean and sum of squares */
            int c = classes[i];
            double delta = times[i] - means[c];
            n[c]++;
            means[c] += delta / n[c];
            squares[c] += delta * (times[i] - means[c]);
        }
    }
    double spread = squares[0] / (n[0] - 1) / n[0] + squares[1] / (n[1] - 1) / n[1];
    return spread > 0 ? (means[0] - means[1]) / sqrt(spread) : 0;
}

static void measure(const sm2_path *path, const char *name, const char *classes_name, operation *run, size_t lanes,
                    const input pools[2][POOL], size_t count) {
    static const double crops[] = {1.0, 0.99, 0.95, 0.9, 0.75, 0.5};
    double *times = malloc(count * sizeof *times), *sorted = malloc(count * sizeof *sorted), means[2], shown[2];
    uint8_t *classes = malloc(count);
    input *work = malloc(sizeof *work);
    double largest = 0;
    if (times == NULL || sorted == NULL || classes == NULL || work == NULL) {
        exit(1);
    }
    for (size_t i = 0; i < count + 200; i++) { /* the first are not counted */
        uint8_t class = (uint8_t)(draw() >> 40 & 1);
        memcpy(work, &pools[class][draw() >> 33 & (POOL - 1)], sizeof *work);
        uint64_t start = now();
        run(path, work, lanes);
        uint64_t end = now();
        if (i >= 200) {
            times[i - 200] = (double)(end - start);
            classes[i - 200] = class;
        }
    }
    memcpy(sorted, times, count * sizeof *times);
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 0; i < sizeof crops / sizeof *crops; i++) {
        double t = welch(times, classes, count, sorted[(size_t)((double)(count - 1) * crops[i])], means);
        if (crops[i] == 0.95) {
            memcpy(shown, means, sizeof shown);
        }
        largest = fabs(t) > fabs(largest) ? t : largest;
    }
    printf("%s\t%s\t%s\t%zu\t%.1f\t%.1f\t%.2f\n", path->name, name, classes_name, lanes, shown[0], shown[1], largest);
    fflush(stdout);
    free(times);
    free(sorted);
    free(classes);
    free(work);
}

/* Two pools with everything the same, to be changed. */
static void alike(input pools[2][POOL]) {
    input one;
    for (int i = 0; i < GROUP; i++) {
        scalar(one.nonces[i]);
    }
    scalar(one.scalar);
    (void)sm2_private_key_load(&one.key, one.scalar);
    sm2_path_by_name("portable")->base_multiply(&one.point, (const uint8_t(*)[32])one.scalar, 1);
    sm2_path_by_name("portable")->sign_with_nonces(&one.signature, ok, &one.key, digests, one.nonces, 1);
    for (int c = 0; c < 2; c++) {
        for (int i = 0; i < POOL; i++) {
            pools[c][i] = one;
        }
    }
}

static void random_nonces(input pool[POOL]) {
    for (int i = 0; i < POOL; i++) {
        for (int j = 0; j < GROUP; j++) {
            scalar(pool[i].nonces[j]);
        }
    }
}

static void random_keys(input pool[POOL]) {
    for (int i = 0; i < POOL; i++) {
        scalar(pool[i].scalar);
        (void)sm2_private_key_load(&pool[i].key, pool[i].scalar);
    }
}

static void small_numbers(input pool[POOL]) {
    for (int i = 0; i < POOL; i++) {
        for (int j = 0; j < GROUP; j++) {
            small(pool[i].nonces[j]);
        }
        small(pool[i].scalar);
    }
}

int main(int count, char **arguments) {
    static input pools[2][POOL];
    size_t asked = count == 2 ? strtoul(arguments[1], NULL, 10) : 0;
    if (asked < 1000) {
        return 2;
    }
    sm2_tables_prepare();
    for (int i = 0; i < GROUP; i++) {
        digests[i] = digest;
    }
    for (const sm2_path *const *path = sm2_paths(); *path != NULL; path++) {
        /* The path "emulated" is slow; its source is that of "ifma". */
        size_t lanes = (*path)->lanes, measurements = strcmp((*path)->name, "emulated") == 0 ? asked / 10 : asked;
        alike(pools);
        measure(*path, "sign", "the same twice", sign, lanes, (const input(*)[POOL])pools, measurements);
        random_nonces(pools[1]);
        measure(*path, "sign", "nonces: fixed, random", sign, lanes, (const input(*)[POOL])pools, measurements);
        measure(*path, "base_multiply", "scalars: fixed, random", multiply, lanes, (const input(*)[POOL])pools, measurements);
        small_numbers(pools[0]);
        measure(*path, "sign", "nonces: 3, random", sign, lanes, (const input(*)[POOL])pools, measurements);
        alike(pools);
        random_keys(pools[1]);
        measure(*path, "sign", "keys: fixed, random", sign, lanes, (const input(*)[POOL])pools, measurements);
        if (path == sm2_paths()) {
            measure(*path, "private_key_load", "scalars: fixed, random", load, 1, (const input(*)[POOL])pools, measurements);
            measure(*path, "point_multiply", "scalars: fixed, random", multiply_point, 1, (const input(*)[POOL])pools,
                    measurements / 4);
            small_numbers(pools[0]);
            measure(*path, "point_multiply", "scalars: 3, random", multiply_point, 1, (const input(*)[POOL])pools,
                    measurements / 4);
        }
        if (lanes == 1) {
            alike(pools);
            for (int i = 0; i < POOL; i++) { /* r + s = small */
                memset(pools[0][i].signature, 0, 64);
                pools[0][i].signature[31] = pools[0][i].signature[63] = 1;
            }
            measure(*path, "verify", "control: public, may differ", verify, lanes, (const input(*)[POOL])pools, measurements / 4);
        }
    }
    return 0;
}
