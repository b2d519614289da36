"""The part of OpenSSL's libcrypto (3.0 and later) that SM2 needs, bound with cffi in ABI mode.

ABI mode has no compiler that compares these prototypes with a header, so all of them stand here, copied from
``openssl/evp.h``, ``openssl/ec.h``, ``openssl/bn.h``, ``openssl/params.h`` and ``openssl/core.h`` of OpenSSL 3.0,
and the engine proves itself with known answers before it is used. Calls release the GIL.
"""

from typing import Any, Final

from cffi import FFI

from crypto.errors import EngineUnavailableError

# Asked by their full names: find_library("crypto") may return OpenSSL 1.1, which lacks half of this.
LIBRARY_NAMES: Final = ("libcrypto.so.3", "libcrypto.so.4")

EVP_PKEY_KEY_PARAMETERS: Final = 0x84
EVP_PKEY_KEYPAIR: Final = 0x87
NID_SM2: Final = 1172
POINT_CONVERSION_UNCOMPRESSED: Final = 4
OPENSSL_VERSION: Final = 0

ffi = FFI()
ffi.cdef("""
typedef ... EVP_PKEY;
typedef ... EVP_PKEY_CTX;
typedef ... EC_GROUP;
typedef ... EC_POINT;
typedef ... BIGNUM;
typedef ... BN_CTX;
typedef struct ossl_param_st {
    const char *key;
    unsigned int data_type;
    void *data;
    size_t data_size;
    size_t return_size;
} OSSL_PARAM;

const char *OpenSSL_version(int type);
void ERR_clear_error(void);
void OPENSSL_cleanse(void *ptr, size_t len);

EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_name(void *libctx, const char *name, const char *propquery);
EVP_PKEY_CTX *EVP_PKEY_CTX_new(EVP_PKEY *pkey, void *engine);
void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx);
EVP_PKEY *EVP_PKEY_dup(EVP_PKEY *pkey);
void EVP_PKEY_free(EVP_PKEY *pkey);
int EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **ppkey, int selection, OSSL_PARAM params[]);
int EVP_PKEY_set1_encoded_public_key(EVP_PKEY *pkey, const unsigned char *pub, size_t publen);

int EVP_PKEY_sign_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *siglen, const unsigned char *tbs, size_t tbslen);
int EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t siglen,
                    const unsigned char *tbs, size_t tbslen);
int EVP_PKEY_encrypt_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_encrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *outlen, const unsigned char *in, size_t inlen);
int EVP_PKEY_decrypt_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_decrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *outlen, const unsigned char *in, size_t inlen);

OSSL_PARAM OSSL_PARAM_construct_BN(const char *key, unsigned char *buf, size_t bsize);
OSSL_PARAM OSSL_PARAM_construct_utf8_string(const char *key, char *buf, size_t bsize);
OSSL_PARAM OSSL_PARAM_construct_octet_string(const char *key, void *buf, size_t bsize);
OSSL_PARAM OSSL_PARAM_construct_end(void);

EC_GROUP *EC_GROUP_new_by_curve_name(int nid);
void EC_GROUP_free(EC_GROUP *group);
EC_POINT *EC_POINT_new(const EC_GROUP *group);
void EC_POINT_clear_free(EC_POINT *point);
int EC_POINT_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *n, const EC_POINT *q, const BIGNUM *m,
                 BN_CTX *ctx);
int EC_POINT_oct2point(const EC_GROUP *group, EC_POINT *p, const unsigned char *buf, size_t len, BN_CTX *ctx);
size_t EC_POINT_point2oct(const EC_GROUP *group, const EC_POINT *p, int form, unsigned char *buf, size_t len,
                          BN_CTX *ctx);
BIGNUM *BN_bin2bn(const unsigned char *s, int len, BIGNUM *ret);
void BN_clear_free(BIGNUM *a);
""")


def open_libcrypto() -> tuple[Any, str]:
    """Open the first system libcrypto that has all of the functions above.

    Returns:
        The library and the file name it was found under.

    Raises:
        EngineUnavailableError: None of ``LIBRARY_NAMES`` can be opened, or it is too old.
    """
    reasons = []
    library: Any  # its functions are known from the cdef text only
    for name in LIBRARY_NAMES:
        try:
            library = ffi.dlopen(name)
            # The newest function needed: one that is missing shows on first access in ABI mode.
            _ = library.EVP_PKEY_dup, library.EVP_PKEY_set1_encoded_public_key
        except (OSError, AttributeError) as error:
            reasons.append(str(error))
        else:
            return library, name
    raise EngineUnavailableError("no usable libcrypto: " + "; ".join(reasons))
