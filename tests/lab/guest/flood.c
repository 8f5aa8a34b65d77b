/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flood SECONDS KEY junk|huge|numbers|VALUE: a guest gone mad: writes its own xenstore KEY as fast
 * as xenstored takes it and prints how many writes went through. junk is random bytes of random
 * length, huge the longest value a node takes, numbers a different large number each time; any
 * other word is written as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

enum { VALUE_MAX = 2000 };

static size_t make_value(char *buf, const char *kind, unsigned long n)
{
	size_t len = VALUE_MAX;

	if (!strcmp(kind, "junk")) {
		len = (size_t)rand() % 200;
		for (size_t i = 0; i < len; i++)
			buf[i] = (char)rand();
		return len;
	}
	if (!strcmp(kind, "huge")) {
		memset(buf, '9', len);
		return len;
	}
	if (!strcmp(kind, "numbers"))
		return (size_t)snprintf(buf, VALUE_MAX, "%lu", 100000 + n * 7919 % 900000);
	return (size_t)snprintf(buf, VALUE_MAX, "%s", kind);
}

int main(int argc, char **argv)
{
	char value[VALUE_MAX];
	unsigned long sent = 0, refused = 0;
	struct xs_handle *xs = xs_open(0);
	time_t end;

	if (argc != 4 || !xs) {
		fprintf(stderr, "usage: flood SECONDS KEY junk|huge|numbers|VALUE\n");
		return 2;
	}
	end = time(NULL) + atol(argv[1]);
	while (time(NULL) < end) {
		size_t len = make_value(value, argv[3], sent + refused);

		if (xs_write(xs, XBT_NULL, argv[2], value, (unsigned int)len))
			sent++;
		else
			refused++;
	}
	printf("flood: %lu writes, %lu refused\n", sent, refused);
	return 0;
}
