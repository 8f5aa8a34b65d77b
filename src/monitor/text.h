/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a guest calls its processes is any bytes: here they become harmless. Pure. */
#ifndef XENMM_MONITOR_TEXT_H
#define XENMM_MONITOR_TEXT_H

#include <stddef.h>

/* Bytes that hold either form of a name of n bytes, with its terminator. */
#define MM_TEXT_SIZE(n) (4 * (n) + 1)

/*
 * For terminals and logs: printable ASCII stays, every other byte becomes "\xNN", which is as long as it looks. Reads up to
 * len bytes or a terminator. Terminated as long as size > 0; what does not fit is left out, never half a "\xNN". Returns buf.
 */
char *mm_text_plain(char *buf, size_t size, const char *bytes, size_t len);

/*
 * For JSON: valid UTF-8 stays (control characters too: JSON escapes them), every byte that is not part of some becomes
 * U+FFFD. Otherwise as above. Names may be cut in the middle of a character, as the kernel does.
 */
char *mm_text_utf8(char *buf, size_t size, const char *bytes, size_t len);

/*
 * For labels of metrics: UTF-8 as mm_text_utf8() makes it, where what a terminal may obey instead of showing it (control characters,
 * also those of two bytes, and what turns the direction of writing) is '?', one for each byte. Returns buf.
 */
char *mm_text_label(char *buf, size_t size, const char *bytes, size_t len);

#endif
