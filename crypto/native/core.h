/* What the paths share below sm2.h: the steps before and after the curve arithmetic, and the plain core. */
#ifndef XINYIN_CORE_H
#define XINYIN_CORE_H

#include "sm2.h"

#define SM2_JOIN_(left, right) left##_##right
#define SM2_JOIN(left, right) SM2_JOIN_(left, right)
/* SM2_CORE(verify) is core_portable_verify where SM2_CORE_NAME is core_portable. */
#define SM2_CORE(name) SM2_JOIN(SM2_CORE_NAME, name)
/* For what lanes leave to the plain core, as core_avx2_verify_any from lanes_ifma. */
#define SM2_PLAIN_CORE(name) SM2_JOIN(SM2_PLAIN_CORE_NAME, name)
#define SM2_CORE_TABLE_SIZE (64 * 43 * 32)

/* A signature that passed the checks of range: it verifies if x(s G + t P) = x modulo n. */
typedef struct {
    uint64_t s[4], t[4], x[4]; /* t = r + s, x = r - e, all modulo n; s and t are not 0 */
} sm2_equation;

/* Steps of GB/T 32918.2 before the curve. Returns 1, or 0 if r, s or r + s is out of range. */
int sm2_equation_make(sm2_equation *equation, const sm2_verification *item);

/* Load a nonce; 1, or 0 and the number 1 in its place if it is outside [1, n-1]. */
uint8_t sm2_nonce_load(uint64_t k[4], const uint8_t nonce[32]);

/* From x1 of k G to r || s. Returns 1, or 0 if another nonce is needed. */
uint8_t sm2_sign_finish(uint8_t signature[64], const sm2_private_key *key, const uint8_t *digest,
                        const uint64_t k[4], const uint64_t x1[4]);

#define SM2_CORE_DECLARE(core)                                                                                        \
    void core##_base_multiply(uint8_t (*points)[64], const uint8_t (*scalars)[32], size_t count);                    \
    void core##_sign_with_nonces(uint8_t (*signatures)[64], uint8_t *ok, const sm2_private_key *key,                 \
                                 const uint8_t *const *digests, const uint8_t (*nonces)[32], size_t count);          \
    void core##_verify(uint8_t *answers, const sm2_verification *items, size_t count);                               \
    int core##_verify_any(const sm2_equation *equation, const uint8_t point[64]);                                    \
    void core##_verify_fresh(uint8_t *answers, const sm2_equation *equations, const uint8_t *const *points,          \
                             size_t count);                                                                          \
    void core##_table_fill(sm2_table *table, const uint8_t point[64]);                                               \
    SM3_DECLARE(core)

#define SM2_LANES_DECLARE(lanes)                                                                                      \
    void lanes##_base_multiply(uint8_t (*points)[64], const uint8_t (*scalars)[32], size_t count);                   \
    void lanes##_sign_with_nonces(uint8_t (*signatures)[64], uint8_t *ok, const sm2_private_key *key,                \
                                  const uint8_t *const *digests, const uint8_t (*nonces)[32], size_t count);         \
    void lanes##_verify(uint8_t *answers, const sm2_verification *items, size_t count);                              \
    void lanes##_table_fill(sm2_table *table, const uint8_t point[64]);

#define SM3_DECLARE(core)                                                                                             \
    void core##_sm3_many(uint8_t (*digests)[32], const sm3_message *prefixes, const sm3_message *messages,           \
                         size_t count);                                                                              \
    void core##_sm3_last_blocks(uint8_t (*digests)[32], const uint32_t midstate[8], const uint8_t (*blocks)[64],     \
                                size_t count);

SM2_CORE_DECLARE(core_portable)
#ifdef XINYIN_X86
SM2_CORE_DECLARE(core_avx2)
SM2_LANES_DECLARE(lanes_ifma)
SM3_DECLARE(lanes_ifma)
#endif
SM2_LANES_DECLARE(lanes_emulated)

#endif
