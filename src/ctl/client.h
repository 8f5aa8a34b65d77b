/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl's side of mmserver's control socket: a request out, an answer in. */
#ifndef XENMM_CTL_CLIENT_H
#define XENMM_CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl.h"

/* What all commands that ask the server have among their options: see MM_CLIENT_OPTIONS. */
struct mm_client {
	const struct mm_ctl_command *command; /* for messages */
	const char *path;		      /* NULL: the default */
	bool is_json;			      /* print the answer as it came */
	char *why; /* where complaints go, for a program that owns the screen; NULL: stderr */
	size_t why_size;
	int fd;	   /* once connected */
	char *buf; /* what has been read beyond the last line */
	size_t len, size;
};

#define MM_CLIENT_SOCKET                                                                           \
	{                                                                                          \
		"socket", 0, "PATH", "mmserver's socket [/run/xenmm/mmserver.sock]"                \
	}
#define MM_CLIENT_JSON                                                                             \
	{                                                                                          \
		"json", 'j', NULL, "print the server's answer, for programs"                       \
	}

/* Takes "socket" and "json" of a command's options. Returns false where it is neither. */
bool mm_client_option(struct mm_client *client, int option, const char *value);

/*
 * Sends a request (a new reference, which is consumed) and waits for its answer, at most wait_ms and 10 s in all.
 * Connects first where that has not been done. Returns an exit status: MM_EXIT_OK with *ret_answer, a new reference,
 * where the server said that it went well. Otherwise it has been said on stderr what went wrong; where the server
 * refused, *ret_answer is set all the same (NULL otherwise).
 */
int mm_client_ask(struct mm_client *client, json_t *request, uint64_t wait_ms, json_t **ret_answer);

/* One more answer, where the first was an announcement; as mm_client_ask(). */
int mm_client_more(struct mm_client *client, uint64_t wait_ms, json_t **ret_answer);

/*
 * The same without waiting, for a program that has other things to do. mm_client_send() connects where that has not been
 * done, and sends a request (a new reference, which is consumed). After that client->fd is to be polled for reading, and
 * mm_client_take() called when there is something: it returns MM_EXIT_OK with *ret_answer, or with NULL where the
 * answer is not complete yet. Where either fails, as mm_client_ask(), and the connection is closed, but where the
 * server refused (*ret_answer is set then).
 */
int mm_client_send(struct mm_client *client, json_t *request);
int mm_client_take(struct mm_client *client, json_t **ret_answer);

/* Whether there is a connection. */
bool mm_client_is_open(const struct mm_client *client);

/* Prints an answer as JSON. */
void mm_client_print(const json_t *answer);

/* The connection ends, and with it what the server keeps for it. */
void mm_client_close(struct mm_client *client);

/* Members of an answer: 0, "" or false where they are not there. Texts are printable ASCII, '?' is for anything else. */
uint64_t mm_client_kib(const json_t *object, const char *name);
const char *mm_client_text(const json_t *object, const char *name);

#endif
