/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/text.h"

#include <stdint.h>
#include <string.h>

char *mm_text_plain(char *buf, size_t size, const char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len && bytes[i]; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char code[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
		size_t width = c >= ' ' && c <= '~' ? 1 : sizeof(code);

		if (n + width >= size)
			break;
		memcpy(buf + n, width == 1 ? &bytes[i] : code, width);
		n += width;
	}
	if (size > 0)
		buf[n] = '\0';
	return buf;
}

/* How many bytes make the character at `bytes`, of which len are there; 0: it is none (RFC 3629). */
static size_t character_length(const unsigned char *bytes, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = bytes[0] < 0x80	   ? 1
		   : (bytes[0] >> 5) == 6  ? 2
		   : (bytes[0] >> 4) == 14 ? 3
		   : (bytes[0] >> 3) == 30 ? 4
					   : 0;
	uint32_t code;

	if (n <= 1 || n > len)
		return n <= 1 ? n : 0;
	code = bytes[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

char *mm_text_utf8(char *buf, size_t size, const char *bytes, size_t len)
{
	static const char unknown[] = "\xef\xbf\xbd"; /* U+FFFD */
	size_t used = strnlen(bytes, len);
	size_t n = 0;

	for (size_t i = 0; i < used;) {
		size_t in = character_length((const unsigned char *)bytes + i, used - i);
		size_t out = in ? in : sizeof(unknown) - 1;

		if (n + out >= size)
			break;
		memcpy(buf + n, in ? bytes + i : unknown, out);
		n += out;
		i += in ? in : 1;
	}
	if (size > 0)
		buf[n] = '\0';
	return buf;
}

/* The bytes of a character that a terminal may obey instead of showing it: control characters, also those of two bytes, and what
 * turns the direction of writing; otherwise 0. */
static size_t control_length(const unsigned char *c)
{
	if (c[0] < ' ' || c[0] == 0x7f)
		return 1;
	if (c[0] == 0xc2 && c[1] < 0xa0) /* U+0080 to U+009F */
		return 2;
	if (c[0] == 0xd8 && c[1] == 0x9c) /* U+061C */
		return 2;
	if (c[0] != 0xe2)
		return 0;
	if (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae)))
		return 3; /* U+200E, U+200F, U+2028 to U+202E */
	return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9 ? 3 : 0; /* U+2066 to U+2069 */
}

char *mm_text_label(char *buf, size_t size, const char *text, size_t len)
{
	(void)mm_text_utf8(buf, size, text, len);
	for (char *c = buf; *c; c++) {
		size_t n = control_length((const unsigned char *)c);

		if (n) {
			memset(c, '?', n);
			c += n - 1;
		}
	}
	return buf;
}
