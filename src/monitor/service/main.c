/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/service.h"

int main(int argc, char **argv)
{
	return mm_mon_main(argc, argv);
}
