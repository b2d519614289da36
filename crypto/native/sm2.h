/* SM2 (GB/T 32918) for one process: what the Python module, the tests and the fuzzer call.
 *
 * Octet strings are big-endian. A point is X || Y (64 octets), a signature r || s (64 octets), a digest e 32 octets.
 * Nothing here allocates, locks, does I/O or keeps state, except sm2_tables_prepare(), which fills tables once.
 * Secrets are private scalars, nonces and everything computed from them until it is a signature or a point; code
 * that touches them has no branch and no address that depends on them (docs/explanation/sm2-engine.md).
 */
#ifndef XINYIN_SM2_H
#define XINYIN_SM2_H

#include <stddef.h>
#include <stdint.h>

#define SM2_SCALAR_LENGTH 32
#define SM2_DIGEST_LENGTH 32
#define SM2_POINT_LENGTH 64
#define SM2_SIGNATURE_LENGTH 64
#define SM2_DER_CAPACITY 72
#define SM2_ENTROPY_LENGTH 32

/* A private key, ready to sign. Wipe it with sm2_wipe(). */
typedef struct {
    uint64_t scalar[4];      /* d */
    uint64_t inverse[4];     /* (1 + d)^-1 mod n, Montgomery form */
    uint8_t nonce_key[32];   /* SM3 of a label and d: what nonces are mixed with */
} sm2_private_key;

/* A table of multiples of one public key, made by sm2_path.table_fill. */
typedef struct sm2_table sm2_table;

/* A public key: a point that was checked, and its table where it has one. */
typedef struct {
    uint8_t point[SM2_POINT_LENGTH];
    const sm2_table *table;  /* may be NULL */
} sm2_public_key;

typedef struct {
    const sm2_public_key *key;
    const uint8_t *digest;     /* 32 octets */
    const uint8_t *signature;  /* r || s, 64 octets, any values */
} sm2_verification;

typedef struct {
    const uint8_t *octets;
    size_t length;
} sm3_message;

/* One way of computing: same answers, other instructions. */
typedef struct {
    const char *name;  /* "portable", "avx2", "ifma", "emulated" */
    size_t lanes;      /* how many operations one step computes: 1 or 8 */
    size_t table_size; /* octets of a sm2_table of this path, aligned to 64 */

    /* points[i] = scalars[i] * G for scalars in [1, n-1]; scalars are secret. */
    void (*base_multiply)(uint8_t (*points)[64], const uint8_t (*scalars)[32], size_t count);

    /* Sign with given nonces. ok[i] is 1, or 0 where the nonce does not serve (outside [1, n-1], r = 0, r + k = n,
     * s = 0); signatures[i] is all zero then. */
    void (*sign_with_nonces)(uint8_t (*signatures)[64], uint8_t *ok, const sm2_private_key *key,
                             const uint8_t *const *digests, const uint8_t (*nonces)[32], size_t count);

    /* answers[i] = 1 if the signature verifies, else 0. */
    void (*verify)(uint8_t *answers, const sm2_verification *items, size_t count);

    /* Fill table (table_size octets, aligned to 64) with multiples of a checked point. */
    void (*table_fill)(sm2_table *table, const uint8_t point[64]);

    /* digests[i] = SM3 of prefixes[i] || messages[i]; prefixes may be NULL. */
    void (*sm3_many)(uint8_t (*digests)[32], const sm3_message *prefixes, const sm3_message *messages, size_t count);

    /* digests[i] = SM3 from a state reached after whole blocks, and one last block that has its padding. */
    void (*sm3_last_blocks)(uint8_t (*digests)[32], const uint32_t midstate[8], const uint8_t (*blocks)[64],
                            size_t count);
} sm2_path;

/* Paths this processor can run, best first, ended by NULL; "emulated" is always last and never the best. */
const sm2_path *const *sm2_paths(void);

/* The path of that name, or NULL if it is unknown or the processor lacks what it needs. */
const sm2_path *sm2_path_by_name(const char *name);

/* Compute the tables of multiples of G that the paths read. Safe to call from several threads; done once. */
void sm2_tables_prepare(void);

/* Load a scalar. Returns 1, or 0 if it is outside [1, n-2]. */
int sm2_private_key_load(sm2_private_key *key, const uint8_t scalar[32]);

/* The scalar of a loaded key. */
void sm2_private_key_scalar(uint8_t scalar[32], const sm2_private_key *key);

/* Sign with nonces that are SM3 of entropy, key, digest and position: see sign.c. Always succeeds.
 * entropy: 32 octets of the system's generator, fresh for this call. */
void sm2_sign(const sm2_path *path, uint8_t (*signatures)[64], const sm2_private_key *key,
              const uint8_t *const *digests, size_t count, const uint8_t entropy[32]);

/* 1 if X || Y is a point of the curve (never infinity), both coordinates below p. */
int sm2_point_check(const uint8_t point[64]);

/* Find Y with the parity of sign (0 or 1). Returns 1, or 0 if no point has that X or X >= p. */
int sm2_point_decompress(uint8_t point[64], const uint8_t x[32], int sign);

/* product = scalar * point for a checked point and a scalar in [1, n-1]; the scalar is secret. */
void sm2_point_multiply(uint8_t product[64], const uint8_t point[64], const uint8_t scalar[32]);

/* Strict DER SEQUENCE {r, s}: minimal positive INTEGERs, short lengths, nothing trailing, 1 <= r, s < n.
 * Returns 1 and fills raw, or 0. */
int sm2_signature_from_der(uint8_t raw[64], const uint8_t *der, size_t length);

/* Returns the length, at most SM2_DER_CAPACITY. */
size_t sm2_signature_to_der(uint8_t der[SM2_DER_CAPACITY], const uint8_t raw[64]);

/* 1 if 1 <= scalar <= n - 2, without telling which. */
int sm2_scalar_is_private(const uint8_t scalar[32]);

/* Overwrite with zeros; not optimised away. */
void sm2_wipe(void *memory, size_t length);

#endif
