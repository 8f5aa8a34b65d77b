/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <string.h>

#include "vmi/vmcoreinfo.h"

/* As Debian's 6.1 writes it, with KASLR and 5 levels, but for lines like those that are here. */
#define HEAD  "OSRELEASE=6.1.0-56-amd64\nBUILD-ID=eb4fbcd037e7\nPAGESIZE=4096\n"
#define STEXT "SYMBOL(_stext)=ffffffff9da00000\n"
#define TABLE "SYMBOL(swapper_pg_dir)=ffffffff9f410000\n"
#define BASE  "NUMBER(phys_base)=-75497472\n"
#define REST                                                                                       \
	"SYMBOL(init_top_pgt)=ffffffff9f410000\nNUMBER(pgtable_l5_enabled)=1\nNUMBER(sme_mask)="   \
	"0\n"
#define NAMES                                                                                      \
	"SYMBOL(kallsyms_names)=ffffffff9ebbdac0\nSYMBOL(kallsyms_num_syms)=ffffffff9ebbdab8\n"    \
	"SYMBOL(kallsyms_token_table)=ffffffff9ed2ddd8\n"                                          \
	"SYMBOL(kallsyms_token_index)=ffffffff9ed2e170\n"                                          \
	"SYMBOL(kallsyms_offsets)=ffffffff9eb619c8\n"                                              \
	"SYMBOL(kallsyms_relative_base)=ffffffff9ebbdab0\n"

static void test_real(void **state)
{
	static const char text[4096] = HEAD STEXT TABLE NAMES BASE REST "KERNELOFFSET=1ca00000\n";
	struct mm_vmcoreinfo info;

	(void)state;
	assert_int_equal(mm_vmcoreinfo_parse(text, sizeof(text), &info), 0);
	assert_string_equal(info.release, "6.1.0-56-amd64");
	assert_true(info.stext == 0xffffffff9da00000);
	assert_true(info.init_top_pgt == 0xffffffff9f410000);
	assert_true(info.phys_base == (uint64_t)-75497472);
	assert_true(info.kallsyms_names == 0xffffffff9ebbdac0);
	assert_true(info.kallsyms_num_syms == 0xffffffff9ebbdab8);
	assert_true(info.kallsyms_token_table == 0xffffffff9ed2ddd8);
	assert_true(info.kallsyms_token_index == 0xffffffff9ed2e170);
	assert_true(info.kallsyms_offsets == 0xffffffff9eb619c8);
	assert_true(info.kallsyms_relative_base == 0xffffffff9ebbdab0);
	assert_int_equal(info.l5_enabled, 1);
	assert_int_equal(info.sme_mask, 0);
}

static const struct {
	const char *name, *text;
	int result;
} cases[] = {
	{"no kallsyms, as before 6.0", HEAD STEXT TABLE BASE, 0},
	{"the other name of the page table", HEAD STEXT BASE "SYMBOL(init_top_pgt)=ff\n", 0},
	{"no newline at the end", HEAD STEXT TABLE "NUMBER(phys_base)=0", 0},
	{"hexadecimal number", HEAD STEXT TABLE "NUMBER(phys_base)=0x1f\n", 0},
	{"the largest", HEAD STEXT TABLE "NUMBER(phys_base)=18446744073709551615\n", 0},
	{"the first of two counts", HEAD STEXT TABLE BASE "NUMBER(phys_base)=rubbish\n", 0},
	{"lines without a value", HEAD "\n\n=\nX\n=3\n" STEXT TABLE BASE, 0},
	{"empty", "", -EINVAL},
	{"mark alone", "OSRELEASE=", -EINVAL},
	{"no release", "OSRELEASE=\n" STEXT TABLE BASE, -EINVAL},
	{"another page", "OSRELEASX=6.1\n" STEXT TABLE BASE, -EINVAL},
	{"not printable", "OSRELEASE=6.1\033[2J\n" STEXT TABLE BASE, -EINVAL},
	{"a blank in it", "OSRELEASE=6.1 x\n" STEXT TABLE BASE, -EINVAL},
	{"a release of 64",
		"OSRELEASE=0123456789012345678901234567890123456789012345678901234567890123\n" STEXT
			TABLE BASE,
		0},
	{"a release of 65",
		"OSRELEASE="
		"01234567890123456789012345678901234567890123456789012345678901234\n" STEXT TABLE
			BASE,
		-EINVAL},
	{"no text", HEAD TABLE BASE, -EINVAL},
	{"no page table", HEAD STEXT BASE, -EINVAL},
	{"no phys_base", HEAD STEXT TABLE, -EINVAL},
	{"no number", HEAD STEXT TABLE "NUMBER(phys_base)=\n", -EINVAL},
	{"a minus alone", HEAD STEXT TABLE "NUMBER(phys_base)=-\n", -EINVAL},
	{"0x alone", HEAD STEXT TABLE "NUMBER(phys_base)=0x\n", -EINVAL},
	{"too large", HEAD STEXT TABLE "NUMBER(phys_base)=18446744073709551616\n", -EINVAL},
	{"too large an address", HEAD TABLE BASE "SYMBOL(_stext)=1ffffffff9da00000\n", -EINVAL},
	{"a negative address", HEAD TABLE BASE "SYMBOL(_stext)=-1\n", -EINVAL},
	{"letters in a decimal", HEAD STEXT TABLE "NUMBER(phys_base)=12a\n", -EINVAL},
	{"something after it", HEAD STEXT TABLE "NUMBER(phys_base)=12 \n", -EINVAL},
};

static void test_cases(void **state)
{
	struct mm_vmcoreinfo info;
	char page[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(page, 0, sizeof(page));
		memcpy(page, cases[i].text, strlen(cases[i].text));
		if (mm_vmcoreinfo_parse(page, sizeof(page), &info) != cases[i].result)
			fail_msg("%s: not %d", cases[i].name, cases[i].result);
	}
}

/* A page full of text has no NUL; what does not fit is not there. */
static void test_full_page(void **state)
{
	static const char text[] = HEAD STEXT TABLE BASE;
	struct mm_vmcoreinfo info;
	char page[4096];

	(void)state;
	memset(page, 'x', sizeof(page));
	memcpy(page, text, sizeof(text) - 1);
	assert_int_equal(mm_vmcoreinfo_parse(page, sizeof(page), &info), 0);
	assert_int_equal(
		mm_vmcoreinfo_parse(page, sizeof(text) - 1 - sizeof(BASE), &info), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_full_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
