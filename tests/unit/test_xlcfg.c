/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xlcfg.h"

static const struct {
	const char *text;
	const char *result;
} rights[] = {
	{"name='a'\nmemory=64\n", "a 64/0 v0/0 s0 pv ''"},
	{"name = \"web\"\nmemory = 1024\nmaxmem = \"4096\"\nvcpus=2\nmaxvcpus=4\ntype='pvh'\n",
		"web 1024/4096 v2/4 s0 fv ''"},
	/* comments, ';', lists over lines with brackets and quotes in them, the last one wins */
	{"# a guest\nmemory=1;memory=2; name='x' # its name\n"
	 "disk = [ 'phy:/dev/vg/x,xvda,w', # [ the disk\n\t\"a]b\" ]\nvif=[['bridge=a'],[]]\n"
	 "builder='hvm'\nshadow_memory=9\n",
		"x 2/0 v0/0 s9 fv ''"},
	{"name='x'\nmemory=7\nxenmm = \"min=256M weight=200\"\nextra += 'ro'\r\n",
		"x 7/0 v0/0 s0 pv 'min=256M weight=200'"},
	{"name='it\\'s'\nmemory=7\ntype=\"hvm\"\ntype=\"pv\"\nuuid=0x12\npvh=0",
		"it's 7/0 v0/0 s0 pv ''"},
	{"name='x'\nmemory=7\npvh=1\nkernel=\"\"\nunknown=word", "x 7/0 v0/0 s0 fv ''"},
};

static void test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		struct mm_xlcfg cfg;
		char err[800], got[600];

		if (mm_xlcfg_parse(rights[i].text, strlen(rights[i].text), &cfg, err, sizeof(err)))
			fail_msg("%s: %s", rights[i].text, err);
		snprintf(got, sizeof(got), "%s %llu/%llu v%llu/%llu s%llu %s '%s'", cfg.name,
			(unsigned long long)cfg.memory_mib, (unsigned long long)cfg.maxmem_mib,
			(unsigned long long)cfg.vcpus, (unsigned long long)cfg.maxvcpus,
			(unsigned long long)cfg.shadow_mib, cfg.is_pv ? "pv" : "fv", cfg.xenmm);
		if (strcmp(got, rights[i].result) != 0)
			fail_msg("%s: %s, not %s", rights[i].text, got, rights[i].result);
	}
}

static const struct {
	const char *text, *err;
} wrongs[] = {
	{"", "no name="},
	{"name='a'", "no memory="},
	{"memory=5", "no name="},
	{"name='a'\nmemory=0", "no memory="},
	{"name='a'\nmemory=512\nmaxmem=256", "maxmem=256"},
	{"name='a'\nmemory='512M'", "line 2: memory: '512M'"},
	{"name='a'\nmemory=0x200", "line 2: memory: '0x200'"},
	{"name='a'\nmemory=-1", "line 2: a name, number or string"},
	{"name='a'\nmemory=99999999999", "line 2: memory"},
	{"name='a\nmemory=1", "line 1: a string does not end in its line"},
	{"memory=1\nname='a", "line 2: a string does not end"},
	{"name='a'\ndisk=['x',\n\n", "line 4: a list does not end"},
	{"name='a' memory=1", "line 1: a line's end"},
	{"name 'a'", "line 1: '='"},
	{"=", "line 1: a name"},
	{"memory=", "line 1: a name, number"},
	{"name='a'\nmemory=1\ntype='arm'", "line 3: type"},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct mm_xlcfg cfg = {.memory_mib = 77};
		char err[800] = "";
		int r = mm_xlcfg_parse(
			wrongs[i].text, strlen(wrongs[i].text), &cfg, err, sizeof(err));

		if (r != -EINVAL || !strstr(err, wrongs[i].err))
			fail_msg("%s: %d, '%s', not '%s'", wrongs[i].text, r, err, wrongs[i].err);
		assert_int_equal(cfg.memory_mib, 77);
	}
}

/* By hand, after libxl 4.17's sum. */
static void test_need(void **state)
{
	struct mm_xlcfg cfg = {.memory_mib = 256, .is_pv = true};

	(void)state;
	/* 256 MiB + 4 * (256 + 512) KiB + 1 MiB = 266240 KiB, which is 260 MiB */
	assert_int_equal(mm_xlcfg_need_kib(&cfg), 260 * 1024);
	cfg.is_pv = false; /* a MiB more, rounded up to 2 */
	assert_int_equal(mm_xlcfg_need_kib(&cfg), 262 * 1024);
	cfg.maxmem_mib = 1024;
	cfg.vcpus = 2;
	cfg.maxvcpus = 4; /* 256 + 4 * (4 * 256 + 2048) / 1024 + 2 = 270 */
	assert_int_equal(mm_xlcfg_need_kib(&cfg), 270 * 1024);
	cfg.has_stubdomain = true;
	assert_int_equal(mm_xlcfg_need_kib(&cfg), 302 * 1024);
	cfg.stubdomain_mib = 128;
	assert_int_equal(mm_xlcfg_need_kib(&cfg), 398 * 1024);
	cfg.shadow_mib = 1;
	assert_int_equal(mm_xlcfg_need_kib(&cfg), 388 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
