/* SPDX-License-Identifier: MIT */

/*
 * Options of a command, over getopt_long(3)
 */

#include "app/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "app/nearest.h"
#include "app/remark.h"

enum {
	INDEX_BASE = 256, /* what getopt returns for an option: beyond every letter */
	LETTER_BYTES = 2, /* a letter and the colon behind it */
	QUOTED_LENGTH = 64,
};

/* What getopt wants to know. "+": options end at the first other word; ":": it stays silent. */
struct getopt_words {
	struct option options[TT_OPTIONS_MAX + 1];
	char letters[sizeof("+:") + (size_t)TT_OPTIONS_MAX * LETTER_BYTES];
};

static void make_words(const struct tt_option_table *table, struct getopt_words *words)
{
	static const int arguments[] = {
		[TT_OPTION_FLAG] = no_argument,
		[TT_OPTION_VALUE] = required_argument,
		[TT_OPTION_OPTIONAL] = optional_argument,
	};
	size_t length = 2;

	assert(table->options_count <= TT_OPTIONS_MAX);

	memset(words, 0, sizeof(*words));
	words->letters[0] = table->may_follow_words ? ':' : '+';
	words->letters[1] = ':'; /* twice is once */
	for (size_t i = 0; i < table->options_count; i++) {
		const struct tt_option *option = &table->options[i];

		words->options[i] = (struct option){ .name = option->name,
						     .has_arg = arguments[option->value],
						     .val = INDEX_BASE + (int)i };
		if (!option->letter)
			continue;
		/* With a letter, a value could not be optional: it would have to stick to it. */
		assert(option->value != TT_OPTION_OPTIONAL);
		words->letters[length++] = option->letter;
		if (option->value == TT_OPTION_VALUE)
			words->letters[length++] = ':';
	}
}

/* Which option getopt named by @value, a letter or INDEX_BASE and more; the count for none. */
static size_t find_option(const struct tt_option_table *table, int value)
{
	size_t i = 0;

	if (value >= INDEX_BASE)
		return (size_t)value - INDEX_BASE;
	while (i < table->options_count && (value == 0 || table->options[i].letter != value))
		i++;
	return i;
}

static const char *option_name_at(const void *names, size_t name_index)
{
	const struct tt_option_table *table = names;

	return name_index < table->options_count ? table->options[name_index].name : NULL;
}

static int word_unknown_letter(const struct tt_option_table *table, char letter,
			       struct tt_error *reterr)
{
	for (size_t i = 0; i < table->refused_count; i++) {
		if (table->refused[i].letter == letter)
			return tt_word_error(reterr, -EINVAL, "option -%c: %s", letter,
					     table->refused[i].reason);
	}
	return tt_word_error(reterr, -EINVAL, "unknown option -%c: see twintap %s --help", letter,
			     table->command);
}

/* @word is as it was typed: "--name" or "--name=VALUE". */
static int word_unknown_name(const struct tt_option_table *table, const char *word,
			     struct tt_error *reterr)
{
	char name[QUOTED_LENGTH];
	const char *nearest;
	size_t length;

	word += strspn(word, "-");
	length = strcspn(word, "=");
	if (length >= sizeof(name))
		length = sizeof(name) - 1;
	memcpy(name, word, length);
	name[length] = '\0';

	nearest = tt_nearest_name(name, option_name_at, table);
	if (nearest)
		return tt_word_error(reterr, -EINVAL, "unknown option --%s: did you mean --%s?",
				     name, nearest);
	return tt_word_error(reterr, -EINVAL,
			     "unknown or ambiguous option --%s: see twintap %s "
			     "--help",
			     name, table->command);
}

/* Words what getopt complained of by returning @complaint. @word is where it was. */
static int word_complaint(const struct tt_option_table *table, int complaint, const char *word,
			  struct tt_error *reterr)
{
	size_t i = find_option(table, optopt);

	if (i < table->options_count)
		return tt_word_error(reterr, -EINVAL, "option --%s %s value",
				     table->options[i].name,
				     complaint == ':' ? "needs a" : "takes no");
	if (optopt)
		return word_unknown_letter(table, (char)optopt, reterr);
	return word_unknown_name(table, word, reterr);
}

static int apply(const struct tt_option *option, const char *value, void *context,
		 struct tt_error *reterr)
{
	struct tt_error error = TT_ERROR_INIT;
	int r;

	r = option->apply(context, value, &error);
	if (r < 0)
		return tt_word_error(reterr, r, "--%s: %s", option->name, error.message);
	return 0;
}

int tt_options_parse(const struct tt_option_table *table, int argc, char **argv, void *context,
		     struct tt_error *reterr)
{
	struct getopt_words words;

	make_words(table, &words);
	optind = 0; /* glibc: begin anew */
	for (;;) {
		size_t i;
		int value;
		int r;

		value = getopt_long(argc, argv, words.letters, words.options, NULL);
		if (value == -1)
			break;
		i = find_option(table, value);
		if (i == table->options_count) /* '?' or ':', by which getopt complains */
			return word_complaint(table, value, argv[optind - 1], reterr);
		r = apply(&table->options[i], optarg, context, reterr);
		if (r < 0)
			return r;
	}

	if (optind == argc)
		return 0;
	if (table->positional_refused)
		return tt_word_error(reterr, -EINVAL, "\"%.*s\": %s", QUOTED_LENGTH, argv[optind],
				     table->positional_refused);
	return table->apply_words(context, argc - optind, argv + optind, reterr);
}
