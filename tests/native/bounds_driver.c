/* The point formulas of lanes.c by themselves: two groups together, and the first of them alone, which must agree. */
#include "lanes.c"

int bounds_double(lane_jacobian points[2]);
int bounds_add(lane_jacobian sums[2], const lane_affine entries[2], const lane8 negative[2]);

int bounds_double(lane_jacobian points[2]) {
    lane_jacobian alone = points[0];
    double_point(points, 2);
    double_point(&alone, 1);
    return memcmp(&points[0], &alone, sizeof alone) == 0;
}

int bounds_add(lane_jacobian sums[2], const lane_affine entries[2], const lane8 negative[2]) {
    lane_jacobian alone = sums[0];
    add_affine(sums, entries, negative, 2);
    add_affine(&alone, entries, negative, 1);
    return memcmp(&sums[0], &alone, sizeof alone) == 0;
}
