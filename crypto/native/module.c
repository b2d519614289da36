/* crypto.engines._native: the engine as a Python module, on the stable ABI of CPython 3.11.
 *
 * Arguments are taken and results made under Python's lock; it is released once for each call while computing. What a
 * computation reads is owned by objects the call holds references to, so nothing another thread does can move it.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
#include <sys/random.h>
#else
#include <unistd.h>
#endif

#include "key_cache.h"
#include "sm2.h"

enum { ENCODED_POINT = 65, COMPRESSED_POINT = 33, RECORD = 64 + 32 + 64 };

typedef struct {
    PyTypeObject *kernel_type;
    PyTypeObject *key_type;
} module_state;

typedef struct {
    PyObject_HEAD
    PyTypeObject *key_type; /* borrowed from the module, which the kernel's type keeps alive */
    key_cache *cache;
} kernel_object;

typedef struct {
    PyObject_HEAD
    sm2_private_key *key;
} key_object;

/* ---- arguments ---- */

static int exactly(const char *name, Py_ssize_t given, Py_ssize_t wanted) {
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", name, wanted, given);
        return 0;
    }
    return 1;
}

/* The octets of a bytes object; NULL with an exception for another type, or another length unless length is -1. */
static const uint8_t *octets_of(PyObject *object, Py_ssize_t length, const char *name) {
    if (!PyBytes_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be bytes", name);
        return NULL;
    }
    if (length >= 0 && PyBytes_Size(object) != length) {
        PyErr_Format(PyExc_ValueError, "%s must have %zd octets, not %zd", name, length, PyBytes_Size(object));
        return NULL;
    }
    return (const uint8_t *)PyBytes_AsString(object);
}

static const uint8_t *point_of(PyObject *object) {
    const uint8_t *octets = octets_of(object, ENCODED_POINT, "a point");
    if (octets != NULL && octets[0] != 0x04) {
        PyErr_SetString(PyExc_ValueError, "a point must start with 04");
        return NULL;
    }
    return octets;
}

static const sm2_private_key *key_of(kernel_object *kernel, PyObject *object) {
    if (Py_TYPE(object) != kernel->key_type) {
        PyErr_SetString(PyExc_TypeError, "the first argument must be a private key of this module");
        return NULL;
    }
    return ((key_object *)object)->key;
}

static PyObject *encoded_point(const uint8_t point[64]) {
    uint8_t encoded[ENCODED_POINT];
    encoded[0] = 0x04;
    memcpy(encoded + 1, point, 64);
    return PyBytes_FromStringAndSize((const char *)encoded, ENCODED_POINT);
}

static int draw_entropy(uint8_t entropy[SM2_ENTROPY_LENGTH]) {
    if (getentropy(entropy, SM2_ENTROPY_LENGTH) != 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return 0;
    }
    return 1;
}

/* ---- private keys ---- */

static void key_dealloc(PyObject *self) {
    key_object *object = (key_object *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    if (object->key != NULL) {
        sm2_wipe(object->key, sizeof *object->key);
        free(object->key);
    }
    release(self);
    Py_DECREF(type);
}

static PyObject *key_repr(PyObject *self) {
    (void)self;
    return PyUnicode_FromString("<native SM2 private key (hidden)>");
}

static PyType_Slot key_slots[] = {
    {Py_tp_dealloc, key_dealloc},
    {Py_tp_repr, key_repr},
    {Py_tp_doc, "A private key ready to sign; wiped when the last reference goes."},
    {0, NULL},
};

static PyType_Spec key_spec = {
    .name = "crypto.engines._native.PrivateKey",
    .basicsize = sizeof(key_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = key_slots,
};

static PyObject *kernel_private_key(PyObject *self, PyObject *scalar) {
    kernel_object *kernel = (kernel_object *)self;
    const uint8_t *octets = octets_of(scalar, SM2_SCALAR_LENGTH, "a private scalar");
    if (octets == NULL) {
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(kernel->key_type, Py_tp_alloc);
    key_object *made = (key_object *)allocate(kernel->key_type, 0);
    if (made == NULL) {
        return NULL;
    }
    made->key = malloc(sizeof *made->key);
    if (made->key == NULL) {
        Py_DECREF(made);
        return PyErr_NoMemory();
    }
    if (!sm2_private_key_load(made->key, octets)) {
        Py_DECREF(made);
        PyErr_SetString(PyExc_ValueError, "a private scalar must be in [1, n-2]");
        return NULL;
    }
    return (PyObject *)made;
}

/* ---- signing ---- */

static PyObject *kernel_sign(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    uint8_t entropy[SM2_ENTROPY_LENGTH], signature[1][64], der[SM2_DER_CAPACITY];
    const sm2_private_key *key;
    const uint8_t *digest;
    if (!exactly("sign", count, 2) || (key = key_of(kernel, arguments[0])) == NULL ||
        (digest = octets_of(arguments[1], SM2_DIGEST_LENGTH, "a digest")) == NULL || !draw_entropy(entropy)) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    sm2_sign(kernel->cache->path, signature, key, &digest, 1, entropy);
    Py_END_ALLOW_THREADS
    sm2_wipe(entropy, sizeof entropy);
    return PyBytes_FromStringAndSize((const char *)der, (Py_ssize_t)sm2_signature_to_der(der, signature[0]));
}

static PyObject *signatures_to_list(const uint8_t (*signatures)[64], Py_ssize_t count) {
    uint8_t der[SM2_DER_CAPACITY];
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        PyObject *one =
            PyBytes_FromStringAndSize((const char *)der, (Py_ssize_t)sm2_signature_to_der(der, signatures[i]));
        if (one == NULL || PyList_SetItem(list, i, one) != 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *kernel_sign_many(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    uint8_t entropy[SM2_ENTROPY_LENGTH];
    const sm2_private_key *key;
    if (!exactly("sign_many", count, 2) || (key = key_of(kernel, arguments[0])) == NULL) {
        return NULL;
    }
    PyObject *held = PySequence_Tuple(arguments[1]), *result = NULL;
    if (held == NULL) {
        return NULL;
    }
    Py_ssize_t length = PyTuple_Size(held);
    size_t room = (size_t)length > 0 ? (size_t)length : 1;
    const uint8_t **digests = malloc(room * sizeof *digests);
    uint8_t(*signatures)[64] = malloc(room * 64);
    if (digests == NULL || signatures == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < length; i++) {
        digests[i] = octets_of(PyTuple_GetItem(held, i), SM2_DIGEST_LENGTH, "a digest");
        if (digests[i] == NULL) {
            goto done;
        }
    }
    if (!draw_entropy(entropy)) {
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    sm2_sign(kernel->cache->path, signatures, key, digests, (size_t)length, entropy);
    Py_END_ALLOW_THREADS
    sm2_wipe(entropy, sizeof entropy);
    result = signatures_to_list((const uint8_t(*)[64])signatures, length);
done:
    free(digests);
    free(signatures);
    Py_DECREF(held);
    return result;
}

/* A buffer of whole records; *count becomes their number. */
static int records_of(PyObject *object, Py_buffer *view, size_t record, size_t *count) {
    if (PyObject_GetBuffer(object, view, PyBUF_SIMPLE) != 0) {
        return 0;
    }
    if ((size_t)view->len % record != 0) {
        PyErr_Format(PyExc_ValueError, "the buffer must hold whole records of %zd octets", (Py_ssize_t)record);
        PyBuffer_Release(view);
        return 0;
    }
    *count = (size_t)view->len / record;
    return 1;
}

static PyObject *kernel_sign_records(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    uint8_t entropy[SM2_ENTROPY_LENGTH];
    const sm2_private_key *key;
    Py_buffer view;
    size_t length;
    if (!exactly("sign_records", count, 2) || (key = key_of(kernel, arguments[0])) == NULL ||
        !records_of(arguments[1], &view, SM2_DIGEST_LENGTH, &length)) {
        return NULL;
    }
    PyObject *result = NULL;
    const uint8_t **digests = malloc((length > 0 ? length : 1) * sizeof *digests);
    if (digests == NULL) {
        PyErr_NoMemory();
    } else if (draw_entropy(entropy)) {
        result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(length * 64));
    }
    if (result != NULL) {
        uint8_t(*signatures)[64] = (uint8_t(*)[64])PyBytes_AsString(result);
        for (size_t i = 0; i < length; i++) {
            digests[i] = (const uint8_t *)view.buf + SM2_DIGEST_LENGTH * i;
        }
        Py_BEGIN_ALLOW_THREADS
        sm2_sign(kernel->cache->path, signatures, key, digests, length, entropy);
        Py_END_ALLOW_THREADS
    }
    sm2_wipe(entropy, sizeof entropy);
    free(digests);
    PyBuffer_Release(&view);
    return result;
}

/* ---- verifying ---- */

/* One call's work: items to compute, whose answers they are, and the tables held meanwhile. */
typedef struct {
    sm2_verification *items;
    sm2_public_key *keys;
    key_table **tables;
    uint8_t (*signatures)[64];
    size_t *numbers;
    uint8_t *answers;
    size_t length, number_of_keys;
} verification_work;

static void work_free(verification_work *work) {
    for (size_t i = 0; i < work->number_of_keys; i++) {
        if (work->tables[i] != NULL) {
            key_table_release(work->tables[i]);
        }
    }
    free(work->items);
    free(work->keys);
    free(work->tables);
    free(work->signatures);
    free(work->numbers);
    free(work->answers);
}

static int work_new(verification_work *work, size_t count) {
    size_t room = count > 0 ? count : 1;
    memset(work, 0, sizeof *work);
    work->items = malloc(room * sizeof *work->items);
    work->keys = malloc(room * sizeof *work->keys);
    work->tables = malloc(room * sizeof *work->tables);
    work->signatures = malloc(room * 64);
    work->numbers = malloc(room * sizeof *work->numbers);
    work->answers = malloc(room);
    if (work->items == NULL || work->keys == NULL || work->tables == NULL || work->signatures == NULL ||
        work->numbers == NULL || work->answers == NULL) {
        work_free(work);
        PyErr_NoMemory();
        return 0;
    }
    return 1;
}

/* Take a key into the work; 0 if it is no point of the curve. Runs of one key share an entry. */
static int work_key(verification_work *work, key_cache *cache, const uint8_t point[64]) {
    key_entry *entry = key_cache_use(cache, point);
    if (entry == NULL) {
        return 0;
    }
    if (work->number_of_keys > 0 && memcmp(work->keys[work->number_of_keys - 1].point, point, 64) == 0) {
        return 1;
    }
    sm2_public_key *key = &work->keys[work->number_of_keys];
    memcpy(key->point, point, 64);
    key->table = NULL;
    work->tables[work->number_of_keys++] = entry->table;
    if (entry->table != NULL) {
        entry->table->references++;
        key->table = entry->table->table;
    }
    return 1;
}

/* Take one verification into the work; whatever is wrong with it, its answer is no. */
static void work_add(verification_work *work, key_cache *cache, size_t number, const uint8_t *point,
                     const uint8_t *digest, const uint8_t *raw) {
    if (work_key(work, cache, point)) {
        sm2_verification *item = &work->items[work->length];
        item->key = &work->keys[work->number_of_keys - 1];
        item->digest = digest;
        item->signature = raw;
        work->numbers[work->length++] = number;
    }
}

/* Tables for keys that have earned one. Filling takes a fraction of a millisecond without the lock. */
static void work_fill_tables(verification_work *work, key_cache *cache) {
    for (size_t i = 0; i < work->number_of_keys; i++) {
        if (work->tables[i] != NULL) {
            continue;
        }
        key_entry *entry = key_cache_use(cache, work->keys[i].point);
        if (entry == NULL) {
            continue;
        }
        entry->uses--;
        if (entry->table == NULL && key_cache_wants_table(cache, entry)) {
            key_table *made = key_table_new(cache->path);
            if (made == NULL) {
                continue; /* without memory for a table the key goes without */
            }
            Py_BEGIN_ALLOW_THREADS
            cache->path->table_fill(made->table, work->keys[i].point);
            Py_END_ALLOW_THREADS
            made->references++;
            work->tables[i] = made;
            work->keys[i].table = made->table;
            key_cache_keep(cache, work->keys[i].point, made);
        } else if (entry->table != NULL) {
            entry->table->references++;
            work->tables[i] = entry->table;
            work->keys[i].table = entry->table->table;
        }
    }
}

static void work_run(verification_work *work, key_cache *cache) {
    work_fill_tables(work, cache);
    Py_BEGIN_ALLOW_THREADS
    cache->path->verify(work->answers, work->items, work->length);
    Py_END_ALLOW_THREADS
}

static PyObject *kernel_verify(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    const uint8_t *point, *digest, *der;
    uint8_t raw[64], answer = 0;
    if (!exactly("verify", count, 3) || (point = point_of(arguments[0])) == NULL ||
        (digest = octets_of(arguments[1], SM2_DIGEST_LENGTH, "a digest")) == NULL ||
        (der = octets_of(arguments[2], -1, "a signature")) == NULL) {
        return NULL;
    }
    if (sm2_signature_from_der(raw, der, (size_t)PyBytes_Size(arguments[2]))) {
        sm2_verification item;
        sm2_public_key key;
        key_table *table = NULL;
        size_t number;
        verification_work work = {.items = &item, .keys = &key, .tables = &table, .numbers = &number,
                                  .answers = &answer};
        work_add(&work, kernel->cache, 0, point + 1, digest, raw);
        if (work.length == 1) {
            work_run(&work, kernel->cache);
        }
        if (table != NULL) {
            key_table_release(table);
        }
    }
    return PyBool_FromLong(answer);
}

static PyObject *answers_to_list(const verification_work *work, Py_ssize_t count) {
    PyObject *list = PyList_New(count);
    if (list == NULL) {
        return NULL;
    }
    size_t next = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        int answer = 0;
        if (next < work->length && work->numbers[next] == (size_t)i) {
            answer = work->answers[next++];
        }
        if (PyList_SetItem(list, i, PyBool_FromLong(answer)) != 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

static int add_from_objects(verification_work *work, key_cache *cache, PyObject *points, PyObject *digests,
                            PyObject *signatures, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *digest_object = PyTuple_GetItem(digests, i), *der_object = PyTuple_GetItem(signatures, i);
        const uint8_t *point = point_of(PyTuple_GetItem(points, i));
        const uint8_t *digest = octets_of(digest_object, -1, "a digest");
        const uint8_t *der = octets_of(der_object, -1, "a signature");
        uint8_t *raw = work->signatures[i];
        if (point == NULL || digest == NULL || der == NULL) {
            return 0;
        }
        if (PyBytes_Size(digest_object) == SM2_DIGEST_LENGTH &&
            sm2_signature_from_der(raw, der, (size_t)PyBytes_Size(der_object))) {
            work_add(work, cache, (size_t)i, point + 1, digest, raw);
        }
    }
    return 1;
}

static PyObject *kernel_verify_many(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    PyObject *held[3] = {NULL, NULL, NULL}, *result = NULL;
    verification_work work;
    if (!exactly("verify_many", count, 3)) {
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        held[i] = PySequence_Tuple(arguments[i]);
        if (held[i] == NULL) {
            goto done;
        }
        if (PyTuple_Size(held[i]) != PyTuple_Size(held[0])) {
            PyErr_SetString(PyExc_ValueError, "points, digests and signatures must be equally many");
            goto done;
        }
    }
    Py_ssize_t length = PyTuple_Size(held[0]);
    if (work_new(&work, (size_t)length)) {
        if (add_from_objects(&work, kernel->cache, held[0], held[1], held[2], length)) {
            work_run(&work, kernel->cache);
            result = answers_to_list(&work, length);
        }
        work_free(&work);
    }
done:
    for (int i = 0; i < 3; i++) {
        Py_XDECREF(held[i]);
    }
    return result;
}

static PyObject *kernel_verify_records(PyObject *self, PyObject *object) {
    kernel_object *kernel = (kernel_object *)self;
    verification_work work;
    Py_buffer view;
    size_t count;
    PyObject *result = NULL;
    if (!records_of(object, &view, RECORD, &count)) {
        return NULL;
    }
    if (work_new(&work, count)) {
        for (size_t i = 0; i < count; i++) {
            const uint8_t *record = (const uint8_t *)view.buf + RECORD * i;
            work_add(&work, kernel->cache, i, record, record + 64, record + 96);
        }
        work_run(&work, kernel->cache);
        result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)count);
        if (result != NULL) {
            char *answers = PyBytes_AsString(result);
            memset(answers, 0, count);
            for (size_t i = 0; i < work.length; i++) {
                answers[work.numbers[i]] = (char)work.answers[i];
            }
        }
        work_free(&work);
    }
    PyBuffer_Release(&view);
    return result;
}

/* ---- points ---- */

static PyObject *kernel_public_points(PyObject *self, PyObject *object) {
    kernel_object *kernel = (kernel_object *)self;
    Py_buffer view;
    size_t count;
    if (!records_of(object, &view, SM2_SCALAR_LENGTH, &count)) {
        return NULL;
    }
    PyObject *list = NULL;
    uint8_t(*points)[64] = malloc((count > 0 ? count : 1) * 64);
    int fits = 1;
    for (size_t i = 0; i < count; i++) {
        fits &= sm2_scalar_is_private((const uint8_t *)view.buf + SM2_SCALAR_LENGTH * i);
    }
    if (points == NULL) {
        PyErr_NoMemory();
    } else if (!fits) {
        PyErr_SetString(PyExc_ValueError, "a private scalar must be in [1, n-2]");
    } else {
        Py_BEGIN_ALLOW_THREADS
        kernel->cache->path->base_multiply(points, (const uint8_t(*)[32])view.buf, count);
        Py_END_ALLOW_THREADS
        list = PyList_New((Py_ssize_t)count);
        for (size_t i = 0; list != NULL && i < count; i++) {
            PyObject *one = encoded_point(points[i]);
            if (one == NULL || PyList_SetItem(list, (Py_ssize_t)i, one) != 0) {
                Py_CLEAR(list);
            }
        }
    }
    free(points);
    PyBuffer_Release(&view);
    return list;
}

static PyObject *kernel_multiply(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    uint8_t product[64], loaded[SM2_SCALAR_LENGTH];
    const uint8_t *point, *scalar = loaded;
    if (!exactly("multiply", count, 2) || (point = point_of(arguments[0])) == NULL) {
        return NULL;
    }
    if (Py_TYPE(arguments[1]) == kernel->key_type) {
        sm2_private_key_scalar(loaded, ((key_object *)arguments[1])->key);
    } else if ((scalar = octets_of(arguments[1], SM2_SCALAR_LENGTH, "a scalar")) == NULL) {
        return NULL;
    }
    if (!sm2_point_check(point + 1) || !sm2_scalar_is_private(scalar)) {
        sm2_wipe(loaded, sizeof loaded);
        PyErr_SetString(PyExc_ValueError, "the point is not on the curve, or the scalar not in [1, n-2]");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    sm2_point_multiply(product, point + 1, scalar);
    Py_END_ALLOW_THREADS
    PyObject *result = encoded_point(product);
    sm2_wipe(loaded, sizeof loaded);
    sm2_wipe(product, sizeof product);
    return result;
}

static PyObject *kernel_check_point(PyObject *self, PyObject *object) {
    (void)self;
    if (!PyBytes_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a point must be bytes");
        return NULL;
    }
    const uint8_t *octets = (const uint8_t *)PyBytes_AsString(object);
    return PyBool_FromLong(PyBytes_Size(object) == ENCODED_POINT && octets[0] == 0x04 && sm2_point_check(octets + 1));
}

static PyObject *kernel_decompress(PyObject *self, PyObject *object) {
    uint8_t point[64];
    const uint8_t *octets = octets_of(object, COMPRESSED_POINT, "a compressed point");
    (void)self;
    if (octets == NULL) {
        return NULL;
    }
    if ((octets[0] & 0xfe) != 0x02 || !sm2_point_decompress(point, octets + 1, octets[0] & 1)) {
        Py_RETURN_NONE;
    }
    return encoded_point(point);
}

/* ---- SM3 of many messages ---- */

static PyObject *kernel_sm3_many(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    kernel_object *kernel = (kernel_object *)self;
    PyObject *held[2] = {NULL, NULL}, *result = NULL;
    sm3_message *parts[2] = {NULL, NULL};
    uint8_t(*digests)[32] = NULL;
    if (!exactly("sm3_many", count, 2)) {
        return NULL;
    }
    Py_ssize_t length = -1;
    for (int i = 0; i < 2; i++) {
        if (arguments[i] == Py_None) {
            continue;
        }
        held[i] = PySequence_Tuple(arguments[i]);
        if (held[i] == NULL) {
            goto done;
        }
        length = length < 0 ? PyTuple_Size(held[i]) : length;
        parts[i] = malloc((size_t)(length > 0 ? length : 1) * sizeof *parts[i]);
        if (parts[i] == NULL) {
            PyErr_NoMemory();
            goto done;
        }
        if (PyTuple_Size(held[i]) != length) {
            PyErr_SetString(PyExc_ValueError, "prefixes and messages must be equally many");
            goto done;
        }
        for (Py_ssize_t j = 0; j < length; j++) {
            PyObject *one = PyTuple_GetItem(held[i], j);
            parts[i][j].octets = octets_of(one, -1, "a message");
            if (parts[i][j].octets == NULL) {
                goto done;
            }
            parts[i][j].length = (size_t)PyBytes_Size(one);
        }
    }
    if (parts[1] == NULL) {
        PyErr_SetString(PyExc_TypeError, "messages must be a sequence");
        goto done;
    }
    digests = malloc((size_t)(length > 0 ? length : 1) * 32);
    if (digests == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (length > 0) {
        Py_BEGIN_ALLOW_THREADS
        kernel->cache->path->sm3_many(digests, parts[0], parts[1], (size_t)length);
        Py_END_ALLOW_THREADS
    }
    result = PyList_New(length);
    for (Py_ssize_t i = 0; result != NULL && i < length; i++) {
        PyObject *one = PyBytes_FromStringAndSize((const char *)digests[i], 32);
        if (one == NULL || PyList_SetItem(result, i, one) != 0) {
            Py_CLEAR(result);
        }
    }
done:
    free(digests);
    for (int i = 0; i < 2; i++) {
        free(parts[i]);
        Py_XDECREF(held[i]);
    }
    return result;
}

/* ---- the kernel ---- */

static PyObject *kernel_forget(PyObject *self, PyObject *nothing) {
    (void)nothing;
    key_cache_clear(((kernel_object *)self)->cache);
    Py_RETURN_NONE;
}

static PyObject *kernel_tables(PyObject *self, PyObject *nothing) {
    (void)nothing;
    return PyLong_FromSize_t(((kernel_object *)self)->cache->tables);
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    const char *name;
    Py_ssize_t table_limit, table_after;
    uint64_t seed;
    if (keywords != NULL && PyDict_Size(keywords) > 0) {
        PyErr_SetString(PyExc_TypeError, "Kernel takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "snn", &name, &table_limit, &table_after)) {
        return NULL;
    }
    const sm2_path *path = sm2_path_by_name(name);
    if (path == NULL || table_limit < 0 || table_after < 1) {
        PyErr_Format(PyExc_ValueError, "no path %s on this processor, or a limit out of range", name);
        return NULL;
    }
    if (getentropy(&seed, sizeof seed) != 0) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    module_state *state = PyType_GetModuleState(type);
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    kernel_object *kernel = state != NULL ? (kernel_object *)allocate(type, 0) : NULL;
    if (kernel == NULL) {
        return NULL;
    }
    kernel->key_type = state->key_type;
    kernel->cache = calloc(1, sizeof *kernel->cache);
    if (kernel->cache == NULL) {
        Py_DECREF(kernel);
        return PyErr_NoMemory();
    }
    kernel->cache->path = path;
    kernel->cache->table_limit = (size_t)table_limit;
    kernel->cache->table_after = (size_t)table_after;
    kernel->cache->seed = seed;
    return (PyObject *)kernel;
}

static void kernel_dealloc(PyObject *self) {
    kernel_object *kernel = (kernel_object *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    if (kernel->cache != NULL) {
        key_cache_clear(kernel->cache);
        free(kernel->cache);
    }
    release(self);
    Py_DECREF(type);
}

#define FAST(function) ((PyCFunction)(void (*)(void))(function))
static PyMethodDef kernel_methods[] = {
    {"private_key", kernel_private_key, METH_O, "private_key(scalar) -> PrivateKey"},
    {"sign", FAST(kernel_sign), METH_FASTCALL, "sign(key, digest) -> DER"},
    {"sign_many", FAST(kernel_sign_many), METH_FASTCALL, "sign_many(key, digests) -> list of DER"},
    {"sign_records", FAST(kernel_sign_records), METH_FASTCALL, "sign_records(key, digests) -> r || s, 64 octets each"},
    {"verify", FAST(kernel_verify), METH_FASTCALL, "verify(point, digest, DER) -> bool"},
    {"verify_many", FAST(kernel_verify_many), METH_FASTCALL, "verify_many(points, digests, DERs) -> list of bool"},
    {"verify_records", kernel_verify_records, METH_O, "verify_records(X || Y || e || r || s, ...) -> octets 0 or 1"},
    {"public_points", kernel_public_points, METH_O, "public_points(scalars, 32 octets each) -> list of points"},
    {"multiply", FAST(kernel_multiply), METH_FASTCALL, "multiply(point, scalar or PrivateKey) -> point"},
    {"check_point", kernel_check_point, METH_O, "check_point(point) -> bool"},
    {"decompress", kernel_decompress, METH_O, "decompress(02/03 || X) -> point or None"},
    {"sm3_many", FAST(kernel_sm3_many), METH_FASTCALL, "sm3_many(prefixes or None, messages) -> list of digests"},
    {"forget", kernel_forget, METH_NOARGS, "forget(): drop what is known of public keys"},
    {"tables", kernel_tables, METH_NOARGS, "tables() -> number of public keys that have a table"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot kernel_slots[] = {
    {Py_tp_new, kernel_new},
    {Py_tp_dealloc, kernel_dealloc},
    {Py_tp_methods, kernel_methods},
    {Py_tp_doc, "Kernel(path, table_limit, table_after): SM2 on one path, with its own memory of public keys."},
    {0, NULL},
};

static PyType_Spec kernel_spec = {
    .name = "crypto.engines._native.Kernel",
    .basicsize = sizeof(kernel_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = kernel_slots,
};

/* ---- the module ---- */

static PyObject *module_paths(PyObject *self, PyObject *nothing) {
    const sm2_path *const *paths = sm2_paths();
    Py_ssize_t count = 0;
    (void)self, (void)nothing;
    while (paths[count] != NULL) {
        count++;
    }
    PyObject *result = PyTuple_New(count);
    for (Py_ssize_t i = 0; result != NULL && i < count; i++) {
        PyObject *name = PyUnicode_FromString(paths[i]->name);
        if (name == NULL || PyTuple_SetItem(result, i, name) != 0) {
            Py_CLEAR(result);
        }
    }
    return result;
}

static int module_exec(PyObject *module) {
    module_state *state = PyModule_GetState(module);
    sm2_tables_prepare();
    state->key_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &key_spec, NULL);
    state->kernel_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &kernel_spec, NULL);
    if (state->key_type == NULL || state->kernel_type == NULL) {
        return -1;
    }
    return PyModule_AddType(module, state->kernel_type);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->kernel_type);
    Py_VISIT(state->key_type);
    return 0;
}

static int module_clear(PyObject *module) {
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->kernel_type);
    Py_CLEAR(state->key_type);
    return 0;
}

static PyMethodDef module_methods[] = {
    {"paths", module_paths, METH_NOARGS, "paths() -> names of the paths this processor can run, best first"},
    {NULL, NULL, 0, NULL},
};

/* Room for a slot that only newer interpreters know. */
static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
    {0, NULL},
};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "crypto.engines._native",
    .m_doc = "SM2 in C; used through crypto.engines.native.",
    .m_size = sizeof(module_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__native(void) {
    if (Py_Version >= 0x030C0000) {
        /* Py_mod_multiple_interpreters = Py_MOD_PER_INTERPRETER_GIL_SUPPORTED: the only state that interpreters share
         * is tables filled once. */
        module_slots[1].slot = 3;
        module_slots[1].value = (void *)2;
    }
    return PyModuleDef_Init(&module_definition);
}
