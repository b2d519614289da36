#include "key_cache.h"

#include <stdlib.h>
#include <string.h>

static key_entry *set_of(key_cache *cache, const uint8_t point[SM2_POINT_LENGTH]) {
    uint64_t words[8], mixed = cache->seed;
    memcpy(words, point, sizeof words);
    for (int i = 0; i < 8; i++) {
        mixed = (mixed ^ words[i]) * 0x9e3779b97f4a7c15;
        mixed ^= mixed >> 29;
    }
    return cache->entries[mixed % KEY_SETS];
}

static key_entry *find(key_cache *cache, const uint8_t point[SM2_POINT_LENGTH]) {
    key_entry *set = set_of(cache, point);
    for (int i = 0; i < KEY_WAYS; i++) {
        if (set[i].last_use != 0 && memcmp(set[i].point, point, SM2_POINT_LENGTH) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static void drop_table(key_cache *cache, key_entry *entry) {
    if (entry->table != NULL) {
        key_table_release(entry->table);
        entry->table = NULL;
        cache->tables--;
    }
}

key_entry *key_cache_use(key_cache *cache, const uint8_t point[SM2_POINT_LENGTH]) {
    key_entry *entry = find(cache, point);
    if (entry == NULL) {
        if (!sm2_point_check(point)) {
            return NULL;
        }
        key_entry *set = set_of(cache, point);
        entry = set;
        for (int i = 1; i < KEY_WAYS; i++) {
            if (set[i].last_use < entry->last_use) {
                entry = &set[i];
            }
        }
        drop_table(cache, entry);
        memcpy(entry->point, point, SM2_POINT_LENGTH);
        entry->uses = 0;
    }
    entry->uses++;
    entry->last_use = ++cache->clock;
    return entry;
}

int key_cache_wants_table(const key_cache *cache, const key_entry *entry) {
    return entry->table == NULL && entry->uses >= cache->table_after && cache->table_limit > 0;
}

key_table *key_table_new(const sm2_path *path) {
    key_table *table = malloc(sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    table->references = 1;
    table->table = aligned_alloc(64, path->table_size);
    if (table->table == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void key_table_release(key_table *table) {
    if (--table->references == 0) {
        free(table->table);
        free(table);
    }
}

static void make_room(key_cache *cache) {
    while (cache->tables >= cache->table_limit) {
        key_entry *oldest = NULL;
        for (int i = 0; i < KEY_SETS * KEY_WAYS; i++) {
            key_entry *entry = &cache->entries[i / KEY_WAYS][i % KEY_WAYS];
            if (entry->table != NULL && (oldest == NULL || entry->last_use < oldest->last_use)) {
                oldest = entry;
            }
        }
        if (oldest == NULL) {
            return;
        }
        oldest->uses = 0; /* it earns its next table anew */
        drop_table(cache, oldest);
    }
}

void key_cache_keep(key_cache *cache, const uint8_t point[SM2_POINT_LENGTH], key_table *table) {
    key_entry *entry = find(cache, point);
    if (entry == NULL || entry->table != NULL || cache->table_limit == 0) {
        key_table_release(table);
        return;
    }
    make_room(cache);
    entry->table = table;
    cache->tables++;
}

void key_cache_clear(key_cache *cache) {
    for (int i = 0; i < KEY_SETS * KEY_WAYS; i++) {
        drop_table(cache, &cache->entries[i / KEY_WAYS][i % KEY_WAYS]);
    }
    memset(cache->entries, 0, sizeof cache->entries);
}
