/* SM3 (GB/T 32905): one message in pieces, and the parts that the many-lane version shares. */
#ifndef XINYIN_SM3_H
#define XINYIN_SM3_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t words[8];
    uint8_t buffer[64];
    uint64_t length; /* octets taken so far */
} sm3_state;

extern const uint32_t SM3_START[8];
/* T_j turned left by j mod 32. */
extern const uint32_t SM3_ROUND[64];

void sm3_start(sm3_state *state);
void sm3_take(sm3_state *state, const uint8_t *octets, size_t length);
void sm3_finish(sm3_state *state, uint8_t digest[32]);
void sm3_compress(uint32_t words[8], const uint8_t *blocks, size_t count);

#endif
