/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/ps.h"

int main(int argc, char **argv)
{
	return mm_ps_main(argc, argv);
}
