# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion of bash for mmctl, mmserver, mmps, mmmon and mmclient. Commands, options and their words are those that the program's own --help tells when
# Tab is pressed; guests and leases those that mmserver knows (mmps: those of the host). Installed once under each program's name.
#
# What guests are called they choose themselves: such words are compared and quoted, never expanded (compgen -W would).

# Adds those lines of stdin that begin with $1, quoted for the command line.
_xenmm_add() { # CURRENT [BEHIND]
	local word
	while IFS= read -r word; do
		if [[ -n $word && $word = "$1"* ]]; then
			COMPREPLY+=("$(printf '%q' "$word")${2-}")
		fi
	done
}

_xenmm_files() { # CURRENT [-d]
	mapfile -t COMPREPLY < <(compgen "${2--f}" -- "$1")
	compopt -o filenames 2>/dev/null
}

# The options in a --help, one a line.
_xenmm_options() {
	sed -nE 's/^ +(-[A-Za-z0-9], )?(--[a-z][a-z-]*)?.*/\1\2/p' | tr -d , | tr ' ' '\n'
}

# "ARGUMENT<TAB>text" of an option in a --help; nothing where it takes no value.
_xenmm_argument() { # OPTION
	awk -v option="$1" '
		/^ +-/ {
			for (i = 1; i <= NF && $i ~ /^-/; i++) {
				word = $i
				sub(/,$/, "", word)
				if (word == option) found = 1
			}
			if (found) {
				if ($i !~ /^[A-Z][A-Z]/) exit
				text = $0
				sub(/^ *(-[^ ]+ )+ *[^ ]+ +/, "", text)
				printf "%s\t%s\n", $i, text
				exit
			}
		}'
}

# The words of "...: need, tax or coordinator; ... [need]".
_xenmm_words() { # TEXT
	local text=${1% \[*\]} word
	[[ $text = *': '* ]] || return 0
	text=${text#*: }
	text=${text%%;*}
	while [[ $text = *' ('*')'* ]]; do
		text=${text%%' ('*}${text#*')'}
	done
	[[ ${text// or /,}, =~ ^(\ *[^\ ,]+,)+$ ]] || return 0 # a sentence, no list of words
	for word in ${text//,/ }; do
		[[ $word = or ]] || printf '%s\n' "${word%%[:\[]*}"
	done
}

# What an option wants. Returns 1 where it takes no value.
_xenmm_value() { # PROGRAM HELP OPTION CURRENT
	local argument text
	IFS=$'\t' read -r argument text < <(_xenmm_argument "$3" <<<"$2")
	case ${argument-} in
	'') return 1 ;;
	FILE* | PATH*) _xenmm_files "$4" ;;
	DIR*) _xenmm_files "$4" -d ;;
	SETTING=*)
		_xenmm_add "$4" = < <("${1%mmctl}mmserver" --help 2>/dev/null | sed -n '/^Sharing:/,/^$/p' | _xenmm_options | sed -n 's/^--//p')
		compopt -o nospace 2>/dev/null
		;;
	*) _xenmm_add "$4" < <(set -f && _xenmm_words "$text") ;;
	esac
	return 0
}

# The option whose value is being typed: "--name VALUE", "--name=VALUE" or "-n VALUE".
_xenmm_option_before() {
	local i=$((COMP_CWORD - 1))
	[[ ${COMP_WORDS[COMP_CWORD]} = '=' ]] || [[ ${COMP_WORDS[i]} != '=' ]] || i=$((i - 1))
	[[ ${COMP_WORDS[i]} != -* ]] || printf '%s' "${COMP_WORDS[i]}"
}

# mmserver's answer to a command, from the socket that the command line names.
_xenmm_ask() { # PROGRAM COMMAND...
	local program=$1 i from=()
	shift
	for ((i = 1; i + 1 < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} = --socket || ${COMP_WORDS[i]} = --control ]]; then
			[[ ${COMP_WORDS[i + 1]} = '=' ]] && i=$((i + 1))
			from=(--socket "${COMP_WORDS[i + 1]}")
		fi
	done
	timeout 2 "$program" "$@" "${from[@]}" 2>/dev/null </dev/null
}

# Guests' names; mmctl's out of the JSON that it prints with two blanks for each level.
_xenmm_guests() { # PROGRAM
	if [[ ${1##*/} = mmps ]]; then
		timeout 2 "$1" --names 2>/dev/null </dev/null
		return
	fi
	_xenmm_ask "$1" status --json | sed -n '/^  "guests"/,/^  \]/s/^      "name": "\(.*\)",\{0,1\}$/\1/p' | sed 's/\\\(.\)/\1/g'
}

# A word that is no option, by what the usage line of the command says of it.
_xenmm_operand() { # PROGRAM HELP CURRENT
	local usage=${2%%$'\n'*}
	case ${usage#*' [OPTION]...'} in
	*GUEST*) _xenmm_add "$3" < <(_xenmm_guests "$1") ;;
	*' ID') _xenmm_add "$3" < <(_xenmm_ask "$1" leases | sed -n 's/^lease \([0-9]*\):.*/\1/p') ;;
	*' [FILE]...')
		_xenmm_files "$3"
		_xenmm_add "$3" < <("$1" simulate --list 2>/dev/null | sed 's/ .*//')
		;;
	*FILE* | *DIR*) _xenmm_files "$3" ;;
	esac
}

# Behind "--" stands a command with its words.
_xenmm_is_foreign() {
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} != -- ]] || return 0
	done
	return 1
}

_xenmm() { # PROGRAM CURRENT PREVIOUS, by bash
	local program=$1 current=$2 help option
	COMPREPLY=()
	if [[ $current = ':' || ${3-} = ':' ]]; then # "sim:FILE"
		_xenmm_files "${current#:}"
		return
	fi
	[[ $current != '=' ]] || current=
	if [[ ${program##*/} = mmctl && $COMP_CWORD = 1 ]]; then
		help=$("$program" --help 2>/dev/null)
		_xenmm_add "$current" < <(
			sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help"
			[[ $current != -* ]] || _xenmm_options <<<"$help"
		)
		return
	fi
	if [[ ${program##*/} != mmctl ]]; then
		help=$("$program" --help 2>/dev/null)
	elif _xenmm_is_foreign; then
		_xenmm_files "$current"
		return
	else
		# a word that is no command gets no program started
		[[ ${COMP_WORDS[1]} =~ ^[a-z]+$ ]] || return
		help=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null)
	fi
	option=$(_xenmm_option_before)
	if [[ -n $option ]] && _xenmm_value "$program" "$help" "$option" "$current"; then
		return
	fi
	if [[ $current = -* ]]; then
		_xenmm_add "$current" < <(_xenmm_options <<<"$help")
	else
		_xenmm_operand "$program" "$help" "$current"
	fi
}

complete -F _xenmm mmctl mmserver mmps mmmon mmclient
