/* Points of the curve y^2 = x^3 - 3x + b in Jacobian coordinates: (X, Y, Z) stands for (X / Z^2, Y / Z^3).
 *
 * The formulas are the usual ones for a = -3: 4 products and 4 squares to double, 8 and 3 to add an affine point. None of them branches. The
 * additions do not serve where both points are equal or opposite, or one is infinity: their result has Z = 0 then, and
 * since Z of a sum is a multiple of Z of its first operand, it stays 0 through everything that follows. So one look
 * at the last Z tells whether a chain of additions met such a case; callers compute again with point_add_any.
 */
#ifndef XINYIN_POINT_H
#define XINYIN_POINT_H

#include "field.h"

typedef struct {
    element x, y;
} affine;

typedef struct {
    element x, y, z;
} jacobian;

static const element CURVE_B = {{0x90d230632bc0dd42, 0x71cf379ae9b537ab, 0x527981505ea51c3c, 0x240fe188ba20e2c8}};
static const affine CURVE_G = {
    {{0x61328990f418029e, 0x3e7981eddca6c050, 0xd6a1ed99ac24c3c3, 0x91167a5ee1c13b05}},
    {{0xc1354e593c2d0ddd, 0xc1f5e5788d3295fa, 0x8d4cfb066e2a48f8, 0x63cd65d481d735bd}},
};

static inline void point_double(jacobian *out, const jacobian *p) {
    element twice_y, square, s, m, t, u;
    field_add(&twice_y, &p->y, &p->y);
    field_square(&t, &p->z);
    field_square(&square, &twice_y); /* 4 Y^2 */
    field_subtract(&m, &p->x, &t);
    field_add(&u, &p->x, &t);
    field_multiply(&s, &square, &p->x); /* 4 X Y^2 */
    field_multiply(&m, &m, &u);
    field_multiply(&out->z, &twice_y, &p->z);
    field_square(&square, &square); /* 16 Y^4 */
    field_add(&u, &m, &m);
    field_add(&m, &m, &u); /* 3 (X - Z^2)(X + Z^2) */
    field_halve(&square, &square);
    field_square(&t, &m);
    field_add(&u, &s, &s);
    field_subtract(&out->x, &t, &u);
    field_subtract(&s, &s, &out->x);
    field_multiply(&s, &s, &m);
    field_subtract(&out->y, &s, &square);
}

/* What both additions end with, from H, R, U1 = X1 Z2^2 and S1 = Y1 Z2^3; Z is the caller's. */
static inline void point_finish_addition(jacobian *out, const element *h, const element *r, const element *u1,
                                         const element *s1) {
    element hh, hhh, v, t;
    field_square(&hh, h);
    field_multiply(&hhh, &hh, h);
    field_multiply(&v, u1, &hh);
    field_square(&t, r);
    field_subtract(&t, &t, &hhh);
    field_subtract(&t, &t, &v);
    field_subtract(&out->x, &t, &v);
    field_subtract(&v, &v, &out->x);
    field_multiply(&v, &v, r);
    field_multiply(&t, s1, &hhh);
    field_subtract(&out->y, &v, &t);
}

/* out = p + q, not for p = infinity or p = +-q (then Z = 0). out may be p. */
static inline void point_add_affine(jacobian *out, const jacobian *p, const affine *q) {
    element zz, h, r, y1 = p->y, x1 = p->x;
    field_square(&zz, &p->z);
    field_multiply(&h, &q->x, &zz);
    field_multiply(&zz, &zz, &p->z);
    field_multiply(&r, &q->y, &zz);
    field_subtract(&h, &h, &x1);
    field_subtract(&r, &r, &y1);
    field_multiply(&out->z, &p->z, &h);
    point_finish_addition(out, &h, &r, &x1, &y1);
}

/* out = p + q, not for p or q = infinity or p = +-q (then Z = 0). out may be p or q. */
static inline void point_add(jacobian *out, const jacobian *p, const jacobian *q) {
    element zz1, zz2, u1, s1, h, r, z;
    field_square(&zz1, &p->z);
    field_square(&zz2, &q->z);
    field_multiply(&u1, &p->x, &zz2);
    field_multiply(&h, &q->x, &zz1);
    field_multiply(&zz2, &zz2, &q->z);
    field_multiply(&s1, &p->y, &zz2);
    field_multiply(&zz1, &zz1, &p->z);
    field_multiply(&r, &q->y, &zz1);
    field_subtract(&h, &h, &u1);
    field_subtract(&r, &r, &s1);
    field_multiply(&z, &p->z, &q->z);
    field_multiply(&out->z, &z, &h);
    point_finish_addition(out, &h, &r, &u1, &s1);
}

/* out = p + q whatever they are. Branches on the points: for public ones, and where Z = 0 told of a rare case. */
static inline void point_add_any(jacobian *out, const jacobian *p, const jacobian *q) {
    if (field_zero_mask(&p->z)) {
        *out = *q;
        return;
    }
    if (field_zero_mask(&q->z)) {
        *out = *p;
        return;
    }
    jacobian sum;
    point_add(&sum, p, q);
    if (field_zero_mask(&sum.z)) {
        /* Equal or opposite: compare Y1 Z2^3 with Y2 Z1^3. */
        element left, right;
        field_square(&left, &q->z);
        field_multiply(&left, &left, &q->z);
        field_multiply(&left, &left, &p->y);
        field_square(&right, &p->z);
        field_multiply(&right, &right, &p->z);
        field_multiply(&right, &right, &q->y);
        if (field_equal_mask(&left, &right)) {
            point_double(&sum, p);
        }
    }
    *out = sum;
}

static inline void point_from_affine(jacobian *out, const affine *p) {
    out->x = p->x;
    out->y = p->y;
    out->z = FIELD_ONE;
}

/* Affine coordinates from the inverse of Z. */
static inline void point_scale(affine *out, const jacobian *p, const element *z_inverse) {
    element zz;
    field_square(&zz, z_inverse);
    field_multiply(&out->x, &p->x, &zz);
    field_multiply(&zz, &zz, z_inverse);
    field_multiply(&out->y, &p->y, &zz);
}

/* Inverses of count elements with one inversion; none may be 0. scratch has room for count elements. */
static inline void field_invert_many(element *values, element *scratch, size_t count) {
    if (count == 0) {
        return;
    }
    element running = values[0], inverse, next;
    for (size_t i = 1; i < count; i++) {
        scratch[i] = running;
        field_multiply(&running, &running, &values[i]);
    }
    field_invert(&inverse, &running);
    for (size_t i = count - 1; i > 0; i--) {
        field_multiply(&next, &inverse, &values[i]);
        field_multiply(&values[i], &inverse, &scratch[i]);
        inverse = next;
    }
    values[0] = inverse;
}

static inline void point_load(affine *out, const uint8_t octets[64]) {
    uint64_t number[4];
    words_load(number, octets);
    field_enter(&out->x, number);
    words_load(number, octets + 32);
    field_enter(&out->y, number);
}

static inline void point_store(uint8_t octets[64], const affine *point) {
    uint64_t number[4];
    field_leave(number, &point->x);
    words_store(octets, number);
    field_leave(number, &point->y);
    words_store(octets + 32, number);
}

#endif
