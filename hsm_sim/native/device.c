/* Information, random octets, access rights, digests, files. */
#include <string.h>

#include "call.h"

#define RANDOM_AT_ONCE 4096
#define DATA_AT_ONCE (256 * 1024)

int SDF_GetDeviceInfo(void *session, DEVICEINFO *info) {
    call this;
    call_begin(&this, session, DESCRIBE_DEVICE);
    if (info == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    if (call_exchange(&this)) {
        get_text(&this, info->IssuerName, sizeof info->IssuerName);
        get_text(&this, info->DeviceName, sizeof info->DeviceName);
        get_text(&this, info->DeviceSerial, sizeof info->DeviceSerial);
        info->DeviceVersion = get_u32(&this);
        info->StandardVersion = get_u32(&this);
        info->AsymAlgAbility[0] = get_u32(&this);
        info->AsymAlgAbility[1] = get_u32(&this);
        info->SymAlgAbility = get_u32(&this);
        info->HashAlgAbility = get_u32(&this);
        info->BufferSize = get_u32(&this);
    }
    return call_end(&this);
}

int SDF_GenerateRandom(void *session, unsigned int length, unsigned char *random) {
    if (random == NULL) {
        return SDR_OUTARGERR;
    }
    do {
        call this;
        unsigned int part = length < RANDOM_AT_ONCE ? length : RANDOM_AT_ONCE;
        call_begin(&this, session, GENERATE_RANDOM);
        put_u32(&this, part);
        if (call_exchange(&this)) {
            get_exactly(&this, random, part);
        }
        int code = call_end(&this);
        if (code != SDR_OK) {
            return code;
        }
        random += part;
        length -= part;
    } while (length > 0);
    return SDR_OK;
}

int SDF_GetPrivateKeyAccessRight(void *session, unsigned int index, unsigned char *password, unsigned int length) {
    call this;
    call_begin(&this, session, GET_ACCESS_RIGHT);
    put_u32(&this, index);
    put_octets(&this, password, length);
    call_exchange(&this);
    return call_end(&this);
}

int SDF_ReleasePrivateKeyAccessRight(void *session, unsigned int index) {
    call this;
    call_begin(&this, session, RELEASE_ACCESS_RIGHT);
    put_u32(&this, index);
    call_exchange(&this);
    return call_end(&this);
}

/* ---- digests ---- */

int SDF_HashInit(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *id,
                 unsigned int id_length) {
    call this;
    call_begin(&this, session, HASH_INIT);
    put_u32(&this, algorithm);
    put_u8(&this, key != NULL);
    if (key != NULL) {
        put_point(&this, key);
    }
    put_octets(&this, id, id_length);
    call_exchange(&this);
    return call_end(&this);
}

static int update(void *session, enum command command, const unsigned char *data, unsigned int length) {
    int code = SDR_OK;
    do {
        call this;
        unsigned int part = length < DATA_AT_ONCE ? length : DATA_AT_ONCE;
        call_begin(&this, session, command);
        put_octets(&this, data, part);
        call_exchange(&this);
        code = call_end(&this);
        if (part > 0) {
            data += part;
            length -= part;
        }
    } while (code == SDR_OK && length > 0);
    return code;
}

static int final(void *session, enum command command, unsigned char *digest, unsigned int *length) {
    call this;
    call_begin(&this, session, command);
    if (digest == NULL || length == NULL || *length < 32) {
        call_refuse(&this, SDR_OUTARGERR);
    }
    if (call_exchange(&this)) {
        get_fixed(&this, digest, 32);
        *length = 32;
    }
    return call_end(&this);
}

int SDF_HashUpdate(void *session, unsigned char *data, unsigned int length) {
    return update(session, HASH_UPDATE, data, length);
}

int SDF_HashFinal(void *session, unsigned char *digest, unsigned int *length) {
    return final(session, HASH_FINAL, digest, length);
}

int SDF_HMACInit(void *session, void *key, unsigned int algorithm) {
    call this;
    call_begin(&this, session, HMAC_INIT);
    put_handle(&this, key);
    put_u32(&this, algorithm);
    call_exchange(&this);
    return call_end(&this);
}

int SDF_HMACUpdate(void *session, unsigned char *data, unsigned int length) {
    return update(session, HMAC_UPDATE, data, length);
}

int SDF_HMACFinal(void *session, unsigned char *code, unsigned int *length) {
    return final(session, HMAC_FINAL, code, length);
}

/* ---- files ---- */

int SDF_CreateFile(void *session, unsigned char *name, unsigned int name_length, unsigned int size) {
    call this;
    call_begin(&this, session, CREATE_FILE);
    put_octets(&this, name, name_length);
    put_u32(&this, size);
    call_exchange(&this);
    return call_end(&this);
}

int SDF_ReadFile(void *session, unsigned char *name, unsigned int name_length, unsigned int offset,
                 unsigned int *length, unsigned char *buffer) {
    call this;
    call_begin(&this, session, READ_FILE);
    if (length == NULL || buffer == NULL) {
        call_refuse(&this, SDR_OUTARGERR);
    } else {
        put_octets(&this, name, name_length);
        put_u32(&this, offset);
        put_u32(&this, *length);
    }
    if (call_exchange(&this)) {
        get_octets(&this, buffer, length);
    }
    return call_end(&this);
}

int SDF_WriteFile(void *session, unsigned char *name, unsigned int name_length, unsigned int offset,
                  unsigned int length, unsigned char *buffer) {
    call this;
    call_begin(&this, session, WRITE_FILE);
    put_octets(&this, name, name_length);
    put_u32(&this, offset);
    put_octets(&this, buffer, length);
    call_exchange(&this);
    return call_end(&this);
}

int SDF_DeleteFile(void *session, unsigned char *name, unsigned int name_length) {
    call this;
    call_begin(&this, session, DELETE_FILE);
    put_octets(&this, name, name_length);
    call_exchange(&this);
    return call_end(&this);
}
