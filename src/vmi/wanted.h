/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wanted from a guest's kallsyms and BTF: one row each, from which the ids and the lookups are made. Kernels
 * 5.10 to 6.12; a row that only some of them have is optional, and its user decides by what is there, not by version.
 *
 *	MM_SYMBOLS(X): X(ID, "kallsyms name", required)
 *	MM_STRUCTS(X): X(ID, "struct name", required)
 *	MM_FIELDS(X):  X(ID, "struct name", "member" or "member.member", required)
 *	MM_VALUES(X):  X(ID, "enumerator", required)
 */
#ifndef XENMM_VMI_WANTED_H
#define XENMM_VMI_WANTED_H

#define MM_SYMBOLS(X) X(INIT_TASK, "init_task", true)

#define MM_STRUCTS(X) X(TASK, "task_struct", true)

#define MM_FIELDS(X) X(TASK_TASKS, "task_struct", "tasks.next", true)

#define MM_VALUES(X) X(FREE_PAGES, "NR_FREE_PAGES", true)

#define MM_SYMBOL_ID(id, name, required)      MM_SYMBOL_##id,
#define MM_STRUCT_ID(id, name, required)      MM_STRUCT_##id,
#define MM_FIELD_ID(id, type, path, required) MM_FIELD_##id,
#define MM_VALUE_ID(id, name, required)	      MM_VALUE_##id,

enum mm_symbol { MM_SYMBOLS(MM_SYMBOL_ID) MM_SYMBOL_COUNT };
enum mm_struct { MM_STRUCTS(MM_STRUCT_ID) MM_STRUCT_COUNT };
enum mm_field { MM_FIELDS(MM_FIELD_ID) MM_FIELD_COUNT };
enum mm_value { MM_VALUES(MM_VALUE_ID) MM_VALUE_COUNT };

#endif
