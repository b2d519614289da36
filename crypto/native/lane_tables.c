#include "lane_tables.h"

#include "tables.h"

_Alignas(64) uint64_t lane_narrow_table[LANE_NARROW_ROWS][2 * LIMBS][LANE_NARROW_LENGTH];
_Alignas(64) uint64_t lane_wide_table[WIDE_ROWS][WIDE_LENGTH][8];

void lane_form(uint64_t words[4], const element *value) {
    /* Montgomery form of 16: x 2^256 times it is x 2^260. */
    static const element sixteen = {{0x10, 0xffffffff0, 0, 0x1000000000}};
    element product;
    field_multiply(&product, value, &sixteen);
    memcpy(words, product.w, sizeof product.w);
}

static void split(uint64_t *limbs, size_t stride, const uint64_t w[4]) {
    limbs[0] = w[0] & LIMB_MASK;
    limbs[stride] = (w[0] >> 52 | w[1] << 12) & LIMB_MASK;
    limbs[2 * stride] = (w[1] >> 40 | w[2] << 24) & LIMB_MASK;
    limbs[3 * stride] = (w[2] >> 28 | w[3] << 36) & LIMB_MASK;
    limbs[4 * stride] = w[3] >> 16;
}

void lane_tables_fill(element *scratch) {
    static affine narrow[LANE_NARROW_ROWS][LANE_NARROW_LENGTH];
    uint64_t words[4];
    odd_multiples(narrow[0], LANE_NARROW_WIDTH, LANE_NARROW_ROWS, &CURVE_G, scratch);
    for (int row = 0; row < LANE_NARROW_ROWS; row++) {
        for (int i = 0; i < LANE_NARROW_LENGTH; i++) {
            lane_form(words, &narrow[row][i].x);
            split(&lane_narrow_table[row][0][i], LANE_NARROW_LENGTH, words);
            lane_form(words, &narrow[row][i].y);
            split(&lane_narrow_table[row][LIMBS][i], LANE_NARROW_LENGTH, words);
        }
    }
    for (int row = 0; row < WIDE_ROWS; row++) {
        for (int i = 0; i < WIDE_LENGTH; i++) {
            lane_form(&lane_wide_table[row][i][0], &wide_table[row][i].x);
            lane_form(&lane_wide_table[row][i][4], &wide_table[row][i].y);
        }
    }
}
