/* Multiples of G for the eight-lane code, in its form: x * 2^260 mod p. */
#ifndef XINYIN_LANE_TABLES_H
#define XINYIN_LANE_TABLES_H

#include "field.h"

enum { LIMBS = 5, LIMB_BITS = 52 };
#define LIMB_MASK ((((uint64_t)1) << LIMB_BITS) - 1)

/* For secret scalars: limb by limb (5 of x, 5 of y), so that whole rows pass through registers. */
enum { LANE_NARROW_WIDTH = 7, LANE_NARROW_ROWS = 37, LANE_NARROW_LENGTH = 64 };
extern uint64_t lane_narrow_table[LANE_NARROW_ROWS][2 * LIMBS][LANE_NARROW_LENGTH];

/* For public scalars: x and y as four words each, one cache line. Width and rows as in wide_table. */
extern uint64_t lane_wide_table[32][128][8];

/* Call after the plain tables are full; scratch: 2 * 37 * 64 elements. */
void lane_tables_fill(element *scratch);

/* A coordinate in the lanes' form, as words. */
void lane_form(uint64_t words[4], const element *value);

#endif
