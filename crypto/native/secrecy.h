/* Marks for a checker that follows secrets (valgrind's memcheck, the "ctgrind" way).
 *
 * With XINYIN_CHECK_SECRECY, SECRET() declares octets undefined, so that memcheck reports every branch and address
 * that depends on them; PUBLIC() declares a value fit to be seen. Otherwise both do nothing.
 */
#ifndef XINYIN_SECRECY_H
#define XINYIN_SECRECY_H

#ifdef XINYIN_CHECK_SECRECY
#include <valgrind/memcheck.h>
#define SECRET(pointer, length) VALGRIND_MAKE_MEM_UNDEFINED(pointer, length)
#define PUBLIC(pointer, length) VALGRIND_MAKE_MEM_DEFINED(pointer, length)
#else
#define SECRET(pointer, length) ((void)(pointer), (void)(length))
#define PUBLIC(pointer, length) ((void)(pointer), (void)(length))
#endif

#endif
