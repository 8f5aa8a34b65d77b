/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a toolstack balloons dom0: what is read for it, and what is said about it. */
#include "unit/test.h"

#include <string.h>

#include "backend/xen/autoballoon.h"

static void test_command_line(void **state)
{
	static const struct {
		const char *cmdline;
		bool is_fixed;
	} rows[] = {
		{"", false},
		{"placeholder com1=115200 console=com1", false},
		{"placeholder dom0_mem=4096M,max:4096M", true},
		{"dom0_mem=4G loglvl=all", true},
		{"console=com1 dom0_mem=max:8192M", true},
		{"dom0_mem=min:512M,max:1G,768M", true},
		{"dom0_mem=1048576", true},
		/* Xen knows these, the toolstacks do not */
		{"dom0_mem=10%", false},
		{"dom0_mem=1G+10%,max:8G", false},
		{"dom0_mem=", false},
		{"xdom0_mem=4G", false},
		{"dom0_mem_extra=4G", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mm_autoballoon_is_fixed(rows[i].cmdline) != rows[i].is_fixed)
			fail_msg("\"%s\"", rows[i].cmdline);
}

static void test_setting(void **state)
{
	static const struct {
		const char *conf;
		enum mm_autoballoon_setting setting;
	} rows[] = {
		{"", MM_AUTOBALLOON_AUTO},
		{"autoballoon=\"off\"\n", MM_AUTOBALLOON_OFF},
		{"autoballoon=\"off\"", MM_AUTOBALLOON_OFF},
		{"autoballoon = 0", MM_AUTOBALLOON_OFF},
		{"\tautoballoon = '1' # yes\r\n", MM_AUTOBALLOON_ON},
		{"autoballoon=\"on\"\nvif.default.bridge=\"br0\"\n", MM_AUTOBALLOON_ON},
		{"autoballoon=\"auto\"\n", MM_AUTOBALLOON_AUTO},
		{"autoballoon=\"offline\"\n", MM_AUTOBALLOON_AUTO},
		{"autoballoon=\n1\n", MM_AUTOBALLOON_AUTO},
		{"autoballoon\n", MM_AUTOBALLOON_AUTO},
		{"#autoballoon=\"off\"\n", MM_AUTOBALLOON_AUTO},
		{"no_autoballoon=\"off\"\n", MM_AUTOBALLOON_AUTO},
		{"autoballooning=\"off\"\n", MM_AUTOBALLOON_AUTO},
		{"a=1\nautoballoon=1\n\n# x\nautoballoon=0\nb=2\n", MM_AUTOBALLOON_OFF},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mm_autoballoon_parse(rows[i].conf) != rows[i].setting)
			fail_msg("\"%s\"", rows[i].conf);
}

static void test_warning(void **state)
{
	static const struct {
		struct mm_autoballoon facts;
		const char *starts, *has, *has_not; /* NULL starts: no warning */
	} rows[] = {
		{{true, true, MM_AUTOBALLOON_AUTO, MM_AUTOBALLOON_AUTO}, NULL, NULL, NULL},
		{{false, true, MM_AUTOBALLOON_OFF, MM_AUTOBALLOON_OFF}, NULL, NULL, NULL},
		{{false, false, MM_AUTOBALLOON_OFF, MM_AUTOBALLOON_AUTO}, NULL, NULL, NULL},
		{{false, false, MM_AUTOBALLOON_AUTO, MM_AUTOBALLOON_AUTO}, "xl will",
			"dom0_mem=SIZE,max:SIZE on Xen's command line", "libvirt"},
		{{true, false, MM_AUTOBALLOON_ON, MM_AUTOBALLOON_AUTO}, "xl will",
			"autoballoon=\"off\" in /etc/xen/xl.conf", "dom0_mem="},
		{{false, true, MM_AUTOBALLOON_OFF, MM_AUTOBALLOON_AUTO}, "libvirt will",
			"autoballoon = 0 in /etc/libvirt/libxl.conf", "/etc/xen/xl.conf"},
		{{false, true, MM_AUTOBALLOON_AUTO, MM_AUTOBALLOON_AUTO}, "xl and libvirt will",
			"xl.conf and autoballoon = 0 in /etc/libvirt/libxl.conf", "%"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[384] = "untouched";
		bool is_told = mm_autoballoon_warning(&rows[i].facts, text, sizeof(text));

		if (is_told != (rows[i].starts != NULL))
			fail_msg("row %zu: %s", i, text);
		if (!is_told) {
			assert_string_equal(text, "untouched");
			continue;
		}
		if (strncmp(text, rows[i].starts, strlen(rows[i].starts)) != 0 ||
			!strstr(text, rows[i].has) || strstr(text, rows[i].has_not))
			fail_msg("row %zu: %s", i, text);
		assert_true(strlen(text) < sizeof(text) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_setting),
		cmocka_unit_test(test_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
