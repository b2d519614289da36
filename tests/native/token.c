/* A PKCS#11 module with one SM2 key, for tests of the client: what a vendor's module looks like from outside.
 *
 * It has one slot, one token "xinyin test", one user PIN "1234", and one key pair labelled "seal" whose private key is
 * the published example of GB/T 32918.5 (annex A). SM2 signing has the vendor number that the environment gives:
 *
 *   XINYIN_TOKEN_MECHANISM   number of the mechanism, decimal
 *   XINYIN_TOKEN_KEY_TYPE    number of the key type, decimal
 *   XINYIN_TOKEN_FORM        "raw" (r || s) or "der"
 *   XINYIN_TOKEN_POINT       "wrapped" (OCTET STRING), "plain", "private" (on the private key alone), "none" or "wrong"
 *   XINYIN_TOKEN_LOSES       after so many signatures the session is lost, once
 *   XINYIN_TOKEN_LIES        "1": signatures are of another digest
 *
 * The structures are those of PKCS#11 2.40 on a machine where unsigned long is CK_ULONG and nothing is packed.
 */
#include <stdlib.h>
#include <string.h>

#include "sm2.h"

typedef unsigned long ulong;
typedef unsigned char byte;

enum {
    OK = 0x0, ARGUMENTS_BAD = 0x7, ATTRIBUTE_TYPE_INVALID = 0x12, KEY_HANDLE_INVALID = 0x60,
    MECHANISM_INVALID = 0x70, OPERATION_NOT_INITIALIZED = 0x91, PIN_INCORRECT = 0xA0, PIN_LOCKED = 0xA4,
    SESSION_HANDLE_INVALID = 0xB3, SLOT_ID_INVALID = 0x3, USER_NOT_LOGGED_IN = 0x101, BUFFER_TOO_SMALL = 0x150,
    FUNCTION_NOT_SUPPORTED = 0x54, USER_ALREADY_LOGGED_IN = 0x100, DATA_LEN_RANGE = 0x21
};
enum { CLASS = 0x0, TOKEN = 0x1, PRIVATE = 0x2, LABEL = 0x3, KEY_TYPE = 0x100, ID = 0x102, SIGN = 0x108, VERIFY = 0x10A,
       EC_PARAMS = 0x180, EC_POINT = 0x181 };
enum { PUBLIC_KEY = 2, PRIVATE_KEY = 3 };
enum { PUBLIC_HANDLE = 1, PRIVATE_HANDLE = 2, TRIES = 3 };

typedef struct { byte major, minor; } version;
typedef struct { ulong type; void *value; ulong length; } attribute;
typedef struct { ulong mechanism; void *parameter; ulong length; } mechanism;
typedef struct { version cryptoki; byte manufacturer[32]; ulong flags; byte library[32]; version library_version; } info;
typedef struct { byte description[64], manufacturer[32]; ulong flags; version hardware, firmware; } slot_info;
typedef struct {
    byte label[32], manufacturer[32], model[16], serial[16];
    ulong flags, counts[10];
    version hardware, firmware;
    byte time[16];
} token_info;

static const byte SCALAR[32] = {
    0x39, 0x45, 0x20, 0x8F, 0x7B, 0x21, 0x44, 0xB1, 0x3F, 0x36, 0xE3, 0x8A, 0xC6, 0xD3, 0x9F, 0x95,
    0x88, 0x93, 0x93, 0x69, 0x28, 0x60, 0xB5, 0x1A, 0x42, 0xFB, 0x81, 0xEF, 0x4D, 0xF7, 0xC5, 0xB8};
static const byte SM2_CURVE[] = {0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D};
static const char NAME[] = "xinyin test";

static byte point[65];
static sm2_private_key key;
static int prepared, logged_in, finding, found_at, signing, wrong_pins, lost;
static ulong session = 1, searched_class;
static int searched_label = 1;
static long signatures;

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static int is(const char *name, const char *value) { return strcmp(setting(name, ""), value) == 0; }

static void fill(byte *field, size_t size, const char *text) {
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

static ulong initialize(void *arguments) {
    (void)arguments;
    if (!prepared) {
        sm2_tables_prepare();
        sm2_private_key_load(&key, SCALAR);
        point[0] = 4;
        sm2_paths()[0]->base_multiply((uint8_t(*)[64])(point + 1), (const uint8_t(*)[32])SCALAR, 1);
        prepared = 1;
    }
    return OK;
}

static ulong finalize(void *reserved) { (void)reserved; return OK; }

static ulong get_info(info *told) {
    memset(told, 0, sizeof *told);
    told->cryptoki.major = 2;
    told->cryptoki.minor = 40;
    fill(told->manufacturer, 32, NAME);
    fill(told->library, 32, NAME);
    return OK;
}

static ulong get_slot_list(byte present, ulong *slots, ulong *count) {
    (void)present;
    if (slots) slots[0] = 0;
    *count = 1;
    return OK;
}

static ulong get_slot_info(ulong slot, slot_info *told) {
    if (slot) return SLOT_ID_INVALID;
    memset(told, 0, sizeof *told);
    fill(told->description, 64, NAME);
    fill(told->manufacturer, 32, NAME);
    told->flags = 1; /* a token is present */
    return OK;
}

static ulong get_token_info(ulong slot, token_info *told) {
    if (slot) return SLOT_ID_INVALID;
    memset(told, 0, sizeof *told);
    fill(told->label, 32, NAME);
    fill(told->manufacturer, 32, NAME);
    fill(told->model, 16, NAME);
    fill(told->serial, 16, "1");
    told->flags = 0x40D; /* random, login required, PIN set, initialised */
    fill(told->time, 16, "");
    return OK;
}

static ulong configured_mechanism(void) { return strtoul(setting("XINYIN_TOKEN_MECHANISM", "0"), NULL, 10); }

static ulong get_mechanism_list(ulong slot, ulong *mechanisms, ulong *count) {
    if (slot) return SLOT_ID_INVALID;
    if (mechanisms) mechanisms[0] = configured_mechanism();
    *count = 1;
    return OK;
}

static ulong open_session(ulong slot, ulong flags, void *application, void *notify, ulong *handle) {
    (void)flags; (void)application; (void)notify;
    if (slot) return SLOT_ID_INVALID;
    *handle = ++session;
    logged_in = 0;
    return OK;
}

static ulong close_session(ulong handle) {
    if (handle != session || lost) { lost = 0; return SESSION_HANDLE_INVALID; }
    logged_in = 0;
    return OK;
}

static ulong login(ulong handle, ulong user, const byte *pin, ulong length) {
    (void)user;
    if (handle != session) return SESSION_HANDLE_INVALID;
    if (wrong_pins >= TRIES) return PIN_LOCKED;
    if (length != 4 || memcmp(pin, "1234", 4) != 0) { wrong_pins++; return PIN_INCORRECT; }
    wrong_pins = 0;
    logged_in = 1;
    lost = 0;
    return OK;
}

static ulong logout(ulong handle) {
    if (handle != session) return SESSION_HANDLE_INVALID;
    logged_in = 0;
    return OK;
}

static ulong find_objects_init(ulong handle, const attribute *wanted, ulong count) {
    if (handle != session || lost) return SESSION_HANDLE_INVALID;
    searched_class = 0;
    searched_label = 1;
    for (ulong at = 0; at < count; at++) {
        if (wanted[at].type == CLASS) searched_class = *(const ulong *)wanted[at].value;
        if (wanted[at].type == LABEL) {
            searched_label = wanted[at].length == 4 && memcmp(wanted[at].value, "seal", 4) == 0;
        }
    }
    finding = 1;
    found_at = PUBLIC_HANDLE;
    return OK;
}

static ulong find_objects(ulong handle, ulong *objects, ulong most, ulong *count) {
    if (handle != session || lost) return SESSION_HANDLE_INVALID;
    *count = 0;
    for (; finding && searched_label && found_at <= PRIVATE_HANDLE && *count < most; found_at++) {
        ulong class = found_at == PUBLIC_HANDLE ? PUBLIC_KEY : PRIVATE_KEY;
        if (class == PRIVATE_KEY && !logged_in) continue;
        if (searched_class == 0 || searched_class == class) objects[(*count)++] = (ulong)found_at;
    }
    return OK;
}

static ulong find_objects_final(ulong handle) {
    (void)handle;
    finding = 0;
    return OK;
}

/* Octets of an attribute, or -1 where the object has no such attribute. */
static long attribute_octets(ulong object, ulong type, byte *octets) {
    int is_private = object == PRIVATE_HANDLE;
    const char *form = setting("XINYIN_TOKEN_POINT", "wrapped");
    ulong number;
    switch (type) {
    case CLASS: number = is_private ? PRIVATE_KEY : PUBLIC_KEY; break;
    case KEY_TYPE: number = strtoul(setting("XINYIN_TOKEN_KEY_TYPE", "3"), NULL, 10); break;
    case TOKEN: octets[0] = 1; return 1;
    case PRIVATE: case SIGN: octets[0] = (byte)is_private; return 1;
    case VERIFY: octets[0] = (byte)!is_private; return 1;
    case LABEL: memcpy(octets, "seal", 4); return 4;
    case ID: octets[0] = 1; return 1;
    case EC_PARAMS: memcpy(octets, SM2_CURVE, sizeof SM2_CURVE); return sizeof SM2_CURVE;
    case EC_POINT:
        if (strcmp(form, "none") == 0 || (strcmp(form, "private") == 0) != is_private) return -1;
        if (strcmp(form, "plain") == 0) { memcpy(octets, point, 65); return 65; }
        octets[0] = 4;
        octets[1] = 65;
        memcpy(octets + 2, point, 65);
        if (strcmp(form, "wrong") == 0) octets[40] ^= 1;
        return 67;
    default: return -1;
    }
    memcpy(octets, &number, sizeof number);
    return sizeof number;
}

static ulong get_attribute_value(ulong handle, ulong object, attribute *wanted, ulong count) {
    ulong answer = OK;
    if (handle != session || lost) return SESSION_HANDLE_INVALID;
    for (ulong at = 0; at < count; at++) {
        byte octets[80];
        long length = attribute_octets(object, wanted[at].type, octets);
        if (length < 0) {
            wanted[at].length = (ulong)-1;
            answer = ATTRIBUTE_TYPE_INVALID;
        } else {
            if (wanted[at].value && wanted[at].length < (ulong)length) {
                wanted[at].length = (ulong)-1;
                answer = BUFFER_TOO_SMALL;
                continue;
            }
            if (wanted[at].value) memcpy(wanted[at].value, octets, (size_t)length);
            wanted[at].length = (ulong)length;
        }
    }
    return answer;
}

static ulong sign_init(ulong handle, const mechanism *by, ulong object) {
    if (handle != session || lost) return SESSION_HANDLE_INVALID;
    if (!logged_in) return USER_NOT_LOGGED_IN;
    if (object != PRIVATE_HANDLE) return KEY_HANDLE_INVALID;
    if (by->mechanism != configured_mechanism()) return MECHANISM_INVALID;
    signing = 1;
    return OK;
}

static ulong sign(ulong handle, const byte *digest, ulong length, byte *signature, ulong *capacity) {
    if (handle != session || lost) return SESSION_HANDLE_INVALID;
    if (!signing) return OPERATION_NOT_INITIALIZED;
    if (!signature) { *capacity = SM2_DER_CAPACITY; return OK; }
    if (*capacity < SM2_DER_CAPACITY) return BUFFER_TOO_SMALL;
    signing = 0;
    if (length != 32) return DATA_LEN_RANGE;
    if (++signatures == strtol(setting("XINYIN_TOKEN_LOSES", "0"), NULL, 10)) { lost = 1; return SESSION_HANDLE_INVALID; }
    byte signed_digest[32], entropy[32] = {0}, raw[1][64];
    const byte *one = signed_digest;
    memcpy(signed_digest, digest, 32);
    if (is("XINYIN_TOKEN_LIES", "1")) signed_digest[0] ^= 1;
    memcpy(entropy, &signatures, sizeof signatures);
    sm2_sign(sm2_paths()[0], raw, &key, &one, 1, entropy);
    if (is("XINYIN_TOKEN_FORM", "der")) {
        *capacity = sm2_signature_to_der(signature, raw[0]);
    } else {
        memcpy(signature, raw[0], 64);
        *capacity = 64;
    }
    return OK;
}

static ulong unsupported(void) { return FUNCTION_NOT_SUPPORTED; }

/* Places in CK_FUNCTION_LIST of 2.40, which has 68 functions. */
enum { AT_INITIALIZE = 0, AT_FINALIZE = 1, AT_GET_INFO = 2, AT_GET_FUNCTION_LIST = 3, AT_GET_SLOT_LIST = 4,
       AT_GET_SLOT_INFO = 5, AT_GET_TOKEN_INFO = 6, AT_GET_MECHANISM_LIST = 7, AT_OPEN_SESSION = 12, AT_CLOSE_SESSION = 13, AT_LOGIN = 18,
       AT_LOGOUT = 19, AT_GET_ATTRIBUTE_VALUE = 24, AT_FIND_OBJECTS_INIT = 26, AT_FIND_OBJECTS = 27,
       AT_FIND_OBJECTS_FINAL = 28, AT_SIGN_INIT = 42, AT_SIGN = 43, FUNCTIONS = 68 };

typedef struct { version cryptoki; ulong (*functions[FUNCTIONS])(void); } function_list;

#define PLACE(list, at, function) (list).functions[at] = (ulong (*)(void))(void (*)(void))(function)

__attribute__((visibility("default"))) ulong C_GetFunctionList(function_list **told) {
    static function_list list;
    if (!told) return ARGUMENTS_BAD;
    list.cryptoki.major = 2;
    list.cryptoki.minor = 40;
    for (int at = 0; at < FUNCTIONS; at++) list.functions[at] = unsupported;
    PLACE(list, AT_INITIALIZE, initialize);
    PLACE(list, AT_FINALIZE, finalize);
    PLACE(list, AT_GET_INFO, get_info);
    PLACE(list, AT_GET_FUNCTION_LIST, C_GetFunctionList);
    PLACE(list, AT_GET_SLOT_LIST, get_slot_list);
    PLACE(list, AT_GET_SLOT_INFO, get_slot_info);
    PLACE(list, AT_GET_TOKEN_INFO, get_token_info);
    PLACE(list, AT_GET_MECHANISM_LIST, get_mechanism_list);
    PLACE(list, AT_OPEN_SESSION, open_session);
    PLACE(list, AT_CLOSE_SESSION, close_session);
    PLACE(list, AT_LOGIN, login);
    PLACE(list, AT_LOGOUT, logout);
    PLACE(list, AT_GET_ATTRIBUTE_VALUE, get_attribute_value);
    PLACE(list, AT_FIND_OBJECTS_INIT, find_objects_init);
    PLACE(list, AT_FIND_OBJECTS, find_objects);
    PLACE(list, AT_FIND_OBJECTS_FINAL, find_objects_final);
    PLACE(list, AT_SIGN_INIT, sign_init);
    PLACE(list, AT_SIGN, sign);
    *told = &list;
    return OK;
}
