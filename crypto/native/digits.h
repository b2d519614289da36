/* Odd signed digits: how every multiplication here reads its scalar.
 *
 * An odd k below 2^256 is a sum of +-2^j over all j below any count of bits that is at least 256: bit j + 1 of k tells the
 * sign at j, and the last sign is plus. Taken width at a time, that gives digits that are all odd and never zero, so
 * every scalar costs the same additions. The window at bit position holds width sign bits; its digit is
 * +-(2 * index + 1). For an even k use n - k and turn the signs (n is odd).
 */
#ifndef XINYIN_DIGITS_H
#define XINYIN_DIGITS_H

#include "scalar.h"

typedef struct {
    uint64_t w[5];  /* the odd scalar, and a bit that closes the last window */
    uint64_t turn;  /* all ones if it stands for n - k */
} odd_scalar;

/* For 0 < k < n; bits is the width times the number of windows, 256 to 319. */
static inline void odd_scalar_make(odd_scalar *odd, const uint64_t k[4], unsigned bits) {
    uint64_t other[4];
    (void)words_subtract(other, ORDER_N, k);
    uint64_t even = opaque((k[0] & 1) - 1);
    memcpy(odd->w, k, 32);
    words_select(odd->w, other, even);
    odd->w[4] = (uint64_t)1 << (bits - 256);
    odd->turn = even;
}

/* The sign bits of the window that starts at position. */
static inline uint64_t odd_scalar_window(const odd_scalar *odd, unsigned position, unsigned width) {
    unsigned word = (position + 1) / 64, shift = (position + 1) % 64;
    uint64_t value = odd->w[word] >> shift;
    if (shift + width > 64 && word < 4) {
        value |= odd->w[word + 1] << (64 - shift);
    }
    return value & (((uint64_t)1 << width) - 1);
}

/* From sign bits to the index of the multiple, 0 to 2^(width - 1) - 1; negative becomes all ones for a minus. */
static inline uint64_t odd_digit_index(uint64_t window, unsigned width, uint64_t turn, uint64_t *negative) {
    uint64_t minus = opaque((window >> (width - 1)) - 1);
    *negative = minus ^ turn;
    return (window ^ minus) & (((uint64_t)1 << (width - 1)) - 1);
}

#endif
