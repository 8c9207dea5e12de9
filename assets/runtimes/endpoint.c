/*
 * The C endpoint: the calls that every textbook has, one for one, driven line by line as docs/endpoint-protocol.md says.
 *
 *     cc -O1 -pthread -o endpoint endpoint.c && ./endpoint        (Linux and glibc; then paste a line, such as)
 *     {"id":1,"socket":"client","call":"socket","family":"inet"}
 *
 * What C does differently:
 *
 * - Nothing: it adds nothing to the kernel's answers, and hides none of them. A closed descriptor's number can still be
 *   used (EBADF), and a signal ends a blocked call (EINTR).
 * - What a programmer sees of an error is what perror prints.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define VERSION 2                            /* of the protocol */
#define MOST (64 << 20)                      /* bytes in one read or write */
#define LONGEST_LINE (2 * MOST + (64 << 10)) /* the longest write in hexadecimal, and what is around it */
#define KEPT 1024                            /* of the bytes that were read, so many are told */
#define SHOWN 32                             /* of the bytes to write, so many are shown */
#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* The fields that a request can have. */
enum key {
    ID, CALL, SOCKET, AS, FAMILY, ADDRESS, BACKLOG, N, DATA, REPEAT, FLAGS, DEADLINE, HOW, SECONDS, EVENTS, TIMEOUT,
    OPTION, VALUE, TARGET, DISPOSITION, KEYS
};
static const char *const keys[KEYS] = {
    "id", "call", "socket", "as", "family", "address", "backlog", "n", "data", "repeat", "flags", "deadline", "how",
    "seconds", "events", "timeout", "option", "value", "target", "disposition"};

/* A request and what becomes of it. */
struct call {
    long long id;
    char *line;              /* the request */
    const char *field[KEYS]; /* each field's value in the line, or NULL */
    struct call *next;       /* in the list of those in flight */
    pthread_t thread;        /* makes the call, once it is ... */
    bool running;
    int64_t began;
    char outcome[4096];
    char said[160]; /* what perror prints, if anything */
    char why[160];  /* the reason of a refusal, if it is one */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over the names and the calls in flight */
static struct call *in_flight;

/* --- JSON: no more than it takes to read one flat request, but whole lines are checked --- */

static const char *skip_space(const char *p) {
    return p + strspn(p, " \t\r\n");
}

/* Past the character that begins here, or NULL when it may not stand in a string: no UTF-8, or the line's end. */
static const char *skip_character(const char *p) {
    static const struct {
        unsigned char first, last; /* byte, of a character ... */
        unsigned char low, high;   /* ... with a second one between these ... */
        int length;                /* ... and as many in all */
    } forms[] = {{0x20, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    const unsigned char *byte = (const unsigned char *)p;
    for (size_t i = 0; i < LENGTH(forms); i++)
        if (*byte >= forms[i].first && *byte <= forms[i].last && byte[1] >= forms[i].low && byte[1] <= forms[i].high) {
            for (int more = 2; more < forms[i].length; more++)
                if ((byte[more] & 0xc0) != 0x80)
                    return NULL;
            return p + forms[i].length;
        }
    return NULL;
}

/* Past the string that begins here, or NULL. */
static const char *skip_string(const char *p) {
    if (*p++ != '"')
        return NULL;
    for (const char *next; *p != '"'; p = next) {
        if (!(next = skip_character(p)))
            return NULL;
        if (*p != '\\')
            continue;
        if (*++p == '\0' || !strchr("\"\\/bfnrtu", *p))
            return NULL;
        if (*p == 'u') {
            if (strspn(p + 1, "0123456789abcdefABCDEF") < 4)
                return NULL;
            p += 4;
        }
        next = p + 1;
    }
    return p + 1;
}

static const char *skip_digits(const char *p) {
    size_t n = p ? strspn(p, "0123456789") : 0;
    return n ? p + n : NULL;
}

static const char *skip_number(const char *p) {
    p += *p == '-';
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (p && *p == '.')
        p = skip_digits(p + 1);
    if (p && (*p == 'e' || *p == 'E'))
        p = skip_digits(p + 1 + (p[1] == '+' || p[1] == '-'));
    return p;
}

static unsigned hex_digit(char digit) {
    return ((unsigned)digit & 15) + (digit > '9' ? 9 : 0);
}

static bool take_string(const char *value, char *into, size_t size);

/* Past the value that begins here, or NULL. If it is an object, its fields go to `field`, unless that is NULL. */
static const char *skip_value(const char *p, const char **field, int depth) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < LENGTH(words); i++)
        if (!strncmp(p, words[i], strlen(words[i])))
            return p + strlen(words[i]);
    if (*p == '"')
        return skip_string(p);
    if (*p != '{' && *p != '[')
        return skip_number(p);
    const char close = *p == '{' ? '}' : ']';
    if (depth == 0)
        return NULL;
    p = skip_space(p + 1);
    if (*p == close)
        return p + 1;
    for (;;) {
        char key[16] = "";
        if (close == '}') {
            if (!take_string(p, key, sizeof key)) /* longer than any that we know */
                key[0] = '\0';
            p = skip_string(p);
            if (!p || *(p = skip_space(p)) != ':')
                return NULL;
            p = skip_space(p + 1);
        }
        for (int i = 0; field && i < KEYS; i++)
            if (!strcmp(key, keys[i]))
                field[i] = p;
        p = skip_value(p, NULL, depth - 1);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p == close)
            return p + 1;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1);
    }
}

/* Decodes a string; false when there is none or it does not fit. What is no ASCII only has to stay so, or be '?'. */
static bool take_string(const char *value, char *into, size_t size) {
    if (!value || !skip_string(value))
        return false;
    for (value++; *value != '"'; value++) {
        unsigned code = (unsigned char)*value;
        if (code == '\\') {
            static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
            const char *letter = strchr(from, *++value);
            code = (unsigned char)(letter ? to[letter - from] : *value);
            if (code == 'u') {
                code = 0;
                for (int i = 0; i < 4; i++)
                    code = code << 4 | hex_digit(*++value);
                code = code < 0x80 ? code : '?';
            }
        }
        if (size < 2 || code == 0)
            return false;
        *into++ = (char)code;
        size--;
    }
    *into = '\0';
    return true;
}

/* Text as it stands between quotes, and in C too: cut when the room ends. */
static void escape(char *into, size_t size, const char *text) {
    for (; *text && size > 2; text++) {
        if (*text == '"' || *text == '\\')
            *into++ = '\\', size--;
        *into++ = *text, size--;
    }
    *into = '\0';
}

/* --- Replies --- */

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Writes one line, whole. Nobody left to read it ends the process. */
__attribute__((format(printf, 1, 2))) static void reply(const char *format, ...) {
    static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
    char *line;
    va_list arguments;
    va_start(arguments, format);
    int rest = vasprintf(&line, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&output);
    for (char *p = line; rest > 0;) {
        ssize_t n = write(STDOUT_FILENO, p, (size_t)rest);
        if (n < 0 && errno != EINTR)
            _exit(0);
        p += n > 0 ? n : 0;
        rest -= n > 0 ? (int)n : 0;
    }
    pthread_mutex_unlock(&output);
    free(line);
}

/* The call is about to be made. */
__attribute__((format(printf, 2, 3))) static void began(struct call *c, const char *format, ...) {
    char text[512], escaped[2 * sizeof text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    escape(escaped, sizeof escaped, text);
    reply("{\"began\":{\"id\":%lld,\"at\":%lld,\"text\":\"%s\"}}\n", c->id, (long long)now(), escaped);
    c->began = now();
}

/* It succeeded, with this value. */
#define OK(c, format, ...) snprintf((c)->outcome, sizeof (c)->outcome, "{\"ok\":" format "}", __VA_ARGS__)

/* It failed: errno says why, and perror(what) would print it. */
static void failed(struct call *c, const char *what) {
    snprintf(c->outcome, sizeof c->outcome, "{\"err\":%d}", errno);
    snprintf(c->said, sizeof c->said, "%s: %s", what, strerror(errno));
}

/* For a call that returns -1 or nothing of interest. */
static void done(struct call *c, int result, const char *what) {
    if (result < 0)
        failed(c, what);
    else
        OK(c, "\"%s\"", "done");
}

static void deadline_passed(struct call *c, size_t written) {
    snprintf(c->outcome, sizeof c->outcome, "{\"deadline-exceeded\":{\"written\":%zu}}", written);
}

/* It cannot be carried out; to be called before began. Always false. */
__attribute__((format(printf, 2, 3))) static bool refuse(struct call *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->why, sizeof c->why, format, arguments);
    va_end(arguments);
    return false;
}

/* --- What a request says; each of these is false when it refused --- */

struct word {
    const char *word, *name;
    int value;
};
static const struct word families[] = {{"inet", "AF_INET", AF_INET}, {"inet6", "AF_INET6", AF_INET6}, {0}};
static const struct word hows[] = {
    {"read", "SHUT_RD", SHUT_RD}, {"write", "SHUT_WR", SHUT_WR}, {"both", "SHUT_RDWR", SHUT_RDWR}, {0}};
static const struct word read_flags[] = {{"peek", "MSG_PEEK", MSG_PEEK}, {"waitall", "MSG_WAITALL", MSG_WAITALL},
    {"dontwait", "MSG_DONTWAIT", MSG_DONTWAIT}, {"oob", "MSG_OOB", MSG_OOB}, {0}};
static const struct word write_flags[] = {{"nosignal", "MSG_NOSIGNAL", MSG_NOSIGNAL}, {"oob", "MSG_OOB", MSG_OOB},
    {"dontwait", "MSG_DONTWAIT", MSG_DONTWAIT}, {0}};
static const struct word events[] = {{"in", "POLLIN", POLLIN}, {"pri", "POLLPRI", POLLPRI}, {"out", "POLLOUT", POLLOUT},
    {"rdhup", "POLLRDHUP", POLLRDHUP}, {"err", "POLLERR", POLLERR}, {"hup", "POLLHUP", POLLHUP},
    {"nval", "POLLNVAL", POLLNVAL}, {0}};
static const struct word dispositions[] = {{"default", "SIG_DFL", 0}, {"ignore", "SIG_IGN", 1}, {0}};

static bool integer(struct call *c, enum key key, long long least, long long most, long long *into) {
    const char *value = c->field[key];
    *into = 0;
    if (value && (*value == '-' || isdigit((unsigned char)*value))) {
        char *end;
        errno = 0;
        *into = strtoll(value, &end, 10);
        if (errno == 0 && !strchr(".eE", *end ? *end : ' ') && *into >= least && *into <= most)
            return true;
    }
    return refuse(c, "the field %s must be a whole number from %lld to %lld", keys[key], least, most);
}

static const struct word *word_in(const char *value, const struct word *words) {
    char text[16];
    if (take_string(value, text, sizeof text))
        for (; words->word; words++)
            if (!strcmp(text, words->word))
                return words;
    return NULL;
}

static bool refuse_words(struct call *c, enum key key, const char *how, const struct word *words) {
    char list[96] = "";
    for (; words->word; words++)
        sprintf(list + strlen(list), "%s%s", *list ? ", " : "", words->word);
    return refuse(c, "the field %s must be %s of %s", keys[key], how, list);
}

static bool word(struct call *c, enum key key, const struct word *words, const struct word **into) {
    *into = word_in(c->field[key], words);
    return *into || refuse_words(c, key, "one", words);
}

/* A list of words as bits, and as C writes them; an absent list is an empty one. */
static bool bits(struct call *c, enum key key, const struct word *words, int *into, char name[128]) {
    const char *p = c->field[key];
    *into = 0;
    strcpy(name, "0");
    if (p && *p != '[')
        return refuse_words(c, key, "a list", words);
    for (p = p ? skip_space(p + 1) : "]"; *p != ']';) {
        const struct word *found = word_in(p, words);
        if (!found)
            return refuse_words(c, key, "a list", words);
        *into |= found->value;
        p = skip_space(skip_string(p));
        p = *p == ',' ? skip_space(p + 1) : p;
    }
    for (bool first = true; words->word; words++)
        if (*into & words->value) {
            strcpy(first ? name : stpcpy(name + strlen(name), " | "), words->name);
            first = false;
        }
    return true;
}

static bool socket_name(struct call *c, enum key key, char name[25]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (take_string(c->field[key], name, 25) && name[strspn(name, letters)] == '\0' && isalpha((unsigned char)name[0]))
        return true;
    return refuse(c, "a socket's name is a letter, then letters, digits, - and _, at most 24 in all");
}

struct address {
    char text[80];
    struct sockaddr_storage socket;
    socklen_t length;
};

static bool address(struct call *c, struct address *a) {
    static const char *const forms[] = {"%63[0-9.]:%5[0-9]%n", "[%63[^]]]:%5[0-9]%n"}; /* of IPv4, and of IPv6 */
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    struct in_addr four;
    char host[64], port[6];
    bool right = false;
    for (int six = 0; six < 2 && !right && take_string(c->field[ADDRESS], a->text, sizeof a->text); six++) {
        int end = 0;
        if (sscanf(a->text, forms[six], host, port, &end) != 2 || a->text[end] || atol(port) > UINT16_MAX)
            continue;
        /* getaddrinfo would take 127.1, too */
        if ((!six && inet_pton(AF_INET, host, &four) != 1) || getaddrinfo(host, port, &hints, &found))
            continue;
        memcpy(&a->socket, found->ai_addr, found->ai_addrlen);
        a->length = found->ai_addrlen;
        right = six == (found->ai_family == AF_INET6);
        freeaddrinfo(found);
    }
    return right || refuse(c, "an address is like 10.0.0.2:8080 or [fd00::2]:8080");
}

/* The milliseconds after which the call is given up, or -1. */
static bool deadline(struct call *c, long long *ms) {
    *ms = -1;
    return !c->field[DEADLINE] || integer(c, DEADLINE, 0, UINT32_MAX, ms);
}

/* --- Descriptors by name, no number used twice --- */

struct name {
    char name[25];
    int fd;
    struct name *next;
};
static struct name *known;
static int highest = -1;

static struct name *find_name(const char *name) {
    struct name *found = known;
    while (found && strcmp(found->name, name) != 0)
        found = found->next;
    return found;
}

/* The last descriptor of that name, closed or not; the kernel answers EBADF to -1. */
static int descriptor(const char *name) {
    pthread_mutex_lock(&lock);
    struct name *found = find_name(name);
    int fd = found ? found->fd : -1;
    pthread_mutex_unlock(&lock);
    return fd;
}

/*
 * Gives the name a new descriptor. The kernel hands out the lowest free number, so that of a closed socket would soon
 * be somebody else's: a number that may have been used is moved above all of them.
 */
static int adopt(const char *name, int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd <= highest) {
        int moved = fcntl(fd, F_DUPFD_CLOEXEC, highest + 1), error = errno;
        close(fd);
        errno = error;
        fd = moved;
    }
    if (fd >= 0) {
        struct name *found = find_name(name);
        if (!found && (found = calloc(1, sizeof *found))) {
            strcpy(found->name, name);
            found->next = known;
            known = found;
        }
        if (found)
            found->fd = fd;
        highest = fd;
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

/* For a call that made a descriptor, or failed; of an accepted one the peer's address is known. */
static void adopted(struct call *c, const char *name, int fd, const char *what, const char *peer) {
    fd = adopt(name, fd);
    if (fd < 0)
        failed(c, what);
    else if (peer)
        OK(c, "{\"descriptor\":{\"fd\":%d,\"peer\":\"%s\"}}", fd, peer);
    else
        OK(c, "{\"descriptor\":{\"fd\":%d}}", fd);
}

/* --- The calls --- */

static void do_socket(struct call *c, int fd) {
    const struct word *family;
    char name[25];
    (void)fd;
    if (!socket_name(c, SOCKET, name) || !word(c, FAMILY, families, &family))
        return;
    began(c, "socket(%s, SOCK_STREAM | SOCK_CLOEXEC, 0)", family->name);
    adopted(c, name, socket(family->value, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket", NULL);
}

static void do_bind(struct call *c, int fd) {
    struct address a;
    if (!address(c, &a))
        return;
    began(c, "bind(%d, &address, sizeof address) /* %s */", fd, a.text);
    done(c, bind(fd, (struct sockaddr *)&a.socket, a.length), "bind");
}

static void do_listen(struct call *c, int fd) {
    long long backlog;
    if (!integer(c, BACKLOG, INT32_MIN, INT32_MAX, &backlog))
        return;
    began(c, "listen(%d, %lld)", fd, backlog);
    done(c, listen(fd, (int)backlog), "listen");
}

static void do_accept(struct call *c, int fd) {
    char name[25], host[64], port[8], text[80];
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (!socket_name(c, AS, name))
        return;
    began(c, "accept4(%d, &peer, &length, SOCK_CLOEXEC)", fd);
    fd = accept4(fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    const int numeric = NI_NUMERICHOST | NI_NUMERICSERV, error = errno;
    if (fd >= 0 && !getnameinfo((struct sockaddr *)&peer, length, host, sizeof host, port, sizeof port, numeric)) {
        snprintf(text, sizeof text, peer.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
        adopted(c, name, fd, "accept4", text);
    } else {
        errno = error;
        adopted(c, name, fd, "accept4", NULL);
    }
}

static int64_t after(const struct call *c, long long ms) {
    return c->began + ms * 1000000;
}

/* Waits for an event until the time comes: 1, 0 when the time is up, -1 for an error. */
static int wait_for(int fd, int event, int64_t end) {
    struct pollfd polled = {.fd = fd, .events = (short)event};
    int64_t ms = (end - now() + 999999) / 1000000; /* rounded up, or poll might return too early */
    return ms <= 0 ? 0 : poll(&polled, 1, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

/* Like connect, until the time comes: 0, 1 when the time is up, -1 for an error. */
static int connect_until(int fd, const struct address *a, int64_t end) {
    int flags = fcntl(fd, F_GETFL), error;
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -1;
    int result = connect(fd, (const struct sockaddr *)&a->socket, a->length);
    if (result < 0 && errno == EINPROGRESS) {
        int ready = wait_for(fd, POLLOUT, end);
        result = ready < 0 ? -1 : !ready;
        if (ready > 0) {
            /* It is over; how, is in SO_ERROR. */
            socklen_t length = sizeof error;
            result = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
            if (result == 0 && error != 0) {
                errno = error;
                result = -1;
            }
        }
    }
    error = errno;
    fcntl(fd, F_SETFL, flags);
    errno = error;
    return result;
}

static void do_connect(struct call *c, int fd) {
    struct address a;
    long long ms;
    if (!address(c, &a) || !deadline(c, &ms))
        return;
    began(c, "connect(%d, &address, sizeof address) /* %s%s */", fd, a.text, ms < 0 ? "" : ", O_NONBLOCK, then poll");
    int result = ms < 0 ? connect(fd, (struct sockaddr *)&a.socket, a.length) : connect_until(fd, &a, after(c, ms));
    if (result > 0)
        deadline_passed(c, 0);
    else
        done(c, result, "connect");
}

static void do_read(struct call *c, int fd) {
    long long n, ms;
    int flags, ready = 1;
    char names[128];
    ssize_t got;
    if (!integer(c, N, 0, MOST, &n) || !bits(c, FLAGS, read_flags, &flags, names) || !deadline(c, &ms))
        return;
    char *buffer = malloc((size_t)n + 1);
    if (!buffer) {
        refuse(c, "there is no memory for a read of %lld bytes", n);
        return;
    }
    const char *what = flags || ms >= 0 ? "recv" : "read";
    if (ms >= 0) {
        began(c, "recv(%d, buffer, %lld, %s) /* MSG_DONTWAIT, then poll */", fd, n, names);
        const int event = flags & MSG_OOB ? POLLPRI : POLLIN;
        const int64_t end = after(c, ms);
        do
            got = recv(fd, buffer, (size_t)n, flags | MSG_DONTWAIT);
        while (got < 0 && errno == EAGAIN && (ready = wait_for(fd, event, end)) > 0);
    } else if (flags) {
        began(c, "recv(%d, buffer, %lld, %s)", fd, n, names);
        got = recv(fd, buffer, (size_t)n, flags);
    } else {
        began(c, "read(%d, buffer, %lld)", fd, n);
        got = read(fd, buffer, (size_t)n);
    }
    if (ready == 0) {
        deadline_passed(c, 0);
    } else if (got < 0) {
        failed(c, ready < 0 ? "poll" : what);
    } else {
        char data[2 * KEPT + 1] = "";
        for (ssize_t i = 0; i < got && i < KEPT; i++)
            sprintf(data + 2 * i, "%02x", (unsigned char)buffer[i]);
        OK(c, "{\"read\":{\"n\":%zd,\"data\":\"%s\"}}", got, data);
        if (got == 0)
            strcpy(c->said, "0");
    }
    free(buffer);
}

/* The data, `repeat` times; NULL when it refused. */
static char *bytes(struct call *c, size_t *total) {
    long long repeat = 1;
    const char *value = c->field[DATA], *end = value ? skip_string(value) : NULL;
    if (c->field[REPEAT] && !integer(c, REPEAT, 0, MOST, &repeat))
        return NULL;
    size_t room = end ? (size_t)(end - value) : 0, n = 0;
    char *hex = malloc(room + 1), *data = NULL;
    if (!hex || !take_string(value, hex, room) || strlen(hex) % 2 || hex[strspn(hex, "0123456789abcdefABCDEF")]) {
        refuse(c, "the field data must be an even number of hexadecimal digits");
    } else if ((n = strlen(hex) / 2) > MOST || n * (size_t)repeat > MOST) {
        refuse(c, "a write of %zu bytes %lld times is too large, %d is the most", n, repeat, MOST);
    } else if (!(data = malloc(n * (size_t)repeat + 1))) {
        refuse(c, "there is no memory for a write of %zu bytes %lld times", n, repeat);
    } else {
        *total = n * (size_t)repeat;
        for (size_t i = 0; i < n && i < *total; i++)
            data[i] = (char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
        for (size_t i = n; n && i < *total; i += n)
            memcpy(data + i, data, n);
    }
    free(hex);
    return data;
}

/* Bytes as C writes them in a string. */
static void quote(char into[4 * SHOWN + 8], const char *data, size_t n) {
    *into++ = '"';
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        static const char from[] = "\n\r\t\"\\", to[] = "nrt\"\\";
        const char *named = data[i] ? strchr(from, data[i]) : NULL;
        into += named ? sprintf(into, "\\%c", to[named - from])
                      : sprintf(into, data[i] < ' ' || data[i] > '~' ? "\\%03o" : "%c", (unsigned char)data[i]);
    }
    strcpy(into, n > SHOWN ? "\"..." : "\"");
}

static void do_write(struct call *c, int fd) {
    int flags, ready = 1;
    long long ms;
    char names[128], quoted[4 * SHOWN + 8], *data;
    size_t total, written = 0;
    ssize_t n;
    if (!bits(c, FLAGS, write_flags, &flags, names) || !deadline(c, &ms) || !(data = bytes(c, &total)))
        return;
    quote(quoted, data, total);
    const char *what = flags || ms >= 0 ? "send" : "write";
    if (ms >= 0) {
        began(c, "send(%d, %s, %zu, %s) /* MSG_DONTWAIT, then poll, until all is sent */", fd, quoted, total, names);
        const int64_t end = after(c, ms);
        do {
            n = send(fd, data + written, total - written, flags | MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                ready = wait_for(fd, POLLOUT, end);
            else
                written += n < 0 ? 0 : (size_t)n;
        } while (n < 0 ? errno == EAGAIN && ready > 0 : written < total);
    } else if (flags) {
        began(c, "send(%d, %s, %zu, %s)", fd, quoted, total, names);
        n = send(fd, data, total, flags);
        written = (size_t)n;
    } else {
        began(c, "write(%d, %s, %zu)", fd, quoted, total);
        n = write(fd, data, total);
        written = (size_t)n;
    }
    if (ready == 0)
        deadline_passed(c, written);
    else if (n < 0)
        failed(c, ready < 0 ? "poll" : what);
    else
        OK(c, "{\"written\":{\"n\":%zu}}", written);
    free(data);
}

static void do_shutdown(struct call *c, int fd) {
    const struct word *how;
    if (!word(c, HOW, hows, &how))
        return;
    began(c, "shutdown(%d, %s)", fd, how->name);
    done(c, shutdown(fd, how->value), "shutdown");
}

static void do_close(struct call *c, int fd) {
    began(c, "close(%d)", fd);
    done(c, close(fd), "close");
}

static void close_lingering(struct call *c, int fd, int seconds) {
    const struct linger linger = {.l_onoff = 1, .l_linger = seconds};
    began(c, "setsockopt(%d, SOL_SOCKET, SO_LINGER, &(struct linger){1, %d}, sizeof(struct linger)), close(%d)", fd,
        seconds, fd);
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
        failed(c, "setsockopt");
    else
        done(c, close(fd), "close");
}

static void do_rst_close(struct call *c, int fd) {
    close_lingering(c, fd, 0);
}

static void do_linger_close(struct call *c, int fd) {
    long long seconds;
    if (integer(c, SECONDS, 0, UINT16_MAX, &seconds))
        close_lingering(c, fd, (int)seconds);
}

static void do_disconnect(struct call *c, int fd) {
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    began(c, "connect(%d, &(struct sockaddr){AF_UNSPEC}, sizeof(struct sockaddr))", fd);
    done(c, connect(fd, &nowhere, sizeof nowhere), "connect");
}

static void do_dup(struct call *c, int fd) {
    char name[25];
    if (!socket_name(c, AS, name))
        return;
    began(c, "dup(%d)", fd);
    adopted(c, name, dup(fd), "dup", NULL);
}

static void do_poll(struct call *c, int fd) {
    int asked;
    long long timeout;
    char list[128] = "";
    if (!c->field[EVENTS]) {
        refuse_words(c, EVENTS, "a list", events);
        return;
    }
    if (!bits(c, EVENTS, events, &asked, list) || !integer(c, TIMEOUT, 0, UINT32_MAX, &timeout))
        return;
    timeout = timeout < INT32_MAX ? timeout : INT32_MAX;
    began(c, "poll(&(struct pollfd){%d, %s, 0}, 1, %lld)", fd, list, timeout);
    struct pollfd polled = {.fd = fd, .events = (short)asked};
    if (poll(&polled, 1, (int)timeout) < 0) {
        failed(c, "poll");
        return;
    }
    list[0] = '\0';
    for (const struct word *event = events; event->word; event++)
        if (polled.revents & event->value)
            sprintf(list + strlen(list), "%s\"%s\"", *list ? "," : "", event->word);
    OK(c, "{\"ready\":{\"events\":[%s]}}", list);
}

static void do_so_error(struct call *c, int fd) {
    int error;
    socklen_t length = sizeof error;
    began(c, "getsockopt(%d, SOL_SOCKET, SO_ERROR, &error, &length)", fd);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        failed(c, "getsockopt");
    else if (error)
        OK(c, "{\"pending-error\":{\"error\":%d}}", error);
    else
        OK(c, "{\"pending-error\":{\"error\":%s}}", "null");
}

/* --- Options --- */

enum form { NUMBER, LINGER, TIME, STATUS };
static const struct option {
    const char *name;
    enum form form;
    int level, number;
} options[] = {
#define AT(level, name, form) {#name, form, level, name}
    AT(SOL_SOCKET, SO_LINGER, LINGER),         AT(SOL_SOCKET, SO_REUSEADDR, NUMBER),
    AT(SOL_SOCKET, SO_REUSEPORT, NUMBER),      AT(IPPROTO_TCP, TCP_NODELAY, NUMBER),
    AT(IPPROTO_TCP, TCP_CORK, NUMBER),         AT(SOL_SOCKET, SO_KEEPALIVE, NUMBER),
    AT(IPPROTO_TCP, TCP_KEEPIDLE, NUMBER),     AT(IPPROTO_TCP, TCP_KEEPINTVL, NUMBER),
    AT(IPPROTO_TCP, TCP_KEEPCNT, NUMBER),      AT(IPPROTO_TCP, TCP_USER_TIMEOUT, NUMBER),
    AT(IPPROTO_TCP, TCP_SYNCNT, NUMBER),       AT(IPPROTO_TCP, TCP_DEFER_ACCEPT, NUMBER),
    AT(SOL_SOCKET, SO_RCVBUF, NUMBER),         AT(SOL_SOCKET, SO_SNDBUF, NUMBER),
    AT(SOL_SOCKET, SO_RCVTIMEO, TIME),         AT(SOL_SOCKET, SO_SNDTIMEO, TIME),
    AT(0, O_NONBLOCK, STATUS),                 AT(IPPROTO_TCP, TCP_LINGER2, NUMBER),
};
union option_value {
    int number;
    struct linger linger;
    struct timeval time;
};
static const socklen_t option_size[] = {sizeof(int), sizeof(struct linger), sizeof(struct timeval)};

/* The option that the request names; NULL when it refused. */
static const struct option *option_named(struct call *c) {
    char name[24];
    if (take_string(c->field[OPTION], name, sizeof name))
        for (size_t i = 0; i < LENGTH(options); i++)
            if (!strcmp(name, options[i].name))
                return &options[i];
    refuse(c, "there is no option of that name");
    return NULL;
}

static const char *level_name(const struct option *o) {
    return o->level == SOL_SOCKET ? "SOL_SOCKET" : "IPPROTO_TCP";
}

static int get_option(int fd, const struct option *o, long long *into) {
    union option_value value;
    *into = 0;
    if (o->form == STATUS) {
        int flags = fcntl(fd, F_GETFL);
        *into = (flags & o->number) != 0;
        return flags;
    }
    socklen_t length = option_size[o->form];
    int result = getsockopt(fd, o->level, o->number, &value, &length);
    if (result == 0)
        *into = o->form == NUMBER   ? value.number
                : o->form == LINGER ? (value.linger.l_onoff ? value.linger.l_linger : -1)
                                    : value.time.tv_sec * 1000LL + value.time.tv_usec / 1000;
    return result;
}

static void do_get_option(struct call *c, int fd) {
    const struct option *o = option_named(c);
    long long value;
    if (!o)
        return;
    if (o->form == STATUS)
        began(c, "fcntl(%d, F_GETFL) & %s", fd, o->name);
    else
        began(c, "getsockopt(%d, %s, %s, &value, &length)", fd, level_name(o), o->name);
    if (get_option(fd, o, &value) < 0)
        failed(c, o->form == STATUS ? "fcntl" : "getsockopt");
    else
        OK(c, "{\"options\":{\"readings\":[{\"option\":\"%s\",\"value\":%lld}]}}", o->name, value);
}

static void do_set_option(struct call *c, int fd) {
    const struct option *o = option_named(c);
    long long number;
    if (!o)
        return;
    const bool wide = o->form == TIME; /* any other is an int */
    if (!integer(c, VALUE, wide ? INT64_MIN / 1000 : INT32_MIN, wide ? INT64_MAX / 1000 : INT32_MAX, &number))
        return;
    if (o->form == STATUS) {
        const char *change = number ? "|" : "& ~";
        began(c, "fcntl(%d, F_SETFL, fcntl(%d, F_GETFL) %s%s%s)", fd, fd, change, number ? " " : "", o->name);
        int flags = fcntl(fd, F_GETFL);
        done(c, flags < 0 ? -1 : fcntl(fd, F_SETFL, number ? flags | o->number : flags & ~o->number), "fcntl");
        return;
    }
    union option_value value;
    char shown[96];
    if (o->form == NUMBER) {
        value.number = (int)number;
        snprintf(shown, sizeof shown, "&(int){%lld}, sizeof(int)", number);
    } else if (o->form == LINGER) {
        value.linger = (struct linger){.l_onoff = number >= 0, .l_linger = number > 0 ? (int)number : 0};
        snprintf(shown, sizeof shown, "&(struct linger){%d, %d}, sizeof(struct linger)", value.linger.l_onoff,
            value.linger.l_linger);
    } else {
        const long long ms = (number % 1000 + 1000) % 1000; /* the microseconds are never negative */
        value.time = (struct timeval){.tv_sec = (number - ms) / 1000, .tv_usec = ms * 1000};
        snprintf(shown, sizeof shown, "&(struct timeval){%ld, %ld}, sizeof(struct timeval)", (long)value.time.tv_sec,
            (long)value.time.tv_usec);
    }
    began(c, "setsockopt(%d, %s, %s, %s)", fd, level_name(o), o->name, shown);
    done(c, setsockopt(fd, o->level, o->number, &value, option_size[o->form]), "setsockopt");
}

static void do_options(struct call *c, int fd) {
    char readings[2048];
    size_t used = 0;
    bool any = false;
    began(c, "getsockopt(%d, ...) /* each of %zu */", fd, LENGTH(options));
    for (size_t i = 0; i < LENGTH(options); i++) {
        long long value;
        bool got = get_option(fd, &options[i], &value) >= 0;
        any |= got;
        used += (size_t)snprintf(readings + used, sizeof readings - used, "%s{\"option\":\"%s\",\"%s\":%lld}",
            i ? "," : "", options[i].name, got ? "value" : "errno", got ? value : errno);
    }
    if (any)
        OK(c, "{\"options\":{\"readings\":[%s]}}", readings);
    else
        failed(c, "getsockopt");
}

/* --- The process --- */

static void do_nothing(int signal) {
    (void)signal;
}

static void do_sigpipe(struct call *c, int fd) {
    const struct word *disposition;
    (void)fd;
    if (!word(c, DISPOSITION, dispositions, &disposition))
        return;
    began(c, "signal(SIGPIPE, %s)", disposition->name);
    done(c, signal(SIGPIPE, disposition->value ? SIG_IGN : SIG_DFL) == SIG_ERR ? -1 : 0, "signal");
}

/* Takes the call out of the list; the lock must be held. */
static void land(struct call *c) {
    struct call **link = &in_flight;
    while (*link && *link != c)
        link = &(*link)->next;
    if (*link)
        *link = c->next;
}

static struct call *flying(long long id) {
    struct call *c = in_flight;
    while (c && c->id != id)
        c = c->next;
    return c;
}

/* A signal may come just before its target blocks, and be lost there: it is sent again until the call is over. */
static void do_interrupt(struct call *c, int fd) {
    long long target;
    bool sent = false;
    (void)fd;
    if (!integer(c, TARGET, 0, INT64_MAX, &target))
        return;
    began(c, "pthread_kill(thread, SIGUSR1) /* of call %lld */", target);
    pthread_mutex_lock(&lock); /* held over pthread_kill: the thread is still there */
    land(c);                   /* an interrupt is no call that another, or it itself, could mean */
    struct call *meant;
    for (int i = 0; i < 50 && (meant = flying(target)); i++) {
        if (meant->running)
            sent |= pthread_kill(meant->thread, SIGUSR1) == 0;
        pthread_mutex_unlock(&lock);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    errno = ESRCH;
    done(c, sent ? 0 : -1, "pthread_kill");
}

/* --- Requests --- */

static const struct {
    const char *name;
    void (*make)(struct call *, int fd);
    bool on_a_socket;
} calls[] = {
    {"socket", do_socket, false},
    {"bind", do_bind, true},
    {"listen", do_listen, true},
    {"accept", do_accept, true},
    {"connect", do_connect, true},
    {"read", do_read, true},
    {"write", do_write, true},
    {"shutdown", do_shutdown, true},
    {"close", do_close, true},
    {"rst-close", do_rst_close, true},
    {"linger-close", do_linger_close, true},
    {"disconnect", do_disconnect, true},
    {"dup", do_dup, true},
    {"poll", do_poll, true},
    {"so-error", do_so_error, true},
    {"options", do_options, true},
    {"get-option", do_get_option, true},
    {"set-option", do_set_option, true},
    {"interrupt", do_interrupt, false},
    {"sigpipe", do_sigpipe, false},
};

static void make(struct call *c) {
    char call[16], name[25] = "";
    if (!take_string(c->field[CALL], call, sizeof call))
        call[0] = '\0';
    for (size_t i = 0; i < LENGTH(calls); i++)
        if (!strcmp(call, calls[i].name)) {
            if (!calls[i].on_a_socket || socket_name(c, SOCKET, name))
                calls[i].make(c, descriptor(name));
            return;
        }
    refuse(c, "there is no call of that name");
}

/* Tells of a refusal, if it is one, and forgets the call. */
static void finish(struct call *c) {
    if (c->why[0] && c->id < 0)
        reply("{\"refused\":{\"id\":null,\"why\":\"%s\"}}\n", c->why);
    else if (c->why[0])
        reply("{\"refused\":{\"id\":%lld,\"why\":\"%s\"}}\n", c->id, c->why);
    free(c->line);
    free(c);
}

static void *carry_out(void *argument) {
    struct call *c = argument;
    pthread_mutex_lock(&lock);
    c->thread = pthread_self();
    c->running = true;
    pthread_mutex_unlock(&lock);
    make(c);
    const int64_t at = now();
    pthread_mutex_lock(&lock);
    land(c); /* before the reply: an interrupt that comes after it must find nothing */
    pthread_mutex_unlock(&lock);
    if (!c->why[0])
        reply("{\"ended\":{\"id\":%lld,\"at\":%lld,\"ns\":%lld,\"outcome\":%s%s%s%s}}\n", c->id, (long long)at,
            (long long)(at - c->began), c->outcome, c->said[0] ? ",\"said\":\"" : "", c->said, c->said[0] ? "\"" : "");
    finish(c);
    return NULL;
}

/* Starts a thread for the call; false when it refused. */
static bool start(struct call *c, size_t length) {
    if (length > LONGEST_LINE)
        return refuse(c, "the line is longer than %d bytes", LONGEST_LINE);
    const char *end = skip_value(skip_space(c->line), c->field, 64);
    if (!end || skip_space(end) != c->line + length)
        return refuse(c, "the line is not JSON");
    if (!integer(c, ID, 0, INT64_MAX, &c->id)) {
        c->id = -1;
        return refuse(c, "the request has no id, a whole number");
    }
    pthread_mutex_lock(&lock);
    const bool taken = flying(c->id);
    if (!taken) {
        c->next = in_flight;
        in_flight = c;
    }
    pthread_mutex_unlock(&lock);
    if (taken)
        return refuse(c, "a call of id %lld is in flight", c->id);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    const int error = pthread_create(&thread, &attributes, carry_out, c);
    pthread_attr_destroy(&attributes);
    if (!error)
        return true;
    pthread_mutex_lock(&lock);
    land(c);
    pthread_mutex_unlock(&lock);
    return refuse(c, "no thread for the call: %s", strerror(error));
}

/* The next line, cut where it is too long, and its whole length. The end of the input ends the process. */
static char *read_line(size_t *length) {
    char *line = malloc(256);
    size_t room = 256;
    *length = 0;
    for (int byte; (byte = getchar_unlocked()) != '\n'; ++*length) {
        if (byte == EOF)
            _exit(0); /* other threads may be blocked for good */
        if (line && *length + 1 == room && *length < LONGEST_LINE)
            line = realloc(line, room *= 2);
        if (line && *length + 1 < room)
            line[*length] = (char)byte;
    }
    if (!line)
        _exit(1);
    line[*length < room ? *length : room - 1] = '\0';
    return line;
}

int main(void) {
    /* Since no number is used twice, a long session needs many. */
    struct rlimit numbers;
    if (!getrlimit(RLIMIT_NOFILE, &numbers)) {
        numbers.rlim_cur = numbers.rlim_max;
        setrlimit(RLIMIT_NOFILE, &numbers);
    }
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = do_nothing}, NULL); /* not signal(): that sets SA_RESTART */
    reply("{\"hello\":{\"protocol\":%d,\"runtime\":\"c\"}}\n", VERSION);
    for (;;) {
        struct call *c = calloc(1, sizeof *c);
        if (!c)
            _exit(1);
        size_t length;
        c->id = -1;
        c->line = read_line(&length);
        if (!start(c, length))
            finish(c);
    }
}
