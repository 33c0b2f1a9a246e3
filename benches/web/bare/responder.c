/* A FastCGI responder of one thread that answers announces and nothing else:
 *     responder SOCKET STORE */

#include "announce.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Record types of FastCGI 1.0, section 8. */
enum { BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, HEADER = 8 };

/* A web server that sends more at once, or more parameters, is not one that is measured. */
enum { MOST = 1 << 14, EVENTS = 64 };

struct connection {
    int socket, keeps;
    size_t received, params_length;
    unsigned char bytes[MOST], params[MOST];
};

static void must(int as_it_should, const char *what) {
    if (as_it_should) return;
    perror(what);
    exit(1);
}

static size_t read_length(const unsigned char **at) {
    if (**at < 128) return *(*at)++;
    size_t length = (size_t)((*at)[0] & 127) << 24 | (*at)[1] << 16 | (*at)[2] << 8 | (*at)[3];
    *at += 4;
    return length;
}

/* Copies the value of a parameter; an empty one when there is none. */
static void param(const struct connection *from, const char *wanted, char *to, size_t room) {
    const unsigned char *at = from->params, *end = at + from->params_length;
    *to = '\0';
    while (at < end) {
        size_t name = read_length(&at), value = read_length(&at);
        must(name + value <= (size_t)(end - at), "parameters");
        if (name == strlen(wanted) && !memcmp(at, wanted, name) && value < room) {
            memcpy(to, at + name, value);
            to[value] = '\0';
        }
        at += name + value;
    }
}

static void set_header(unsigned char *to, int type, size_t length) {
    memcpy(to, (unsigned char[HEADER]){1, type, 0, 1, length >> 8, length}, HEADER);
}

static int answer(const struct connection *to) {
    unsigned char record[HEADER + ROOM + 2 * HEADER] = {0};
    char query[4096], address[64];
    param(to, "QUERY_STRING", query, sizeof query);
    param(to, "REMOTE_ADDR", address, sizeof address);
    size_t length = announce(query, address, (char *)record + HEADER);
    set_header(record, STDOUT, length);
    set_header(record + HEADER + length, END_REQUEST, 8);
    memset(record + HEADER + length + HEADER, 0, 8);
    length += 3 * HEADER;
    return write(to->socket, record, length) == (ssize_t)length;
}

/* Takes one whole record off; says whether the connection goes on. */
static int take(struct connection *from, const unsigned char *record, size_t length) {
    switch (record[1]) {
    case BEGIN_REQUEST:
        from->keeps = record[HEADER + 2] & 1;
        from->params_length = 0;
        return 1;
    case PARAMS:
        must(from->params_length + length <= MOST, "parameters");
        memcpy(from->params + from->params_length, record + HEADER, length);
        from->params_length += length;
        return 1;
    case STDIN:
        return length > 0 || (answer(from) && from->keeps);
    default:
        return 1;
    }
}

static int serve(struct connection *from) {
    ssize_t count = read(from->socket, from->bytes + from->received, MOST - from->received);
    if (count <= 0) return 0;
    from->received += count;
    size_t at = 0;
    int goes_on = 1;
    while (goes_on && from->received - at >= HEADER) {
        const unsigned char *record = from->bytes + at;
        size_t length = record[4] << 8 | record[5], whole = HEADER + length + record[6];
        if (from->received - at < whole) break;
        goes_on = take(from, record, length);
        at += whole;
    }
    from->received -= at;
    memmove(from->bytes, from->bytes + at, from->received);
    return goes_on;
}

static void add(int poll, int socket) {
    struct connection *added = malloc(sizeof *added);
    must(added != NULL, "a connection");
    added->socket = socket;
    added->received = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = added};
    must(epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) == 0, "epoll_ctl");
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    unlink(path);
    must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, path);
    must(listen(listener, 511) == 0, path);
    return listener;
}

int main(int count, char **words) {
    must(count == 3, "responder SOCKET STORE");
    store_open(words[2], 1);
    int listener = listen_at(words[1]), poll = epoll_create1(0);
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN}};
    must(epoll_ctl(poll, EPOLL_CTL_ADD, listener, events) == 0, "epoll_ctl");
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int each = 0; each < ready; each++) {
            struct connection *from = events[each].data.ptr;
            if (!from) {
                for (int socket; (socket = accept(listener, NULL, NULL)) >= 0;) add(poll, socket);
            } else if (!serve(from)) {
                close(from->socket);
                free(from);
            }
        }
    }
}
