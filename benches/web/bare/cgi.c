/* A CGI that answers one announce out of the store beside its folder, where the tracker's is too. */

#include "announce.h"

#include <stdlib.h>
#include <unistd.h>

int main(void) {
    const char *query = getenv("QUERY_STRING"), *address = getenv("REMOTE_ADDR");
    char reply[ROOM];
    if (!query || !address) return 1;
    store_open("../data/peers.db", 0);
    size_t length = announce(query, address, reply);
    ssize_t written = write(1, reply, length);
    store_close();
    return written != (ssize_t)length;
}
