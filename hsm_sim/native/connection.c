#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "call.h"

#define MAX_SESSIONS 1024
#define MAX_DEVICES 64
#define DEFAULT_SECONDS 60
#define MAX_LINE 512

struct connection {
    pthread_mutex_t busy;
    int socket;
    int broken;
    int closing;
    unsigned int users; /* under the table's lock */
    unsigned int slot;
    uintptr_t device;
    uint32_t request_id;
    int milliseconds;
};

typedef struct {
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    int milliseconds;
} settings;

typedef struct {
    uintptr_t handle; /* 0: free */
    settings settings;
} device;

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static connection *sessions[MAX_SESSIONS];
static uintptr_t session_handles[MAX_SESSIONS];
static device devices[MAX_DEVICES];
static uintptr_t last_handle;  /* handles count upwards and never come back */
static uintptr_t inherited_to; /* those up to here were the parent's */

/* ---- forks ---- */

static void before_fork(void) { pthread_mutex_lock(&table_lock); }

static void after_fork_in_parent(void) { pthread_mutex_unlock(&table_lock); }

/* The connections are the parent's: two processes on one would read each other's replies. */
static void after_fork_in_child(void) {
    pthread_mutex_init(&table_lock, NULL);
    for (unsigned int slot = 0; slot < MAX_SESSIONS; slot++) {
        if (sessions[slot] != NULL) {
            close(sessions[slot]->socket);
            free(sessions[slot]);
            sessions[slot] = NULL;
        }
    }
    memset(devices, 0, sizeof devices);
    inherited_to = last_handle;
}

__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static int no_such_handle(uintptr_t handle) {
    return handle != 0 && handle <= inherited_to ? SDR_COMMFAIL : SDR_INARGERR;
}

/* ---- settings ---- */

static void set(settings *these, const char *name, const char *value) {
    if (strcmp(name, "socket") == 0) {
        size_t length = strlen(value);
        memset(these->path, 0, sizeof these->path);
        if (length < sizeof these->path) {
            memcpy(these->path, value, length);
        }
    } else if (strcmp(name, "seconds") == 0) {
        double seconds = strtod(value, NULL);
        if (seconds > 0 && seconds < 86400) {
            these->milliseconds = (int)(seconds * 1000) + 1;
        }
    }
}

static void read_file(settings *these, const char *path) {
    char line[MAX_LINE];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = strchr(line, '=');
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '#' && value != NULL) {
            *value = '\0';
            set(these, line, value + 1);
        }
    }
    fclose(file);
}

/* A file named by XINYIN_SDF_CONFIG with lines "socket=PATH" and "seconds=N"; then the environment, which wins. */
static void read_settings(settings *these) {
    memset(these, 0, sizeof *these);
    these->milliseconds = DEFAULT_SECONDS * 1000;
    const char *file = secure_getenv("XINYIN_SDF_CONFIG");
    const char *path = secure_getenv("XINYIN_SDF_SOCKET");
    const char *seconds = secure_getenv("XINYIN_SDF_SECONDS");
    if (file != NULL) {
        read_file(these, file);
    }
    if (path != NULL) {
        set(these, "socket", path);
    }
    if (seconds != NULL) {
        set(these, "seconds", seconds);
    }
}

static int connect_to(const settings *these) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, these->path, sizeof address.sun_path);
    int connected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connected < 0) {
        return -1;
    }
    if (these->path[0] == '\0' || connect(connected, (struct sockaddr *)&address, sizeof address) != 0) {
        close(connected);
        return -1;
    }
    return connected;
}

/* ---- the wire ---- */

static int64_t now_in_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for(int socket, short events, int64_t deadline) {
    for (;;) {
        struct pollfd waited = {.fd = socket, .events = events};
        int64_t left = deadline - now_in_milliseconds();
        int ready = left <= 0 ? 0 : poll(&waited, 1, (int)left);
        if (ready > 0) {
            return 1;
        }
        if (ready == 0 || errno != EINTR) {
            return 0;
        }
    }
}

static int send_all(int socket, const uint8_t *octets, size_t length, int64_t deadline) {
    while (length > 0) {
        if (!wait_for(socket, POLLOUT, deadline)) {
            return 0;
        }
        ssize_t sent = send(socket, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (sent <= 0) {
            return 0;
        }
        octets += sent;
        length -= (size_t)sent;
    }
    return 1;
}

static int receive_all(int socket, uint8_t *octets, size_t length, int64_t deadline) {
    while (length > 0) {
        if (!wait_for(socket, POLLIN, deadline)) {
            return 0;
        }
        ssize_t received = recv(socket, octets, length, MSG_DONTWAIT);
        if (received < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (received <= 0) {
            return 0;
        }
        octets += received;
        length -= (size_t)received;
    }
    return 1;
}

static uint32_t big_endian(const uint8_t *octets) {
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static void write_header(uint8_t *header, unsigned int command, uint32_t request_id, size_t body) {
    const uint8_t values[HEADER_LENGTH] = {
        'X', 'K', 1, 1, (uint8_t)(command >> 8), (uint8_t)command, 0, 0,
        (uint8_t)(request_id >> 24), (uint8_t)(request_id >> 16), (uint8_t)(request_id >> 8), (uint8_t)request_id,
        0, 0, 0, 0, (uint8_t)(body >> 24), (uint8_t)(body >> 16), (uint8_t)(body >> 8), (uint8_t)body,
    };
    memcpy(header, values, HEADER_LENGTH);
}

int session_exchange(connection *taken, uint8_t *request, size_t length, unsigned int command, uint8_t **reply,
                     size_t *reply_length) {
    uint8_t header[HEADER_LENGTH];
    int64_t deadline = now_in_milliseconds() + taken->milliseconds;
    *reply = NULL;
    *reply_length = 0;
    if (taken->broken) {
        return SDR_COMMFAIL;
    }
    taken->request_id = taken->request_id == UINT32_MAX ? 1 : taken->request_id + 1;
    write_header(request, command, taken->request_id, length - HEADER_LENGTH);
    /* If it cannot be sent, the device may have said why before it hung up. */
    send_all(taken->socket, request, length, deadline);
    if (!receive_all(taken->socket, header, sizeof header, deadline) || memcmp(header, "XK\1\2", 4) != 0) {
        session_break(taken);
        return SDR_COMMFAIL;
    }
    uint32_t code = big_endian(header + 12), body = big_endian(header + 16);
    if (big_endian(header + 8) == 0 && code != SDR_OK) {
        session_break(taken);
        return (int)code;
    }
    int is_ours = big_endian(header + 8) == taken->request_id && header[4] == (uint8_t)(command >> 8) &&
                  header[5] == (uint8_t)command;
    uint8_t *octets = is_ours && body <= MAX_BODY ? malloc(body + 1) : NULL;
    if (octets == NULL || !receive_all(taken->socket, octets, body, deadline)) {
        free(octets);
        session_break(taken);
        return SDR_COMMFAIL;
    }
    *reply = octets;
    *reply_length = body;
    return (int)code;
}

void session_break(connection *taken) {
    taken->broken = 1;
    shutdown(taken->socket, SHUT_RDWR);
}

/* ---- sessions ---- */

int session_take(void *handle, connection **taken) {
    uintptr_t wanted = (uintptr_t)handle;
    connection *found = NULL;
    pthread_mutex_lock(&table_lock);
    for (unsigned int slot = 0; slot < MAX_SESSIONS && found == NULL; slot++) {
        if (sessions[slot] != NULL && session_handles[slot] == wanted && !sessions[slot]->closing) {
            found = sessions[slot];
            found->users++;
        }
    }
    int code = found != NULL ? SDR_OK : no_such_handle(wanted);
    pthread_mutex_unlock(&table_lock);
    if (found != NULL) {
        pthread_mutex_lock(&found->busy);
    }
    *taken = found;
    return code;
}

void session_give_back(connection *taken) {
    pthread_mutex_unlock(&taken->busy);
    pthread_mutex_lock(&table_lock);
    int last = --taken->users == 0;
    if (last) {
        sessions[taken->slot] = NULL;
    }
    pthread_mutex_unlock(&table_lock);
    if (last) {
        close(taken->socket);
        pthread_mutex_destroy(&taken->busy);
        free(taken);
    }
}

/* Whoever begins to close is the only one: nobody finds the session any more. */
static int begin_closing(uintptr_t handle, connection **found) {
    *found = NULL;
    pthread_mutex_lock(&table_lock);
    for (unsigned int slot = 0; slot < MAX_SESSIONS; slot++) {
        if (sessions[slot] != NULL && session_handles[slot] == handle && !sessions[slot]->closing) {
            *found = sessions[slot];
            (*found)->closing = 1;
        }
    }
    int code = *found != NULL ? SDR_OK : no_such_handle(handle);
    pthread_mutex_unlock(&table_lock);
    return code;
}

static void finish_closing(connection *found) {
    uint8_t request[HEADER_LENGTH], *reply;
    size_t length;
    pthread_mutex_lock(&found->busy);
    session_exchange(found, request, sizeof request, CLOSE_SESSION, &reply, &length);
    free(reply);
    found->broken = 1;
    session_give_back(found); /* the table's own use of it */
}

static device *device_of(uintptr_t handle) {
    for (unsigned int slot = 0; slot < MAX_DEVICES; slot++) {
        if (handle != 0 && devices[slot].handle == handle) {
            return &devices[slot];
        }
    }
    return NULL;
}

/* The number of a new handle; under the table's lock. Odd, so that nobody takes it for an address of anything. */
static uintptr_t new_handle(void) { return last_handle += last_handle == 0 ? 1 : 2; }

int SDF_OpenDevice(void **handle) {
    settings these;
    if (handle == NULL) {
        return SDR_OUTARGERR;
    }
    *handle = NULL;
    read_settings(&these);
    int probe = connect_to(&these);
    if (probe < 0) {
        return SDR_OPENDEVICE;
    }
    close(probe);
    int code = SDR_OPENDEVICE;
    pthread_mutex_lock(&table_lock);
#ifdef XINYIN_SDF_OPEN_ONCE
    for (unsigned int slot = 0; slot < MAX_DEVICES; slot++) {
        if (devices[slot].handle != 0) {
            pthread_mutex_unlock(&table_lock);
            return SDR_OPENDEVICE;
        }
    }
#endif
    for (unsigned int slot = 0; slot < MAX_DEVICES && code != SDR_OK; slot++) {
        if (devices[slot].handle == 0) {
            devices[slot].handle = new_handle();
            devices[slot].settings = these;
            *handle = (void *)devices[slot].handle;
            code = SDR_OK;
        }
    }
    pthread_mutex_unlock(&table_lock);
    return code;
}

int SDF_CloseDevice(void *handle) {
    uintptr_t wanted = (uintptr_t)handle;
    pthread_mutex_lock(&table_lock);
    device *found = device_of(wanted);
    int code = found != NULL ? SDR_OK : no_such_handle(wanted);
    if (found != NULL) {
        found->handle = 0;
    }
    pthread_mutex_unlock(&table_lock);
    for (unsigned int slot = 0; slot < MAX_SESSIONS && code == SDR_OK; slot++) {
        connection *closed = NULL;
        pthread_mutex_lock(&table_lock);
        if (sessions[slot] != NULL && sessions[slot]->device == wanted && !sessions[slot]->closing) {
            closed = sessions[slot];
            closed->closing = 1;
        }
        pthread_mutex_unlock(&table_lock);
        if (closed != NULL) {
            finish_closing(closed);
        }
    }
    return code;
}

static int introduce(connection *made) {
    static const char name[] = "sdf";
    uint8_t request[HEADER_LENGTH + 2 + sizeof name - 1], *reply;
    size_t length;
    request[HEADER_LENGTH] = 0;
    request[HEADER_LENGTH + 1] = sizeof name - 1;
    memcpy(request + HEADER_LENGTH + 2, name, sizeof name - 1);
    int code = session_exchange(made, request, sizeof request, OPEN_SESSION, &reply, &length);
    free(reply);
    return code;
}

static void enter(connection *made, void **handle) {
    pthread_mutex_lock(&table_lock);
    for (unsigned int slot = 0; slot < MAX_SESSIONS && *handle == NULL && device_of(made->device) != NULL; slot++) {
        if (sessions[slot] == NULL) {
            made->slot = slot;
            made->users = 1;
            sessions[slot] = made;
            session_handles[slot] = new_handle();
            *handle = (void *)session_handles[slot];
        }
    }
    pthread_mutex_unlock(&table_lock);
}

int SDF_OpenSession(void *device_handle, void **handle) {
    settings these = {.milliseconds = 0};
    if (handle == NULL) {
        return SDR_OUTARGERR;
    }
    *handle = NULL;
    pthread_mutex_lock(&table_lock);
    device *found = device_of((uintptr_t)device_handle);
    int code = found != NULL ? SDR_OK : no_such_handle((uintptr_t)device_handle);
    if (found != NULL) {
        these = found->settings;
    }
    pthread_mutex_unlock(&table_lock);
    if (code != SDR_OK) {
        return code;
    }
    connection *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SDR_NOBUFFER;
    }
    made->device = (uintptr_t)device_handle;
    made->milliseconds = these.milliseconds;
    made->socket = connect_to(&these);
    code = made->socket < 0 ? SDR_COMMFAIL : introduce(made);
    if (code == SDR_OK) {
        pthread_mutex_init(&made->busy, NULL);
        enter(made, handle);
        code = *handle != NULL ? SDR_OK : SDR_OPENSESSION;
        if (code != SDR_OK) {
            pthread_mutex_destroy(&made->busy);
        }
    }
    if (code != SDR_OK) {
        if (made->socket >= 0) {
            close(made->socket);
        }
        free(made);
    }
    return code;
}

int SDF_CloseSession(void *handle) {
    connection *found;
    int code = begin_closing((uintptr_t)handle, &found);
    if (code == SDR_OK) {
        finish_closing(found);
    }
    return code;
}
