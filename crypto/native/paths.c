#include "core.h"
#include "lane_tables.h"
#include "sm2.h"

#include <string.h>

#define CORE_PATH(label, core)                                                                                        \
    {                                                                                                                 \
        .name = label, .lanes = 1, .table_size = SM2_CORE_TABLE_SIZE, .base_multiply = core##_base_multiply,          \
        .sign_with_nonces = core##_sign_with_nonces, .verify = core##_verify, .table_fill = core##_table_fill,        \
        .sm3_many = core##_sm3_many, .sm3_last_blocks = core##_sm3_last_blocks,                                       \
    }
#define LANE_PATH(label, lane, hash)                                                                                  \
    {                                                                                                                 \
        .name = label, .lanes = 8, .table_size = SM2_CORE_TABLE_SIZE, .base_multiply = lane##_base_multiply,          \
        .sign_with_nonces = lane##_sign_with_nonces, .verify = lane##_verify, .table_fill = lane##_table_fill,        \
        .sm3_many = hash##_sm3_many, .sm3_last_blocks = hash##_sm3_last_blocks,                                       \
    }

static const sm2_path portable = CORE_PATH("portable", core_portable);
static const sm2_path emulated = LANE_PATH("emulated", lanes_emulated, core_portable);

#ifdef XINYIN_X86
static const sm2_path avx2 = CORE_PATH("avx2", core_avx2);
static const sm2_path ifma = LANE_PATH("ifma", lanes_ifma, lanes_ifma);

static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

static int has_ifma(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512ifma");
}
#endif

const sm2_path *const *sm2_paths(void) {
    static const sm2_path *const plain[] = {&portable, &emulated, NULL};
#ifdef XINYIN_X86
    static const sm2_path *const with_avx2[] = {&avx2, &portable, &emulated, NULL};
    static const sm2_path *const with_ifma[] = {&ifma, &avx2, &portable, &emulated, NULL};
    __builtin_cpu_init();
    if (has_ifma()) {
        return with_ifma;
    }
    if (has_avx2()) {
        return with_avx2;
    }
#endif
    return plain;
}

const sm2_path *sm2_path_by_name(const char *name) {
    for (const sm2_path *const *path = sm2_paths(); *path != NULL; path++) {
        if (strcmp((*path)->name, name) == 0) {
            return *path;
        }
    }
    return NULL;
}
