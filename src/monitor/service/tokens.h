/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may ask: tokens of a file, one in each line, "TOKEN [totals|processes]". Comments begin with '#'. Tokens are compared in a time that
 * tells nothing about them.
 */
#ifndef XENMM_MON_TOKENS_H
#define XENMM_MON_TOKENS_H

#include <stddef.h>

#include "ini_text.h"

#define MM_MON_TOKEN_MIN  16 /* shorter ones can be guessed */
#define MM_MON_TOKEN_MAX  128
#define MM_MON_TOKENS_MAX 256

/* What a token is good for; each includes those before. */
enum mm_mon_scope { MM_SCOPE_NONE, MM_SCOPE_TOTALS, MM_SCOPE_PROCESSES };

struct mm_mon_tokens; /* opaque */

/* Pure. Returns 0; -EINVAL and *ret_fault, which holds nothing of any token; -ENOMEM. */
int mm_mon_tokens_parse(const char *text, size_t len, struct mm_mon_tokens **ret_tokens,
	struct mm_ini_fault *ret_fault);

/*
 * Reads a file that nobody but root or the owner of this process can read. Returns 0, or -errno and a line in err; an error
 * too where it holds no token.
 */
int mm_mon_tokens_load(
	const char *path, struct mm_mon_tokens **ret_tokens, char *err, size_t err_size);

/* What the value of an Authorization header ("Bearer TOKEN") is good for; NULL: there is none. */
enum mm_mon_scope mm_mon_tokens_check(const struct mm_mon_tokens *tokens, const char *header);

/* The first of the file, as a client sends it. */
const char *mm_mon_tokens_first(const struct mm_mon_tokens *tokens);

size_t mm_mon_tokens_count(const struct mm_mon_tokens *tokens);

/* NULL allowed. */
void mm_mon_tokens_free(struct mm_mon_tokens *tokens);

#endif
