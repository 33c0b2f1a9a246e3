/* What an announce costs a program that keeps peers in SQLite: a query's decoding, the statements that the
 * tracker has for an announce, and the reply. What no announce of the benchmark needs is not here:
 * nobody leaves, falls silent or completes. */

#include "announce.h"

#include <arpa/inet.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LEECHER, SEEDER = 2 };            /* The column `role`. */
enum { LEECHERS, SEEDS, HIDDEN, NONE };  /* The column `class`. */
enum { MARKS = 1, ADDRESS = 6, WANTED = 50 };

enum statement { BEGIN, FIND_SWARM, NEW_SWARM, SAVE_SWARM, FIND_PEER, NEW_PEER, SAVE_PEER, DELETE_PEER,
                 NEW_ENDPOINT, RUN, COMMIT, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [FIND_SWARM] = "SELECT id, info_hash, salt, seeders, leechers, partial_seeds, completed, expired, "
        "departed_uploaded, departed_downloaded, last_announce, "
        "(SELECT min(last_seen) FROM peer WHERE swarm = swarm.id) FROM swarm WHERE info_hash = ?1",
    [NEW_SWARM] = "INSERT INTO swarm(info_hash, salt, seeders, leechers, partial_seeds, completed, "
        "expired, departed_uploaded, departed_downloaded, last_announce) "
        "VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0)",
    [SAVE_SWARM] = "UPDATE swarm SET seeders = ?2, leechers = ?3 WHERE id = ?1",
    [FIND_PEER] = "SELECT addresses, peer_id, proof, role, left, uploaded, downloaded, first_seen, "
        "last_seen, class, tag FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3",
    [NEW_PEER] = "INSERT INTO peer(swarm, class, tag, addresses, role, left, uploaded, downloaded, "
        "last_seen, first_seen, peer_id, proof) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)",
    [SAVE_PEER] = "UPDATE peer SET addresses = ?4, role = ?5, left = ?6, uploaded = ?7, "
        "downloaded = ?8, last_seen = ?9 WHERE swarm = ?1 AND class = ?2 AND tag = ?3",
    [NEW_ENDPOINT] = "INSERT INTO endpoint(swarm, tag, place) VALUES (?1, ?2, ?3)",
    [DELETE_PEER] = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3",
    [RUN] = "SELECT addresses, tag FROM peer WHERE swarm = ?1 AND class = ?2 "
        "AND tag BETWEEN ?3 AND ?4 AND tag <> ?5 ORDER BY tag",
    [COMMIT] = "COMMIT",
};

static sqlite3 *store;
static sqlite3_stmt *prepared[STATEMENTS];
static uint64_t random_state;

struct swarm { sqlite3_int64 id, salt, seeders, leechers, completed; };

struct peer {
    /* `location` is the column `addresses`: marks, address, time. */
    unsigned char info_hash[20], peer_id[20], location[MARKS + ADDRESS + 8];
    sqlite3_int64 tag, left, uploaded, downloaded, now;
    int class, role;
};

static void must(int as_it_should) {
    if (as_it_should) return;
    fprintf(stderr, "%s\n", store ? sqlite3_errmsg(store) : "a wrong request");
    exit(1);
}

/* The tracker's naps: SQLite's own grow to a tenth of a second. */
static int nap(void *unused, int tries) {
    (void)unused;
    usleep(tries < 40 ? 50 * (tries + 1) : 2000);
    return tries < 2500;
}

void store_open(const char *path, int stays) {
    must(sqlite3_open_v2(path, &store, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK);
    sqlite3_busy_handler(store, nap, NULL);
    sqlite3_db_config(store, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    must(sqlite3_exec(store, "PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK);
    if (stays) {
        const char *const suited = "PRAGMA cache_size = -16384; PRAGMA journal_mode = WAL";
        must(sqlite3_exec(store, suited, NULL, NULL, NULL) == SQLITE_OK);
    }
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    random_state = time.tv_sec * 1000000007u + time.tv_nsec + getpid();
}

void store_close(void) {
    for (int each = 0; each < STATEMENTS; each++) sqlite3_finalize(prepared[each]);
    sqlite3_close(store);
}

static sqlite3_stmt *statement(enum statement name) {
    if (!prepared[name]) must(sqlite3_prepare_v2(store, texts[name], -1, &prepared[name], NULL) == SQLITE_OK);
    return prepared[name];
}

static void set(sqlite3_stmt *to, int count, const sqlite3_int64 *numbers) {
    for (int each = 0; each < count; each++) sqlite3_bind_int64(to, each + 1, numbers[each]);
}

/* Runs a statement that has no rows. */
static void run(enum statement name) {
    must(sqlite3_step(statement(name)) == SQLITE_DONE);
    sqlite3_reset(statement(name));
}

/* The finalizer of SplitMix64, which the tracker hashes with. */
static uint64_t scramble(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
}

static sqlite3_int64 positive(void) {
    return scramble(random_state += 0x9e3779b97f4a7c15) >> 1;
}

/* What a peer without a key is known by: a digest of where it comes from. */
static uint64_t proof_of(const struct peer *peer, sqlite3_int64 salt) {
    uint32_t address;
    memcpy(&address, peer->location + MARKS, 4);
    return scramble(scramble(salt) ^ ntohl(address)) >> 33;
}

static sqlite3_int64 tag_of(const struct peer *peer, sqlite3_int64 salt) {
    uint64_t words[3] = {0}, hash = salt;
    memcpy(words, peer->peer_id, 20);
    words[2] |= proof_of(peer, salt) << 32;
    for (int each = 0; each < 3; each++) hash = scramble(hash ^ words[each]);
    return hash >> 1;
}

static struct swarm find_swarm(const struct peer *peer) {
    struct swarm swarm = {0};
    sqlite3_stmt *find = statement(FIND_SWARM);
    sqlite3_bind_blob(find, 1, peer->info_hash, 20, SQLITE_STATIC);
    if (sqlite3_step(find) == SQLITE_ROW) {
        swarm.id = sqlite3_column_int64(find, 0);
        swarm.salt = sqlite3_column_int64(find, 2);
        swarm.seeders = sqlite3_column_int64(find, 3);
        swarm.leechers = sqlite3_column_int64(find, 4);
        swarm.completed = sqlite3_column_int64(find, 6);
    }
    sqlite3_reset(find);
    if (!swarm.id) {
        swarm.salt = positive();
        sqlite3_bind_blob(statement(NEW_SWARM), 1, peer->info_hash, 20, SQLITE_STATIC);
        sqlite3_bind_int64(statement(NEW_SWARM), 2, swarm.salt);
        run(NEW_SWARM);
        swarm.id = sqlite3_last_insert_rowid(store);
    }
    return swarm;
}

/* The class that a peer stands in, looked for first where it is most likely. */
static int known_class(sqlite3_int64 swarm, const struct peer *peer) {
    sqlite3_stmt *find = statement(FIND_PEER);
    for (int each = 0; each < NONE; each++) {
        int class = each == 0 ? peer->class : each - (each <= peer->class);
        set(find, 3, (sqlite3_int64[]){swarm, class, peer->tag});
        int found = sqlite3_step(find) == SQLITE_ROW;
        if (found) must(memcmp(sqlite3_column_blob(find, 1), peer->peer_id, 20) == 0);
        sqlite3_reset(find);
        if (found) return class;
    }
    return NONE;
}

static void put(struct swarm *swarm, const struct peer *peer) {
    int known = known_class(swarm->id, peer);
    int is_new = known != peer->class;
    if (is_new && known != NONE) {
        set(statement(DELETE_PEER), 3, (sqlite3_int64[]){swarm->id, known, peer->tag});
        run(DELETE_PEER);
        --*(known == SEEDS ? &swarm->seeders : &swarm->leechers);
    }
    enum statement name = is_new ? NEW_PEER : SAVE_PEER;
    sqlite3_stmt *save = statement(name);
    set(save, 9, (sqlite3_int64[]){swarm->id, peer->class, peer->tag, 0, peer->role, peer->left,
                                    peer->uploaded, peer->downloaded, peer->now});
    sqlite3_bind_blob(save, 4, peer->location, sizeof peer->location, SQLITE_STATIC);
    if (is_new) {
        sqlite3_bind_blob(save, 10, peer->peer_id, 20, SQLITE_STATIC);
        sqlite3_bind_int64(save, 11, proof_of(peer, swarm->salt));
    }
    run(name);
    if (known == NONE) {
        unsigned char place[1 + ADDRESS] = {4};
        memcpy(place + 1, peer->location + MARKS, ADDRESS);
        set(statement(NEW_ENDPOINT), 2, (sqlite3_int64[]){swarm->id, peer->tag});
        sqlite3_bind_blob(statement(NEW_ENDPOINT), 3, place, sizeof place, SQLITE_STATIC);
        run(NEW_ENDPOINT);
    }
    if (is_new) {
        ++*(peer->class == SEEDS ? &swarm->seeders : &swarm->leechers);
        set(statement(SAVE_SWARM), 3, (sqlite3_int64[]){swarm->id, swarm->seeders, swarm->leechers});
        run(SAVE_SWARM);
    }
}

/* Takes neighbours on the ring of a class's tags; returns how many. */
static int read_run(const sqlite3_int64 range[5], int most, char *to) {
    sqlite3_stmt *neighbours = statement(RUN);
    int taken = 0;
    set(neighbours, 5, range);
    while (taken < most && sqlite3_step(neighbours) == SQLITE_ROW)
        memcpy(to + ADDRESS * taken++, (const char *)sqlite3_column_blob(neighbours, 0) + MARKS, ADDRESS);
    sqlite3_reset(neighbours);
    return taken;
}

static int take(sqlite3_int64 swarm, int class, sqlite3_int64 asker, int most, char *to) {
    sqlite3_int64 start = positive();
    int taken = read_run((sqlite3_int64[]){swarm, class, start, INT64_MAX, asker}, most, to);
    if (taken < most)
        taken += read_run((sqlite3_int64[]){swarm, class, 0, start - 1, asker}, most - taken,
                          to + ADDRESS * taken);
    return taken;
}

/* Leechers for all, seeders for those who lack something; at least a quarter of each. */
static int sample(const struct swarm *swarm, const struct peer *peer, char *to) {
    int seeds = 0, taken = 0;
    if (peer->role == LEECHER && swarm->seeders + swarm->leechers > 0) {
        seeds = WANTED * swarm->seeders / (swarm->seeders + swarm->leechers);
        if (seeds < WANTED / 4) seeds = WANTED / 4;
        if (seeds > WANTED * 3 / 4) seeds = WANTED * 3 / 4;
        taken = take(swarm->id, SEEDS, peer->tag, seeds, to);
    }
    return taken + take(swarm->id, LEECHERS, peer->tag, WANTED - taken, to + ADDRESS * taken);
}

/* The value of a parameter; the text ends with it. */
static const char *value_of(const char *query, const char *name) {
    size_t length = strlen(name);
    for (const char *at = query; at; at = strchr(at, '&'), at += at != NULL)
        if (!strncmp(at, name, length) && at[length] == '=') return at + length + 1;
    return "";
}

static int digit(char letter) {
    return letter <= '9' ? letter - '0' : (letter | 32) - 'a' + 10;
}

static void decode(const char *from, unsigned char to[20]) {
    for (int each = 0; each < 20; each++) {
        must(*from != '\0' && *from != '&');
        if (*from == '%' && from[1] && from[2]) {
            to[each] = digit(from[1]) << 4 | digit(from[2]);
            from += 3;
        } else {
            to[each] = *from++;
        }
    }
}

static struct peer read_peer(const char *query, const char *address) {
    struct peer peer = {.now = time(NULL)};
    decode(value_of(query, "info_hash"), peer.info_hash);
    decode(value_of(query, "peer_id"), peer.peer_id);
    uint16_t port = htons(atoi(value_of(query, "port")));
    unsigned char *where = peer.location + MARKS;
    peer.location[0] = 1;
    must(inet_pton(AF_INET, address, where) == 1);
    memcpy(where + 4, &port, 2);
    for (int each = 0; each < 8; each++) where[ADDRESS + each] = peer.now >> (56 - 8 * each);
    peer.left = atoll(value_of(query, "left"));
    peer.uploaded = atoll(value_of(query, "uploaded"));
    peer.downloaded = atoll(value_of(query, "downloaded"));
    peer.role = peer.left == 0 ? SEEDER : LEECHER;
    peer.class = peer.left == 0 ? SEEDS : LEECHERS;
    return peer;
}

size_t announce(const char *query, const char *address, char reply[ROOM]) {
    char body[ROOM], addresses[WANTED * ADDRESS];
    struct peer peer = read_peer(query, address);
    run(BEGIN);
    struct swarm swarm = find_swarm(&peer);
    peer.tag = tag_of(&peer, swarm.salt);
    put(&swarm, &peer);
    int count = sample(&swarm, &peer, addresses);
    run(COMMIT);
    size_t length = sprintf(body, "d8:completei%llde10:downloadedi%llde11:external ip4:", swarm.seeders,
                            swarm.completed);
    memcpy(body + length, peer.location + MARKS, 4);
    length += 4;
    length += sprintf(body + length, "10:incompletei%llde8:intervali1800e12:min intervali300e5:peers%d:",
                      swarm.leechers, count * ADDRESS);
    memcpy(body + length, addresses, count * ADDRESS);
    length += count * ADDRESS;
    body[length++] = 'e';
    size_t head = sprintf(reply, "Status: 200 OK\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n"
                          "Content-Length: %zu\r\nCache-Control: no-store\r\n\r\n", length);
    memcpy(reply + head, body, length);
    return head + length;
}
