/* 256-bit numbers as four 64-bit words, least significant first, in constant time. */
#ifndef XINYIN_WORDS_H
#define XINYIN_WORDS_H

#include <stdint.h>
#include <string.h>

typedef unsigned __int128 uint128_t;

/* Keeps the compiler from learning that a mask is 0 or all ones, and so from turning a selection into a branch. */
static inline uint64_t opaque(uint64_t value) {
    __asm__("" : "+r"(value));
    return value;
}

static inline uint64_t load_be64(const uint8_t *octets) {
    uint64_t value;
    memcpy(&value, octets, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline void store_be64(uint8_t *octets, uint64_t value) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(octets, &value, 8);
}

static inline void words_load(uint64_t words[4], const uint8_t octets[32]) {
    for (int i = 0; i < 4; i++) {
        words[i] = load_be64(octets + 8 * (3 - i));
    }
}

static inline void words_store(uint8_t octets[32], const uint64_t words[4]) {
    for (int i = 0; i < 4; i++) {
        store_be64(octets + 8 * (3 - i), words[i]);
    }
}

/* left + right + carry (0 or 1); carry becomes what leaves the word. */
static inline uint64_t add_carry(uint64_t left, uint64_t right, uint64_t *carry) {
    uint128_t sum = (uint128_t)left + right + *carry;
    *carry = (uint64_t)(sum >> 64);
    return (uint64_t)sum;
}

/* left - right - borrow (0 or 1); borrow becomes 1 if the result wrapped. */
static inline uint64_t subtract_borrow(uint64_t left, uint64_t right, uint64_t *borrow) {
    uint128_t difference = (uint128_t)left - right - *borrow;
    *borrow = (uint64_t)(difference >> 64) & 1;
    return (uint64_t)difference;
}

/* accumulator + left * right + carry; carry becomes the high word. */
static inline uint64_t multiply_add(uint64_t accumulator, uint64_t left, uint64_t right, uint64_t *carry) {
    uint128_t sum = (uint128_t)left * right + accumulator + *carry;
    *carry = (uint64_t)(sum >> 64);
    return (uint64_t)sum;
}

/* Chains of additions are where compilers do worst: they move the carry through registers. On x86-64 the chains stand
 * here as instructions of the base set; elsewhere, and with XINYIN_PLAIN_C, they are C. */
#if defined(__x86_64__) && !defined(XINYIN_PLAIN_C)
#define XINYIN_X86_CHAINS
#endif

/* out = left + right; returns the carry. */
static inline uint64_t words_add(uint64_t out[4], const uint64_t left[4], const uint64_t right[4]) {
#ifdef XINYIN_X86_CHAINS
    uint64_t a = left[0], b = left[1], c = left[2], d = left[3], carry = 0;
    __asm__("addq %[e], %[a]\n\tadcq %[f], %[b]\n\tadcq %[g], %[c]\n\tadcq %[h], %[d]\n\tadcq $0, %[k]"
            : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [k] "+&r"(carry)
            : [e] "rm"(right[0]), [f] "rm"(right[1]), [g] "rm"(right[2]), [h] "rm"(right[3])
            : "cc");
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
    return carry;
#else
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        out[i] = add_carry(left[i], right[i], &carry);
    }
    return carry;
#endif
}

/* out = left - right; returns all ones if it wrapped, else 0. */
static inline uint64_t words_subtract(uint64_t out[4], const uint64_t left[4], const uint64_t right[4]) {
#ifdef XINYIN_X86_CHAINS
    uint64_t a = left[0], b = left[1], c = left[2], d = left[3], mask;
    __asm__("subq %[e], %[a]\n\tsbbq %[f], %[b]\n\tsbbq %[g], %[c]\n\tsbbq %[h], %[d]\n\tsbbq %[k], %[k]"
            : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [k] "=&r"(mask)
            : [e] "rm"(right[0]), [f] "rm"(right[1]), [g] "rm"(right[2]), [h] "rm"(right[3])
            : "cc");
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
    return mask;
#else
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        out[i] = subtract_borrow(left[i], right[i], &borrow);
    }
    return opaque(0 - borrow);
#endif
}

/* out = mask ? chosen : out, for mask 0 or all ones. */
static inline void words_select(uint64_t out[4], const uint64_t chosen[4], uint64_t mask) {
    mask = opaque(mask);
    for (int i = 0; i < 4; i++) {
        out[i] ^= mask & (out[i] ^ chosen[i]);
    }
}

/* All ones if the number is zero, else 0. */
static inline uint64_t words_zero_mask(const uint64_t words[4]) {
    uint64_t any = words[0] | words[1] | words[2] | words[3];
    return opaque(((any | (0 - any)) >> 63) - 1);
}

/* All ones if left < right, else 0. */
static inline uint64_t words_below_mask(const uint64_t left[4], const uint64_t right[4]) {
    uint64_t difference[4];
    return words_subtract(difference, left, right);
}

#endif
