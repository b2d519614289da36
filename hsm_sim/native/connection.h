/* Handles, sessions and their connections. Handles are numbers in a table, never addresses: a handle that was closed, was
 * made up, or came through a fork is told from a good one. */
#ifndef XINYIN_CONNECTION_H
#define XINYIN_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#define HEADER_LENGTH 20
#define MAX_BODY (512 * 1024)

typedef struct connection connection;

/* Take a session for one call, waiting for another thread's. SDR_OK, SDR_INARGERR (no such session) or SDR_COMMFAIL (it
 * was its parent's process's). */
int session_take(void *handle, connection **taken);
void session_give_back(connection *taken);
/* Send a request (header and body) and receive the reply's body, which the caller frees. */
int session_exchange(connection *taken, uint8_t *request, size_t length, unsigned int command, uint8_t **reply,
                     size_t *reply_length);
/* No more sense can be made of what comes. */
void session_break(connection *taken);

#endif
