#include "tables.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "lane_tables.h"
#include "sm2.h"

_Alignas(64) affine narrow_table[NARROW_ROWS][NARROW_LENGTH];
_Alignas(64) affine wide_table[WIDE_ROWS][WIDE_LENGTH];

/* Points are public here. No sum meets equal or opposite points: a row adds 2 * 2^(w i) * P to smaller multiples of
 * the same, and all multiples are far below n. */
void odd_multiples(affine *table, unsigned width, unsigned rows, const affine *point, element *scratch) {
    unsigned length = 1u << (width - 1);
    /* First the row heads 2^(w i) * P and their doubles, made affine together. */
    jacobian running;
    element *z = scratch, *room = scratch + 2 * rows;
    point_from_affine(&running, point);
    for (unsigned i = 0; i < rows; i++) {
        affine *head = &table[i * length], *twice = head + length - 1;
        jacobian doubled;
        point_double(&doubled, &running);
        head->x = running.x;
        head->y = running.y;
        z[2 * i] = running.z;
        twice->x = doubled.x;
        twice->y = doubled.y;
        z[2 * i + 1] = doubled.z;
        running = doubled;
        for (unsigned j = 1; j < width; j++) {
            point_double(&running, &running);
        }
    }
    field_invert_many(z, room, 2 * rows);
    for (unsigned i = 0; i < rows; i++) {
        affine *head = &table[i * length], *twice = head + length - 1;
        jacobian p = {head->x, head->y, FIELD_ZERO};
        point_scale(head, &p, &z[2 * i]);
        p.x = twice->x;
        p.y = twice->y;
        point_scale(twice, &p, &z[2 * i + 1]);
    }
    /* Then the rest of each row by adding the double, made affine together. */
    unsigned rest = length - 1;
    z = scratch;
    room = scratch + (size_t)rows * rest;
    for (unsigned i = 0; i < rows; i++) {
        affine *row = &table[i * length], twice = row[rest];
        point_from_affine(&running, &row[0]);
        for (unsigned j = 1; j < length; j++) {
            point_add_affine(&running, &running, &twice);
            row[j].x = running.x;
            row[j].y = running.y;
            z[i * rest + j - 1] = running.z;
        }
    }
    field_invert_many(z, room, (size_t)rows * rest);
    for (unsigned i = 0; i < rows; i++) {
        for (unsigned j = 1; j < length; j++) {
            affine *entry = &table[i * length + j];
            jacobian p = {entry->x, entry->y, FIELD_ZERO};
            point_scale(entry, &p, &z[i * rest + j - 1]);
        }
    }
}

static void fill(void) {
    static element scratch[2 * WIDE_ROWS * WIDE_LENGTH];
    odd_multiples(narrow_table[0], NARROW_WIDTH, NARROW_ROWS, &CURVE_G, scratch);
    odd_multiples(wide_table[0], WIDE_WIDTH, WIDE_ROWS, &CURVE_G, scratch);
    lane_tables_fill(scratch);
}

void sm2_tables_prepare(void) {
    enum { EMPTY, FILLING, READY };
    static atomic_int state = EMPTY;
    int expected = EMPTY;
    if (atomic_load_explicit(&state, memory_order_acquire) == READY) {
        return;
    }
    if (atomic_compare_exchange_strong(&state, &expected, FILLING)) {
        fill();
        atomic_store_explicit(&state, READY, memory_order_release);
    } else {
        while (atomic_load_explicit(&state, memory_order_acquire) != READY) {
        }
    }
}
