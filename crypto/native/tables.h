/* Multiples of the base point G, computed once.
 *
 * Row i of a table of width w holds (2 j + 1) * 2^(w i) * G for j from 0 to 2^(w - 1) - 1.
 */
#ifndef XINYIN_TABLES_H
#define XINYIN_TABLES_H

#include "point.h"

/* For secret scalars: rows are read whole. */
enum { NARROW_WIDTH = 6, NARROW_ROWS = 43, NARROW_LENGTH = 32 };
/* For public scalars: entries are read by index. */
enum { WIDE_WIDTH = 8, WIDE_ROWS = 32, WIDE_LENGTH = 128 };
/* For a public key that is met again. */
enum { KEY_WIDTH = 6, KEY_ROWS = 43, KEY_LENGTH = 32 };

extern affine narrow_table[NARROW_ROWS][NARROW_LENGTH];
extern affine wide_table[WIDE_ROWS][WIDE_LENGTH];

/* Fill rows * length entries for any point but infinity. scratch: 2 * rows * length elements. */
void odd_multiples(affine *table, unsigned width, unsigned rows, const affine *point, element *scratch);

#endif
