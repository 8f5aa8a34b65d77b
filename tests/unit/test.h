/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmocka wants these headers before its own; every test includes this instead. */
#ifndef XENMM_TEST_H
#define XENMM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
