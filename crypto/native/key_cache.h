/* Public keys met before, and the tables of those that are met often.
 *
 * Not thread-safe: every call is made under Python's lock. Tables are counted references, so that a table in use by a
 * computation without the lock outlives its eviction.
 */
#ifndef XINYIN_KEY_CACHE_H
#define XINYIN_KEY_CACHE_H

#include "sm2.h"

typedef struct key_table {
    size_t references;
    sm2_table *table;
} key_table;

typedef struct {
    uint8_t point[SM2_POINT_LENGTH];
    uint64_t last_use; /* 0: empty */
    uint64_t uses;
    key_table *table;
} key_entry;

enum { KEY_SETS = 512, KEY_WAYS = 8 };

typedef struct {
    const sm2_path *path;
    size_t table_limit; /* tables kept at most */
    size_t table_after; /* uses of a key after which it gets a table */
    size_t tables;
    uint64_t clock, seed;
    key_entry entries[KEY_SETS][KEY_WAYS];
} key_cache;

/* The entry of a key, counted as used once more; NULL if the point is not on the curve. Another key of the same set
 * may have to make room: that is all that many keys can do to each other. */
key_entry *key_cache_use(key_cache *cache, const uint8_t point[SM2_POINT_LENGTH]);

/* Whether the key is worth a table that it does not have. */
int key_cache_wants_table(const key_cache *cache, const key_entry *entry);

/* Room for a table with one reference; NULL without memory. Fill it with path->table_fill. */
key_table *key_table_new(const sm2_path *path);
void key_table_release(key_table *table);

/* Give the table to the key, if the key is still there; the least recently used table makes room. Takes over the
 * reference. */
void key_cache_keep(key_cache *cache, const uint8_t point[SM2_POINT_LENGTH], key_table *table);

/* Forget all keys. */
void key_cache_clear(key_cache *cache);

#endif
