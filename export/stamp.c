/* SPDX-License-Identifier: MIT */

/*
 * A time as text
 *
 * 64 bits of nanoseconds reach from September 1677 to April 2262, so that a year
 * always has four digits and nothing needs to be clamped. Leap seconds do not occur
 * in the kernel's clock. gmtime(3) is not used: it takes a lock.
 */

#include "export/stamp.h"

#include "base/clock.h"

enum {
	SECONDS_PER_DAY = 86400,
	DAYS_PER_ERA = 146097, /* the calendar repeats after 400 years */
	YEARS_PER_ERA = 400,
	DAYS_PER_4_YEARS = 1461,
	DAYS_PER_100_YEARS = 36524,
	DAYS_PER_YEAR = 365,
	/* From 0000-03-01 to 1970-01-01. */
	DAYS_BEFORE_1970 = 719468,
};

struct date {
	uint32_t year;
	uint32_t month;
	uint32_t day;
};

/*
 * Years are taken to begin in March, so that a leap day is the last of its year and
 * no month after it has to know. From March on, five months have 153 days, again and
 * again, which gives month and day by division.
 */
static struct date date_of(int64_t days_since_1970)
{
	uint32_t days = (uint32_t)(days_since_1970 + DAYS_BEFORE_1970); /* > 0 since 1677 */
	uint32_t era = days / DAYS_PER_ERA;
	uint32_t day_of_era = days % DAYS_PER_ERA;
	uint32_t year_of_era = (day_of_era - day_of_era / (DAYS_PER_4_YEARS - 1) +
				day_of_era / DAYS_PER_100_YEARS - day_of_era / (DAYS_PER_ERA - 1)) /
			       DAYS_PER_YEAR;
	uint32_t day_of_year = day_of_era -
			       (DAYS_PER_YEAR * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t month_from_march = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = era * YEARS_PER_ERA + year_of_era,
		.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9,
		.day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
	};

	if (date.month <= 2)
		date.year++;
	return date;
}

static void write_second(struct tt_stamp *stamp, int64_t second)
{
	struct tt_text text = tt_text_over(stamp->text, sizeof(stamp->text));
	int64_t days = second / SECONDS_PER_DAY;
	uint32_t second_of_day;
	struct date date;

	if (second % SECONDS_PER_DAY < 0)
		days--; /* division rounds towards zero, a calendar towards the past */
	second_of_day = (uint32_t)(second - days * SECONDS_PER_DAY);
	date = date_of(days);

	tt_text_put_decimal_padded(&text, date.year, 4);
	tt_text_put_char(&text, '-');
	tt_text_put_decimal_padded(&text, date.month, 2);
	tt_text_put_char(&text, '-');
	tt_text_put_decimal_padded(&text, date.day, 2);
	tt_text_put_char(&text, 'T');
	tt_text_put_decimal_padded(&text, second_of_day / 3600, 2);
	tt_text_put_char(&text, ':');
	tt_text_put_decimal_padded(&text, second_of_day / 60 % 60, 2);
	tt_text_put_char(&text, ':');
	tt_text_put_decimal_padded(&text, second_of_day % 60, 2);
	tt_text_put_char(&text, '.');
	stamp->second = second;
}

void tt_stamp_put(struct tt_stamp *stamp, struct tt_text *text, int64_t time_ns)
{
	int64_t second = time_ns / TT_NS_PER_S;
	int64_t ns = time_ns % TT_NS_PER_S;

	if (ns < 0) {
		ns += TT_NS_PER_S;
		second--;
	}
	if (second != stamp->second)
		write_second(stamp, second);

	tt_text_put_bytes(text, stamp->text, sizeof(stamp->text));
	tt_text_put_decimal_padded(text, (uint64_t)ns, 9);
	tt_text_put_char(text, 'Z');
}

struct tt_stamp tt_stamp_none(void)
{
	return (struct tt_stamp){ .second = INT64_MIN }; /* beyond any time in nanoseconds */
}
