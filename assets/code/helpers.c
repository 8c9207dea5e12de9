//= pause_ms
static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

//= AT
/* The address and its length: that port on the loopback address. */
#define AT(port) at(port), sizeof(struct @SOCKADDR@)
static struct sockaddr *at(int port)
{
	static _Thread_local struct @SOCKADDR@ address;
	address = (struct @SOCKADDR@){ @LOOPBACK@ };
	return (struct sockaddr *)&address;
}

//= AT4
/* The same of the other family. */
#define AT4(port) at4(port), sizeof(struct sockaddr_in)
static struct sockaddr *at4(int port)
{
	static _Thread_local struct sockaddr_in address;
	address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return (struct sockaddr *)&address;
}

//= AT6
/* The same of the other family. */
#define AT6(port) at6(port), sizeof(struct sockaddr_in6)
static struct sockaddr *at6(int port)
{
	static _Thread_local struct sockaddr_in6 address;
	address = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback };
	return (struct sockaddr *)&address;
}

//= port_of
/* The port that the kernel has given to a socket. */
static int port_of(int fd)
{
	struct @SOCKADDR@ address = { 0 };
	getsockname(fd, (struct sockaddr *)&address, &(socklen_t){ sizeof address });
	return ntohs(address.@PORT@);
}

//= free_port
/* A port that nobody has. */
static int free_port(void)
{
	int fd = socket(@FAMILY@, SOCK_STREAM, 0);
	bind(fd, AT(0));
	int port = port_of(fd);
	close(fd);
	return port;
}

//= error_name
static const char *error_name(int error)
{
	switch (error) {
#define E(name) case name: return #name;
@ERRORS@
	}
	return "E?";
}

//= number
/* What a call returned, in words. */
static const char *number(long result)
{
	static _Thread_local char text[32];
	if (result < 0)
		snprintf(text, sizeof text, "-1 %s", error_name(errno));
	else
		snprintf(text, sizeof text, "%ld", result);
	return text;
}

//= limit
/* How long a read, or a write or connect, may wait; 0 is for ever. */
static int limit(int fd, int option, int ms)
{
	struct timeval time = { ms / 1000, ms % 1000 * 1000 };
	return setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

//= in_time
/* The same for a call with a limit: EAGAIN, EINPROGRESS or fewer bytes mean that the time is up. */
static const char *in_time(long result, long least)
{
	if (result < 0 ? errno == EAGAIN || errno == EINPROGRESS : result < least)
		return "deadline";
	return number(result);
}

//= filled
/* Those bytes, so many times over. */
static char *filled(const char *bytes, size_t length, size_t times)
{
	char *all = malloc(length * times + 1);
	if (!all)
		abort();
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * length, bytes, length);
	return all;
}

//= fresh
/* The same socket under a number that none had before, so that a call on a closed one fails. */
static int fresh(int fd)
{
	static int least = 16;
	if (fd < 0)
		return fd;
	int moved = fcntl(fd, F_DUPFD, least++);
	close(fd);
	return moved;
}

//= linger
/* SO_LINGER: so many seconds; below 0 is off. */
static int linger(int fd, int seconds)
{
	struct linger linger = { seconds >= 0, seconds >= 0 ? seconds : 0 };
	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

//= linger_close
/* With 0 seconds close sends RST. */
static int linger_close(int fd, int seconds)
{
	if (linger(fd, seconds) < 0)
		return -1;
	return close(fd);
}

//= disconnect
static int disconnect(int fd)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	return connect(fd, &nowhere, sizeof nowhere);
}

//= ready
/* What poll reports, by name. */
static const char *ready(int fd, short events, int timeout)
{
	static const struct { short bit; const char *name; } names[] = {
#define P(bit) { bit, #bit }
		P(POLLIN), P(POLLPRI), P(POLLOUT), P(POLLRDHUP), P(POLLERR), P(POLLHUP), P(POLLNVAL),
	};
	static _Thread_local char text[80];
	struct pollfd one = { fd, events, 0 };
	int result = poll(&one, 1, timeout);
	if (result <= 0)
		return number(result);
	text[0] = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (one.revents & names[i].bit)
			strcat(strcat(text, text[0] ? "|" : ""), names[i].name);
	return text;
}

//= pending
/* SO_ERROR: the error that waits in the socket, taken out of it. */
static const char *pending(int fd)
{
	int error = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error }) < 0)
		return number(-1);
	return error ? error_name(error) : "0";
}

//= option
static const char *option(int fd, int level, int name)
{
	int value = 0;
	return number(getsockopt(fd, level, name, &value, &(socklen_t){ sizeof value }) < 0 ? -1 : value);
}

//= linger_of
static const char *linger_of(int fd)
{
	struct linger linger = { 0 };
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof linger }) < 0)
		return number(-1);
	return linger.l_onoff ? number(linger.l_linger) : "-1";
}

//= limit_of
static const char *limit_of(int fd, int option)
{
	struct timeval time = { 0 };
	if (getsockopt(fd, SOL_SOCKET, option, &time, &(socklen_t){ sizeof time }) < 0)
		return number(-1);
	return number(time.tv_sec * 1000 + time.tv_usec / 1000);
}

//= nonblocking
static const char *nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return number(flags < 0 ? -1 : !!(flags & O_NONBLOCK));
}

//= done
/* Prints what a call returned, and gives the segments that it sent a moment to arrive. */
static void done(int step, const char *end, const char *call, const char *result)
{
	printf("%d %s %s %s\n", step, end, call, result);
	pause_ms(20);
}

//= begin
/* Calls that wait for others: each in a thread of its own, known by its step. */
static struct aside {
	const char *(*make)(void), *end, *call;
	char result[80];
	atomic_int begun, over, told;
} asides[@ASIDES@];

static void *thread(void *arg)
{
	struct aside *aside = arg;
	aside->begun = 1;
	strncpy(aside->result, aside->make(), sizeof aside->result - 1);
	aside->over = 1;
	return NULL;
}

/* Prints what it returned, if it does so within a moment, the first time that this is asked. */
static int told(int step, int ms)
{
	struct aside *aside = &asides[step];
	for (; ms > 0 && !(aside->begun && aside->over); ms -= aside->begun)
		pause_ms(1);
	if (aside->over && !aside->told) {
		aside->told = 1;
		done(step, aside->end, aside->call, aside->result);
	}
	return aside->told;
}

static void begin(int step, const char *end, const char *call, const char *(*make)(void))
{
	pthread_t id;
	asides[step] = (struct aside){ .make = make, .end = end, .call = call };
	pthread_create(&id, NULL, thread, &asides[step]);
	pthread_detach(id);
	if (!told(step, 200))
		done(step, end, call, "blocked");
}

//= await
static void await(int step)
{
	told(step, 5000);
}

//= limit_descriptors
/* The numbers of this process's descriptors stay below that; what is open stays open. */
static void limit_descriptors(rlim_t most)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = most;
	setrlimit(RLIMIT_NOFILE, &limit);
}
