/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/tokens.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text_file.h"

#define FILE_MAX ((size_t)1 << 18)
#define BLANKS	 " \t\r"

struct token {
	char text[MM_MON_TOKEN_MAX + 1]; /* zeros behind it */
	enum mm_mon_scope scope;
};

struct mm_mon_tokens {
	size_t count;
	struct token list[MM_MON_TOKENS_MAX];
};

/* ---- the file's text ------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int fail(
	struct mm_ini_fault *fault, size_t line, const char *format, ...)
{
	va_list args;

	fault->line = line;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* Those that a header can hold as they are: RFC 6750. */
static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("-._~+/=", c))))
			return false;
	}
	return true;
}

static int take_scope(const char *word, size_t len, enum mm_mon_scope *ret_scope)
{
	*ret_scope = MM_SCOPE_TOTALS;
	if (len == 0 || (len == 6 && !memcmp(word, "totals", 6)))
		return 0;
	*ret_scope = MM_SCOPE_PROCESSES;
	return len == 9 && !memcmp(word, "processes", 9) ? 0 : -EINVAL;
}

/* A line, terminated, without its comment. */
static int take_line(
	struct mm_mon_tokens *tokens, const char *line, size_t number, struct mm_ini_fault *fault)
{
	size_t len = strcspn(line, BLANKS);
	const char *word = line + len + strspn(line + len, BLANKS);
	size_t word_len = strcspn(word, BLANKS);
	struct token *token;

	if (len == 0)
		return 0;
	if (len < MM_MON_TOKEN_MIN || len > MM_MON_TOKEN_MAX)
		return fail(fault, number, "a token of %zu bytes; it must have %d to %d", len,
			MM_MON_TOKEN_MIN, MM_MON_TOKEN_MAX);
	if (!is_token(line, len))
		return fail(
			fault, number, "a token that is not made of letters, digits and -._~+/=");
	if (tokens->count == MM_MON_TOKENS_MAX)
		return fail(fault, number, "more than %d tokens", MM_MON_TOKENS_MAX);
	token = &tokens->list[tokens->count];
	if (word[word_len + strspn(word + word_len, BLANKS)] ||
		take_scope(word, word_len, &token->scope))
		return fail(fault, number, "behind a token stands nothing, totals or processes");
	memcpy(token->text, line, len);
	tokens->count++;
	return 0;
}

int mm_mon_tokens_parse(const char *text, size_t len, struct mm_mon_tokens **ret_tokens,
	struct mm_ini_fault *ret_fault)
{
	struct mm_mon_tokens *tokens = calloc(1, sizeof(*tokens));
	char line[1024];
	size_t number = 0;
	int r = tokens ? 0 : -ENOMEM;

	while (!r && len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t size = end ? (size_t)(end - text) : len;
		const char *comment = memchr(text, '#', size);
		size_t used = comment ? (size_t)(comment - text) : size;
		size_t blanks = 0;

		number++;
		while (blanks < used && strchr(BLANKS, text[blanks]) && text[blanks])
			blanks++;
		if (used - blanks >= sizeof(line) || memchr(text, '\0', used)) {
			r = fail(ret_fault, number, "not a line of text, or too long");
			break;
		}
		memcpy(line, text + blanks, used - blanks);
		line[used - blanks] = '\0';
		r = take_line(tokens, line, number, ret_fault);
		text += size + (end ? 1 : 0);
		len -= size + (end ? 1 : 0);
	}
	explicit_bzero(line, sizeof(line));
	if (r) {
		mm_mon_tokens_free(tokens);
		return r;
	}
	*ret_tokens = tokens;
	return 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char *why_not_private(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to another user";
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return "can be read by others than its owner; chmod 600";
	return NULL;
}

int mm_mon_tokens_load(
	const char *path, struct mm_mon_tokens **ret_tokens, char *err, size_t err_size)
{
	struct mm_ini_fault fault = {.line = 0};
	struct mm_mon_tokens *tokens = NULL;
	const char *why;
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	int r = mm_text_file_read(path, FILE_MAX, &text, &len, &st);

	if (r) {
		snprintf(err, err_size, "token-file: %s: %s", path, mm_text_file_error(r));
		return r;
	}
	why = why_not_private(&st);
	if (why) {
		snprintf(err, err_size, "token-file: %s %s", path, why);
		r = -EPERM;
	} else {
		r = mm_mon_tokens_parse(text, len, &tokens, &fault);
		if (r == -EINVAL)
			snprintf(err, err_size, "%s:%zu: %s", path, fault.line, fault.text);
		else if (r)
			snprintf(err, err_size, "token-file: %s: %s", path, strerror(-r));
	}
	explicit_bzero(text, len);
	free(text);
	if (!r && tokens->count == 0) {
		snprintf(err, err_size, "token-file: %s holds no token", path);
		mm_mon_tokens_free(tokens);
		r = -EINVAL;
	}
	if (!r)
		*ret_tokens = tokens;
	return r;
}

/* ---- checking -------------------------------------------------------------------------------- */

/* Looks at all bytes, whatever they are. */
static unsigned difference(const char a[MM_MON_TOKEN_MAX + 1], const char b[MM_MON_TOKEN_MAX + 1])
{
	unsigned differs = 0;

	for (size_t i = 0; i <= MM_MON_TOKEN_MAX; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return differs;
}

enum mm_mon_scope mm_mon_tokens_check(const struct mm_mon_tokens *tokens, const char *header)
{
	char given[MM_MON_TOKEN_MAX + 1] = "";
	unsigned scope = MM_SCOPE_NONE;
	size_t len;

	if (!header || strncasecmp(header, "bearer ", 7) != 0)
		return MM_SCOPE_NONE;
	header += 7 + strspn(header + 7, " ");
	len = strlen(header);
	if (len < MM_MON_TOKEN_MIN || len > MM_MON_TOKEN_MAX)
		return MM_SCOPE_NONE;
	memcpy(given, header, len);
	for (size_t i = 0; i < tokens->count;
		i++) { /* all of them, wherever the right one stands */
		unsigned differs = difference(given, tokens->list[i].text);
		unsigned mask =
			((differs - 1) >> 31) * UINT_MAX; /* all ones where nothing differs */
		unsigned has = (unsigned)tokens->list[i].scope & mask;

		scope = scope > has ? scope : has;
	}
	explicit_bzero(given, sizeof(given));
	return (enum mm_mon_scope)scope;
}

const char *mm_mon_tokens_first(const struct mm_mon_tokens *tokens)
{
	return tokens->list[0].text;
}

size_t mm_mon_tokens_count(const struct mm_mon_tokens *tokens)
{
	return tokens->count;
}

void mm_mon_tokens_free(struct mm_mon_tokens *tokens)
{
	if (tokens)
		explicit_bzero(tokens, sizeof(*tokens));
	free(tokens);
}
