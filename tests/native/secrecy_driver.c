/* Runs every function that meets a secret with that secret marked undefined, for valgrind's memcheck to follow it.
 *
 *   secrecy_driver PATH          private key, nonces, entropy and scalars are secret; must give no report
 *   secrecy_driver branch|index  a function that leaks on purpose; must be reported, or the check is blind
 *   secrecy_driver digest        a secret given to verification, which treats all it meets as public; must be reported
 */
#include <stdio.h>
#include <string.h>

#include "secrecy.h"
#include "sm2.h"

enum { COUNT = 19 }; /* two full groups of lanes and a part of one */

static volatile unsigned sink;
static uint8_t octets[COUNT][32], nonces[COUNT][32], points[COUNT][64], signatures[COUNT][64], ok[COUNT];

static void fill(uint8_t *out, size_t length, unsigned seed) {
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1103515245 + 12345;
        out[i] = (uint8_t)(seed >> 16);
    }
}

static int leak(const char *how) {
    static const unsigned table[256] = {1, 2, 3};
    uint8_t secret[32];
    fill(secret, sizeof secret, 7);
    SECRET(secret, sizeof secret);
    if (strcmp(how, "branch") == 0) {
        if (secret[5] & 1) {
            sink = 1;
        }
        return 0;
    }
    sink = table[secret[6]];
    return 0;
}

/* The report comes from within the library: marks and their trail go through its arithmetic. */
static int secret_digest(void) {
    const sm2_path *path = sm2_path_by_name("portable");
    uint8_t scalar[1][32], point[1][64], digest[32], answer;
    fill(scalar[0], 32, 8);
    scalar[0][0] = 0x39;
    fill(digest, 32, 9);
    path->base_multiply(point, (const uint8_t(*)[32])scalar, 1);
    sm2_public_key key = {.table = NULL};
    memcpy(key.point, point[0], 64);
    sm2_verification item = {&key, digest, points[0]};
    fill(points[0], 64, 10);
    SECRET(digest, 32);
    path->verify(&answer, &item, 1);
    sink = answer;
    return 0;
}

static void use_key(const sm2_path *path) {
    const uint8_t *digests[COUNT];
    uint8_t scalar[32], entropy[32];
    sm2_private_key key;
    for (int i = 0; i < COUNT; i++) {
        digests[i] = octets[i];
    }
    fill(scalar, 32, 1);
    fill(entropy, 32, 2);
    scalar[0] = 0x39;
    SECRET(scalar, 32);
    SECRET(entropy, 32);
    if (!sm2_private_key_load(&key, scalar)) {
        printf("the key does not load\n");
    }
    fill(nonces[0], sizeof nonces, 3);
    memset(nonces[2], 0, 32); /* does not serve */
    memset(nonces[3], 0xff, 32);
    SECRET(nonces, sizeof nonces);
    for (size_t count = 1; count <= COUNT; count += 6) { /* 1, 7, 13, 19 */
        path->sign_with_nonces(signatures, ok, &key, digests, (const uint8_t(*)[32])nonces, count);
        sm2_sign(path, signatures, &key, digests, count, entropy);
    }
    sm2_wipe(&key, sizeof key);
}

/* Scalars, one of which is where the chain of additions meets equal points: told by name, so it is no secret. */
static void multiply(const sm2_path *path) {
    uint8_t product[64];
    fill(nonces[0], sizeof nonces, 4);
    for (int i = 0; i < COUNT; i++) {
        nonces[i][0] &= 0x7f;
    }
    SECRET(nonces, sizeof nonces);
    path->base_multiply(points, (const uint8_t(*)[32])nonces, COUNT);
    path->base_multiply(points, (const uint8_t(*)[32])nonces, 1);
    /* A product is for the other side: its octets are public. The scalar stays secret. */
    PUBLIC(points, sizeof points);
    sm2_point_multiply(product, points[0], nonces[1]);
    PUBLIC(product, sizeof product);
    if (!sm2_point_check(product) || !sm2_point_check(points[0])) {
        printf("a product is not on the curve\n");
    }
}

int main(int count, char **arguments) {
    if (count != 2) {
        return 2;
    }
    if (strcmp(arguments[1], "branch") == 0 || strcmp(arguments[1], "index") == 0) {
        return leak(arguments[1]);
    }
    sm2_tables_prepare();
    if (strcmp(arguments[1], "digest") == 0) {
        return secret_digest();
    }
    const sm2_path *path = sm2_path_by_name(arguments[1]);
    if (path == NULL) {
        return 3;
    }
    fill(octets[0], sizeof octets, 5);
    use_key(path);
    multiply(path);
    printf("done\n");
    return 0;
}
