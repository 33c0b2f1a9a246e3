/* One announce against a store in SQLite: the tracker's own file, and the tracker's own statements. */

#include <stddef.h>

/* A reply that is no longer than this. */
#define ROOM 1024

/* Opens the store at a path. A process that stays suits it to many announces, as the tracker does. */
void store_open(const char *path, int stays);

void store_close(void);

/* Answers a query from an address as a CGI does, header fields first; returns the reply's length. */
size_t announce(const char *query, const char *address, char reply[ROOM]);
