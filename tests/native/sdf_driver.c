/* Calls every function of the device interface: as it should be, as it should not, from many threads, through a fork, and
 * against a key store that answers nonsense. Prints "done" and ends with 0 where everything answered as it must; the
 * sanitizers it is built with end it otherwise. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdf.h"

#define SM2_1 0x00020200
#define SM2_3 0x00020800
#define ECB 0x401
#define CBC 0x402
#define MAC 0x410
#define GCM 0x02000400
#define ROOM 4096

#define WANT(call, expected)                                                                                  \
    do {                                                                                                      \
        int got_ = (call);                                                                                    \
        if (got_ != (expected)) {                                                                             \
            fprintf(stderr, "line %d: %s gave %#x, not %#x\n", __LINE__, #call, got_, (int)(expected));       \
            exit(1);                                                                                          \
        }                                                                                                     \
    } while (0)

static unsigned char password[] = "password 1";
static void *device;

typedef union {
    ECCCipher cipher;
    unsigned char room[sizeof(ECCCipher) + ROOM];
} roomy_cipher;

static void everything(void *session) {
    unsigned char digest[32] = {1}, iv[16] = {0}, data[160] = {7}, out[ROOM], tag[16];
    unsigned int length, tag_length;
    ECCrefPublicKey sign_key, encrypt_key, fleeting, other, other_fleeting;
    ECCSignature signature;
    roomy_cipher wrapped, again;
    DEVICEINFO info;
    void *key, *imported, *agreement;

    WANT(SDF_GetDeviceInfo(session, &info), SDR_OK);
    WANT(SDF_GenerateRandom(session, sizeof out, out), SDR_OK);
    WANT(SDF_GetPrivateKeyAccessRight(session, 1, password, sizeof password - 1), SDR_OK);
    WANT(SDF_ExportSignPublicKey_ECC(session, 1, &sign_key), SDR_OK);
    WANT(SDF_ExportEncPublicKey_ECC(session, 1, &encrypt_key), SDR_OK);
    WANT(SDF_InternalSign_ECC(session, 1, digest, 32, &signature), SDR_OK);
    WANT(SDF_InternalVerify_ECC(session, 1, digest, 32, &signature), SDR_OK);
    WANT(SDF_ExternalVerify_ECC(session, SM2_1, &sign_key, digest, 32, &signature), SDR_OK);
    signature.s[ECCref_MAX_LEN - 1] ^= 1;
    WANT(SDF_InternalVerify_ECC(session, 1, digest, 32, &signature), SDR_VERIFYERR);
    WANT(SDF_InternalSign_ECC(session, 1, digest, 31, &signature), SDR_INARGERR);

    WANT(SDF_ExternalEncrypt_ECC(session, SM2_3, &encrypt_key, data, 100, &wrapped.cipher), SDR_OK);
    length = sizeof out;
    WANT(SDF_InternalDecrypt_ECC(session, 1, SM2_3, &wrapped.cipher, out, &length), SDR_OK);
    WANT(length != 100 || memcmp(out, data, 100) != 0, 0);
    length = 99;
    WANT(SDF_InternalDecrypt_ECC(session, 1, SM2_3, &wrapped.cipher, out, &length), SDR_OUTARGERR);
    wrapped.cipher.M[0] ^= 1;
    length = sizeof out;
    WANT(SDF_InternalDecrypt_ECC(session, 1, SM2_3, &wrapped.cipher, out, &length), SDR_ENCDATAERR);
    WANT(SDF_InternalEncrypt_ECC(session, 1, data, 10, &again.cipher), SDR_OK);

    WANT(SDF_GenerateKeyWithIPK_ECC(session, 1, 128, &wrapped.cipher, &key), SDR_OK);
    WANT(SDF_ImportKeyWithISK_ECC(session, 1, &wrapped.cipher, &imported), SDR_OK);
    WANT(SDF_ExchangeDigitEnvelopeBaseOnECC(session, 1, SM2_3, &encrypt_key, &wrapped.cipher, &again.cipher), SDR_OK);
    WANT(SDF_GenerateKeyWithEPK_ECC(session, 128, SM2_3, &encrypt_key, &wrapped.cipher, &agreement), SDR_OK);
    WANT(SDF_DestroyKey(session, agreement), SDR_OK);
    WANT(SDF_DestroyKey(session, agreement), SDR_KEYNOTEXIST);
    length = sizeof out;
    WANT(SDF_GenerateKeyWithKEK(session, 128, CBC, 1, out, &length, &agreement), SDR_OK);
    WANT(SDF_ImportKeyWithKEK(session, CBC, 1, out, length, &agreement), SDR_OK);

    length = sizeof out;
    WANT(SDF_Encrypt(session, key, CBC, iv, data, sizeof data, out, &length), SDR_OK);
    memset(iv, 0, sizeof iv);
    WANT(SDF_Decrypt(session, imported, CBC, iv, out, length, out, &length), SDR_OK);
    WANT(memcmp(out, data, sizeof data), 0);
    length = sizeof out;
    WANT(SDF_Encrypt(session, key, ECB, NULL, data, sizeof data, out, &length), SDR_OK);
    length = 8;
    WANT(SDF_Encrypt(session, key, ECB, NULL, data, sizeof data, out, &length), SDR_OUTARGERR);
    length = sizeof out;
    WANT(SDF_Encrypt(session, key, CBC, iv, data, 17, out, &length), SDR_INARGERR);
    length = sizeof tag;
    WANT(SDF_CalculateMAC(session, key, MAC, iv, data, sizeof data, tag, &length), SDR_OK);
    length = sizeof out, tag_length = sizeof tag;
    WANT(SDF_AuthEnc(session, key, GCM, iv, 12, data, 5, data, 33, out, &length, tag, &tag_length), SDR_OK);
    WANT(SDF_AuthDec(session, key, GCM, iv, 12, data, 5, tag, 16, out, 33, out, &length), SDR_OK);
    tag[0] ^= 1;
    WANT(SDF_AuthDec(session, key, GCM, iv, 12, data, 5, tag, 16, out, 33, out, &length), SDR_MACERR);

    WANT(SDF_EncryptFinal(session, out, &length), SDR_STEPERR);
    WANT(SDF_EncryptInit(session, key, CBC, iv, 16), SDR_OK);
    length = sizeof out;
    WANT(SDF_EncryptUpdate(session, data, 20, out, &length), SDR_OK);
    WANT((int)length, 16);
    length = sizeof out;
    WANT(SDF_EncryptUpdate(session, data, 12, out, &length), SDR_OK);
    length = sizeof out;
    WANT(SDF_EncryptFinal(session, out, &length), SDR_OK);
    WANT(SDF_DecryptInit(session, key, ECB, NULL, 0), SDR_OK);
    length = sizeof out;
    WANT(SDF_DecryptUpdate(session, data, 32, out, &length), SDR_OK);
    length = sizeof out;
    WANT(SDF_DecryptFinal(session, out, &length), SDR_OK);
    WANT(SDF_CalculateMACInit(session, key, MAC, iv, 16), SDR_OK);
    WANT(SDF_CalculateMACUpdate(session, data, 32), SDR_OK);
    length = sizeof tag;
    WANT(SDF_CalculateMACFinal(session, tag, &length), SDR_OK);
    WANT(SDF_AuthEncInit(session, key, GCM, iv, 12, NULL, 0, 20), SDR_OK);
    length = sizeof out;
    WANT(SDF_AuthEncUpdate(session, data, 20, out, &length), SDR_OK);
    length = sizeof out, tag_length = sizeof tag;
    WANT(SDF_AuthEncFinal(session, out, &length, tag, &tag_length), SDR_OK);
    WANT((int)length, 20);
    WANT(SDF_AuthDecInit(session, key, GCM, iv, 12, NULL, 0, tag, 16, 20), SDR_OK);
    tag_length = 0;
    WANT(SDF_AuthDecUpdate(session, out, 20, NULL, &tag_length), SDR_OK);
    length = sizeof out;
    WANT(SDF_AuthDecFinal(session, out, &length), SDR_OK);
    WANT(memcmp(out, data, 20), 0);

    WANT(SDF_HashInit(session, 1, &sign_key, data, 16), SDR_OK);
    WANT(SDF_HashUpdate(session, data, sizeof data), SDR_OK);
    WANT(SDF_HashUpdate(session, NULL, 0), SDR_OK);
    length = 32;
    WANT(SDF_HashFinal(session, digest, &length), SDR_OK);
    WANT(SDF_HashFinal(session, digest, &length), SDR_STEPERR);
    WANT(SDF_HMACInit(session, key, 1), SDR_OK);
    WANT(SDF_HMACUpdate(session, data, sizeof data), SDR_OK);
    WANT(SDF_HMACFinal(session, digest, &length), SDR_OK);

    WANT(SDF_GenerateAgreementDataWithECC(session, 1, 128, data, 5, &other, &other_fleeting, &agreement), SDR_OK);
    WANT(SDF_GenerateAgreementDataAndKeyWithECC(session, 1, 128, data, 6, data, 5, &other, &other_fleeting, &sign_key,
                                                &fleeting, &imported),
         SDR_OK);
    WANT(SDF_GenerateKeyWithECC(session, data, 6, &sign_key, &fleeting, agreement, &key), SDR_OK);

    encrypt_key.x[0] = 1;
    WANT(ECCref_MAX_LEN > 32 ? SDF_ExternalEncrypt_ECC(session, SM2_3, &encrypt_key, data, 10, &again.cipher)
                             : SDR_INARGERR,
         SDR_INARGERR);
    WANT(SDF_ReleasePrivateKeyAccessRight(session, 1), SDR_OK);
    WANT(SDF_InternalSign_ECC(session, 1, digest, 32, &signature), SDR_PARDENY);
    WANT(SDF_InternalPrivateKeyOperation_RSA(session, 1, data, 1, out, &length), SDR_NOTSUPPORT);
}

static void files(void *session) {
    unsigned char name[] = "driver", data[10] = "123456789", out[20];
    unsigned int length = sizeof out;
    SDF_DeleteFile(session, name, 6);
    WANT(SDF_CreateFile(session, name, 6, 10), SDR_OK);
    WANT(SDF_CreateFile(session, name, 6, 10), SDR_FILEEXISTS);
    WANT(SDF_WriteFile(session, name, 6, 0, 10, data), SDR_OK);
    WANT(SDF_ReadFile(session, name, 6, 5, &length, out), SDR_OK);
    WANT((int)length, 5);
    WANT(SDF_DeleteFile(session, name, 6), SDR_OK);
}

/* What is missing, closed, made up or too small is a return code. */
static void misuse(void) {
    unsigned char octets[ROOM] = {0};
    unsigned int length = sizeof octets;
    void *session, *other, *second;
    ECCrefPublicKey key;
    ECCSignature signature;
    WANT(SDF_OpenDevice(NULL), SDR_OUTARGERR);
    WANT(SDF_OpenSession(device, NULL), SDR_OUTARGERR);
    WANT(SDF_OpenSession(NULL, &session), SDR_INARGERR);
    WANT(SDF_OpenSession((void *)(uintptr_t)0x1001, &session), SDR_INARGERR);
    WANT(SDF_CloseSession(NULL), SDR_INARGERR);
    WANT(SDF_CloseSession(device), SDR_INARGERR);
    WANT(SDF_OpenSession(device, &session), SDR_OK);
    WANT(SDF_GetDeviceInfo(session, NULL), SDR_OUTARGERR);
    WANT(SDF_GenerateRandom(session, 10, NULL), SDR_OUTARGERR);
    WANT(SDF_GenerateRandom(session, 0, octets), SDR_INARGERR);
    WANT(SDF_GetPrivateKeyAccessRight(session, 1, NULL, 8), SDR_INARGERR);
    WANT(SDF_ExportSignPublicKey_ECC(session, 1, NULL), SDR_OUTARGERR);
    WANT(SDF_InternalSign_ECC(session, 1, NULL, 32, &signature), SDR_INARGERR);
    WANT(SDF_InternalSign_ECC(session, 1, octets, 32, NULL), SDR_OUTARGERR);
    WANT(SDF_InternalVerify_ECC(session, 1, octets, 32, NULL), SDR_INARGERR);
    memset(&key, 0, sizeof key);
    WANT(SDF_ExternalVerify_ECC(session, SM2_1, &key, octets, 32, &signature), SDR_INARGERR);
    WANT(SDF_GenerateKeyWithIPK_ECC(session, 1, 128, NULL, NULL), SDR_OUTARGERR);
    WANT(SDF_Encrypt(session, NULL, CBC, octets, octets, 16, octets, NULL), SDR_OUTARGERR);
    WANT(SDF_Encrypt(session, NULL, CBC, octets, octets, 16, octets, &length), SDR_KEYNOTEXIST);
    WANT(SDF_HashUpdate(session, octets, 1), SDR_STEPERR);
    WANT(SDF_HashInit(session, 1, NULL, NULL, 5), SDR_INARGERR);
    WANT(SDF_HashFinal(session, octets, NULL), SDR_OUTARGERR);
    WANT(SDF_ReadFile(session, octets, 1, 0, NULL, octets), SDR_OUTARGERR);
    WANT(SDF_WriteFile(session, octets, 1, 0, 0xFFFFFFFF, octets), SDR_INARGERR);
    WANT(SDF_CloseSession(session), SDR_OK);
    WANT(SDF_CloseSession(session), SDR_INARGERR);
    WANT(SDF_GenerateRandom(session, 10, octets), SDR_INARGERR);
    WANT(SDF_OpenSession(device, &other), SDR_OK);
    WANT(other == session, 0); /* a handle does not come back */
    WANT(SDF_OpenDevice(&second), SDR_OK);
    WANT(SDF_OpenSession(second, &session), SDR_OK);
    WANT(SDF_CloseDevice(second), SDR_OK); /* closes its sessions, and no other's */
    WANT(SDF_GenerateRandom(session, 10, octets), SDR_INARGERR);
    WANT(SDF_OpenSession(second, &session), SDR_INARGERR);
    WANT(SDF_CloseDevice(second), SDR_INARGERR);
    WANT(SDF_GenerateRandom(other, 10, octets), SDR_OK);
    WANT(SDF_CloseSession(other), SDR_OK);
}

static void *shared_session;

static void *work(void *nothing) {
    unsigned char octets[64];
    for (int round = 0; round < 6; round++) {
        void *session;
        WANT(SDF_OpenSession(device, &session), SDR_OK);
        everything(session);
        WANT(SDF_GenerateRandom(shared_session, sizeof octets, octets), SDR_OK);
        WANT(SDF_CloseSession(session), SDR_OK);
    }
    return nothing;
}

/* Sessions of their own, opened and closed all the time, and one that all of them use. */
static void threads(void) {
    pthread_t running[6];
    WANT(SDF_OpenSession(device, &shared_session), SDR_OK);
    for (int number = 0; number < 6; number++) {
        pthread_create(&running[number], NULL, work, NULL);
    }
    for (int number = 0; number < 6; number++) {
        pthread_join(running[number], NULL);
    }
    WANT(SDF_CloseSession(shared_session), SDR_OK);
}

static void *closed_under_way(void *session) {
    unsigned char octets[4096];
    while (SDF_GenerateRandom(session, sizeof octets, octets) == SDR_OK) {
    }
    return NULL;
}

/* A session that is closed while another thread uses it, and a device that is closed under its sessions. */
static void closing(void) {
    void *session, *second;
    pthread_t running;
    for (int round = 0; round < 10; round++) {
        WANT(SDF_OpenDevice(&second), SDR_OK);
        WANT(SDF_OpenSession(second, &session), SDR_OK);
        pthread_create(&running, NULL, closed_under_way, session);
        usleep(2000);
        if (round % 2) {
            WANT(SDF_CloseSession(session), SDR_OK);
        }
        WANT(SDF_CloseDevice(second), SDR_OK);
        pthread_join(running, NULL);
    }
}

/* A child is told that its parent's handles are not its own, may open the device itself, and harms nothing. */
static void forks(void) {
    unsigned char octets[16];
    void *session, *own, *own_device;
    int status;
    WANT(SDF_OpenSession(device, &session), SDR_OK);
    pid_t child = fork();
    if (child == 0) {
        WANT(SDF_GenerateRandom(session, sizeof octets, octets), SDR_COMMFAIL);
        WANT(SDF_OpenSession(device, &own), SDR_COMMFAIL);
        WANT(SDF_CloseSession(session), SDR_COMMFAIL);
        WANT(SDF_CloseDevice(device), SDR_COMMFAIL);
        WANT(SDF_OpenDevice(&own_device), SDR_OK);
        WANT(SDF_OpenSession(own_device, &own), SDR_OK);
        everything(own);
        WANT(SDF_CloseDevice(own_device), SDR_OK);
        _exit(0);
    }
    WANT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, 1);
    WANT(SDF_GenerateRandom(session, sizeof octets, octets), SDR_OK);
    WANT(SDF_CloseSession(session), SDR_OK);
}

/* Whatever the other end answers, calls return. */
static void hostile(int rounds) {
    unsigned char digest[32] = {0}, out[ROOM], iv[16] = {0}, tag[16];
    for (int round = 0; round < rounds; round++) {
        void *session, *key = NULL;
        unsigned int length = sizeof out, tag_length = sizeof tag;
        ECCrefPublicKey point;
        ECCSignature signature;
        roomy_cipher wrapped;
        DEVICEINFO info;
        if (SDF_OpenSession(device, &session) != SDR_OK) {
            continue;
        }
        switch (round % 9) {
        case 0: SDF_GetDeviceInfo(session, &info); break;
        case 1: SDF_ExportSignPublicKey_ECC(session, 1, &point); break;
        case 2: SDF_InternalSign_ECC(session, 1, digest, 32, &signature); break;
        case 3: SDF_GenerateKeyWithIPK_ECC(session, 1, 128, &wrapped.cipher, &key); break;
        case 4: SDF_Encrypt(session, (void *)(uintptr_t)1, CBC, iv, digest, 32, out, &length); break;
        case 5: SDF_AuthEnc(session, (void *)(uintptr_t)1, GCM, iv, 12, iv, 0, digest, 32, out, &length, tag, &tag_length); break;
        case 6: SDF_EncryptFinal(session, out, &length); break;
        case 7: SDF_HashFinal(session, digest, &length); break;
        case 8: SDF_ReadFile(session, digest, 1, 0, &length, out); break;
        }
        SDF_CloseSession(session);
    }
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "";
    WANT(SDF_OpenDevice(&device), SDR_OK);
    if (strcmp(mode, "hostile") == 0) {
        hostile(atoi(arguments[2]));
    } else {
        void *session;
        WANT(SDF_OpenSession(device, &session), SDR_OK);
        everything(session);
        files(session);
        WANT(SDF_CloseSession(session), SDR_OK);
        misuse();
        threads();
        closing();
        forks();
    }
    WANT(SDF_CloseDevice(device), SDR_OK);
    puts("done");
    return 0;
}
